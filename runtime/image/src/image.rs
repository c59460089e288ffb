// SPDX-License-Identifier: GPL-2.0-only
//! What a container holds, as plain data.

use std::collections::BTreeMap;

use rex_abi as abi;

use crate::SourceMap;

/// A whole image.
///
/// # Invariants
/// Of an image from [`Image::parse`] or [`crate::pack`]:
/// - segments are page aligned, in ascending order, do not overlap and end below
///   [`abi::REX_IMPORT_BASE`]; there is exactly one text segment;
/// - fix-ups are in ascending order, do not overlap each other or a patch site, and lie in
///   the bytes of a segment; one that points into text names a function's entry;
/// - patch sites are in ascending order, do not overlap and lie in the text, which holds
///   their old bytes;
/// - functions are in ascending order, do not overlap and lie in the text;
/// - a program's entry is a function, a map's slot lies in the maps segment; names of
///   programs and of maps are unique.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Image {
    /// Address the first segment is linked at.
    pub link_base: u64,
    /// Memory.
    pub segments: Vec<Segment>,
    /// Places that need an address.
    pub fixups: Vec<Fixup>,
    /// Places that need instructions of the target's choice.
    pub patch_sites: Vec<PatchSite>,
    /// Functions the image calls, by name.
    pub imports: Vec<String>,
    /// Programs.
    pub programs: Vec<Program>,
    /// Maps.
    pub maps: Vec<Map>,
    /// Functions.
    pub functions: Vec<Function>,
    /// Source positions of code.
    pub source_map: SourceMap,
    /// What it was built from and with.
    pub record: BuildRecord,
    /// SPDX expression of the extension's licence.
    pub licence: String,
    /// SHA-256 of the container up to the digest. Set by [`Image::parse`] and
    /// [`crate::pack`]; [`Image::to_bytes`] computes its own.
    pub digest: [u8; 32],
    /// PKCS#7 signature over the digest, empty if there is none.
    pub signature: Vec<u8>,
}

macro_rules! numbered {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $value:expr,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }

        impl $name {
            /// The number in the container.
            pub const fn number(self) -> u32 {
                match self { $(Self::$variant => $value,)* }
            }

            /// From the number in the container.
            pub const fn from_number(number: u32) -> Option<Self> {
                match number { $(x if x == $value => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

numbered! {
    /// What a segment's memory is for.
    SegmentKind {
        /// Executable code.
        Text = abi::REX_SEGMENT_TEXT,
        /// Constant data.
        Rodata = abi::REX_SEGMENT_RODATA,
        /// Map slots, constant once the loader filled them.
        Maps = abi::REX_SEGMENT_MAPS,
        /// Initialised writable data.
        Data = abi::REX_SEGMENT_DATA,
        /// Zeroed writable data.
        Bss = abi::REX_SEGMENT_BSS,
    }
}

/// A piece of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// What it is for.
    pub kind: SegmentKind,
    /// Link address, page aligned.
    pub address: u64,
    /// Bytes in memory; what `bytes` does not cover is zero.
    pub memory_len: u64,
    /// Its first bytes.
    pub bytes: Vec<u8>,
}

numbered! {
    /// How an address is written.
    FixupKind {
        /// 8 bytes, absolute.
        Abs64 = abi::REX_FIXUP_ABS64,
        /// 4 bytes, absolute, sign extended.
        Abs32S = abi::REX_FIXUP_ABS32S,
        /// 4 bytes, relative to the place.
        Pc32 = abi::REX_FIXUP_PC32,
    }
}

impl FixupKind {
    /// Bytes written.
    pub const fn width(self) -> u64 {
        match self {
            Self::Abs64 => 8,
            Self::Abs32S | Self::Pc32 => 4,
        }
    }
}

/// What a fix-up points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixupTarget {
    /// A link address inside the image (or the end of a segment).
    Image(u64),
    /// An index into [`Image::imports`].
    Import(u32),
}

/// A place the loader writes `target + addend` to (minus the place for [`FixupKind::Pc32`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixup {
    /// Link address of the place.
    pub place: u64,
    /// How it is written.
    pub kind: FixupKind,
    /// What it points at.
    pub target: FixupTarget,
    /// Added to the target's address.
    pub addend: i64,
}

numbered! {
    /// What stands at a patch site.
    PatchKind {
        /// The 5-byte NOP at a function's entry.
        EntryNop5 = abi::REX_PATCH_ENTRY_NOP5,
        /// `jmp rel32` that returns.
        Return = abi::REX_PATCH_RETURN,
        /// `call rel32` that calls the address in r11.
        IndirectCall = abi::REX_PATCH_INDIRECT_CALL,
        /// `jmp rel32` that jumps to the address in r11.
        IndirectJump = abi::REX_PATCH_INDIRECT_JUMP,
    }
}

/// Five bytes the loader replaces as its CPU needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatchSite {
    /// Link address.
    pub address: u64,
    /// What stands there.
    pub kind: PatchKind,
    /// The bytes there, which a loader compares before it writes.
    pub old: [u8; 5],
}

