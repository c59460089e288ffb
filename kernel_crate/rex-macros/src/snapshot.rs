// SPDX-License-Identifier: GPL-2.0-only
//! The committed snapshot of tracepoints: which fields a record has, and where.
//!
//! Read by the macros and, as the same file, by `runtime/abi`.

/// One line per event, sorted by name; comments sort first. See `tracepoints.py`.
const SNAPSHOT: &str = include_str!("../tracepoints.txt");

/// The layout of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// `category/event`, or the name of a structure of the contract.
    pub name: &'static str,
    /// Bytes, for a tracepoint without its `__data_loc` data.
    pub size: u32,
    /// Its fields as the snapshot has them.
    pub words: &'static str,
}

impl Layout {
    /// Fields behind the eight bytes common to all records, in ascending offset.
    pub fn fields(&self) -> impl Iterator<Item = Field> {
        self.words.split_ascii_whitespace().filter_map(field)
    }
}

/// A field of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name in the kernel's format file.
    pub name: &'static str,
    /// Bytes from the start of the record.
    pub offset: u32,
    /// Bytes.
    pub size: u32,
    /// Bytes of one element: smaller than `size` in an array.
    pub element: u32,
    /// Whether the kernel calls it signed.
    pub signed: bool,
    /// What it is.
    pub kind: Kind,
}

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number, or an array of them.
    Number,
    /// A `__data_loc` descriptor of a string.
    Text,
    /// A `__data_loc` descriptor of other data.
    Data,
}

/// The tracepoint called `category/event`.
pub fn find(name: &str) -> Option<Layout> {
    let (mut low, mut high) = (0, SNAPSHOT.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = SNAPSHOT.as_bytes()[..middle]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let line = SNAPSHOT[start..].lines().next().unwrap_or_default();
        match event(line).cmp(name) {
            core::cmp::Ordering::Equal => return layout(line),
            core::cmp::Ordering::Less => low = start + line.len() + 1,
            core::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

/// The names of all tracepoints, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    SNAPSHOT
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(event)
}

fn event(line: &'static str) -> &'static str {
    line.split(' ').next().unwrap_or_default()
}

fn layout(line: &'static str) -> Option<Layout> {
    let (name, rest) = line.split_once(' ')?;
    let (size, words) = rest.split_once(' ').unwrap_or((rest, ""));
    Some(Layout {
        name,
        size: size.parse().ok()?,
        words,
    })
}

fn field(word: &'static str) -> Option<Field> {
    let mut parts = word.split(':');
    let (name, offset, size) = (parts.next()?, parts.next()?, parts.next()?);
    let (letter, element) = parts.next()?.split_at_checked(1)?;
    let kind = match letter {
        "c" => Kind::Text,
        "d" => Kind::Data,
        _ => Kind::Number,
    };
    let size = size.parse().ok()?;
    Some(Field {
        name,
        offset: offset.parse().ok()?,
        size,
        element: match kind {
            Kind::Number => element.parse().ok()?,
            Kind::Text | Kind::Data => size,
        },
        signed: letter == "s",
        kind,
    })
}