numbered! {
    /// Type of a program.
    ProgramKind {
        /// Entry of a kernel function.
        Kprobe = abi::REX_PROG_KPROBE,
        /// Entry of a user-space function.
        Uprobe = abi::REX_PROG_UPROBE,
        /// Kernel tracepoint.
        Tracepoint = abi::REX_PROG_TRACEPOINT,
        /// Perf event sample.
        PerfEvent = abi::REX_PROG_PERF_EVENT,
        /// XDP.
        Xdp = abi::REX_PROG_XDP,
        /// Traffic control classifier.
        Tc = abi::REX_PROG_TC,
        /// Return from a kernel function.
        Kretprobe = abi::REX_PROG_KRETPROBE,
        /// Return from a user-space function.
        Uretprobe = abi::REX_PROG_URETPROBE,
    }
}

impl ProgramKind {
    /// Name in reports, as in the attribute (`xdp` for `#[rex_xdp]`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kprobe => "kprobe",
            Self::Uprobe => "uprobe",
            Self::Tracepoint => "tracepoint",
            Self::PerfEvent => "perf_event",
            Self::Xdp => "xdp",
            Self::Tc => "tc",
            Self::Kretprobe => "kretprobe",
            Self::Uretprobe => "uretprobe",
        }
    }
}

/// A source position; line and column are 1-based, 0 means unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// File, relative to the package where it lies inside.
    pub file: String,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Name of the function.
    pub name: String,
    /// Type.
    pub kind: ProgramKind,
    /// Attach target; empty if the person chooses it at attach.
    pub attach: String,
    /// Context it was compiled with.
    pub layout: ContextLayout,
    /// Link address of its entry.
    pub entry: u64,
    /// Verdict after a stop.
    pub default_verdict: u32,
    /// Where it is defined.
    pub source: Option<Location>,
}

/// The layout of a context.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ContextLayout {
    /// Name; for tracepoints the `category/event` of the hook.
    pub name: String,
    /// Bytes a program may read.
    pub size: u32,
    /// Fields to compare with the target's.
    pub fields: Vec<ContextField>,
}

/// A field of a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextField {
    /// Name in the kernel's format file.
    pub name: String,
    /// Bytes from the start.
    pub offset: u32,
    /// Bytes.
    pub size: u32,
    /// Whether it is signed.
    pub signed: bool,
    /// Whether it is a `__data_loc` descriptor.
    pub data_loc: bool,
}

/// A map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// Name of the static.
    pub name: String,
    /// Kind, a `BPF_MAP_TYPE_*` number.
    pub kind: u32,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value.
    pub value_size: u32,
    /// Most entries.
    pub max_entries: u32,
    /// Creation flags.
    pub flags: u32,
    /// Link address of its 64-byte slot.
    pub slot: u64,
    /// What inside keys and values needs care.
    pub layout: MapLayout,
}

/// Layouts of a map's key and value.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MapLayout {
    /// The key.
    pub key: ValueLayout,
    /// The value.
    pub value: ValueLayout,
}

/// What inside a key or value needs care.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ValueLayout {
    /// Bytes without meaning, to be zeroed.
    pub padding: Vec<Span>,
    /// Enums, whose values are limited.
    pub enums: Vec<EnumField>,
}

/// A run of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Bytes from the start.
    pub offset: u32,
    /// Bytes.
    pub length: u32,
}

/// An enum inside a key or value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumField {
    /// Where it is; 1, 2, 4 or 8 bytes long.
    pub span: Span,
    /// Its valid values, ascending.
    pub values: Vec<u64>,
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Link address.
    pub address: u64,
    /// Bytes.
    pub size: u64,
    /// Demangled name.
    pub name: String,
    /// Bytes of its stack frame.
    pub frame: u32,
    /// Whether its entry NOP is to become a stack check.
    pub checked: bool,
    /// Deepest stack use from here to the next check, in bytes.
    pub chain_after: u32,
    /// Whether its address is taken, so that it may be called indirectly.
    pub address_taken: bool,
}

/// What an image was built from and with, as sorted key and value strings.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct BuildRecord {
    /// Entries.
    pub entries: BTreeMap<String, String>,
}

impl Image {
    /// The segment whose memory holds `length` bytes at `address`.
    pub fn segment(&self, address: u64, length: u64) -> Option<&Segment> {
        self.segments.iter().find(|segment| {
            address >= segment.address
                && address.checked_add(length).is_some_and(|end| {
                    segment
                        .address
                        .checked_add(segment.memory_len)
                        .is_some_and(|limit| end <= limit)
                })
        })
    }

    /// The text segment.
    pub fn text(&self) -> Option<&Segment> {
        self.segments
            .iter()
            .find(|segment| segment.kind == SegmentKind::Text)
    }

    /// The function whose code holds `address`.
    pub fn function(&self, address: u64) -> Option<&Function> {
        let after = self
            .functions
            .partition_point(|function| function.address <= address);
        let function = &self.functions[after.checked_sub(1)?];
        (address - function.address < function.size).then_some(function)
    }

    /// First address after the last segment, rounded up to a page.
    pub fn end(&self) -> u64 {
        self.segments
            .iter()
            .map(|segment| segment.address.saturating_add(segment.memory_len))
            .max()
            .unwrap_or(self.link_base)
            .next_multiple_of(abi::REX_PAGE)
    }
}
