// SPDX-License-Identifier: GPL-2.0-only
//! Source positions from debug information.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use gimli::{AttributeValue, EndianSlice, LittleEndian};

use super::PackError;
use super::elf::Elf;
use super::functions::readable;
use crate::image::Location;
use crate::source_map::{Frame, SourceFrame, SourceMap, SourceRange};

pub type Reader<'data> = EndianSlice<'data, LittleEndian>;
pub type Unit<'data> = gimli::Unit<Reader<'data>>;
pub type Entry<'abbrev, 'unit, 'data> =
    gimli::DebuggingInformationEntry<'abbrev, 'unit, Reader<'data>>;

/// Rewrites the directories of source files.
pub struct Paths<'options> {
    prefixes: &'options [(String, String)],
}

impl<'options> Paths<'options> {
    pub fn new(prefixes: &'options [(String, String)]) -> Self {
        Self { prefixes }
    }

    /// The path as it goes into the image, without `.` parts. A prefix ends at a directory.
    fn rewrite(&self, path: &str) -> String {
        let path = self.replaced(path);
        let parts = path.split('/').enumerate();
        let kept = parts.filter(|(index, part)| *part != "." && (*index == 0 || !part.is_empty()));
        kept.map(|(_, part)| part).collect::<Vec<_>>().join("/")
    }

    fn replaced(&self, path: &str) -> String {
        for (from, to) in self.prefixes {
            let from = from.trim_end_matches('/');
            if let Some(rest) = path
                .strip_prefix(from)
                .and_then(|rest| rest.strip_prefix('/'))
            {
                return if to.is_empty() {
                    rest.to_owned()
                } else {
                    format!("{to}/{rest}")
                };
            }
        }
        path.to_owned()
    }
}

/// Debug information, read once.
pub struct SourceReader<'data, 'options> {
    dwarf: gimli::Dwarf<Reader<'data>>,
    context: addr2line::Context<Reader<'data>>,
    paths: &'options Paths<'options>,
    units: Vec<Unit<'data>>,
    functions: Vec<Range<u64>>,
    /// Addresses where the position or what is inlined may change.
    boundaries: BTreeSet<u64>,
    /// Where functions are declared, by the name in their source.
    declarations: HashMap<String, Vec<Location>>,
    /// Unit and type of statics, by address.
    statics: HashMap<u64, (usize, gimli::UnitOffset)>,
}

fn load<'data>(elf: &Elf<'data>) -> Result<gimli::Dwarf<Reader<'data>>, PackError> {
    gimli::Dwarf::load(|id| {
        let bytes = elf
            .section(id.name())?
            .map_or(&[][..], |section| section.bytes);
        Ok(EndianSlice::new(bytes, LittleEndian))
    })
}

impl<'data, 'options> SourceReader<'data, 'options> {
    /// Reads the debug information of a file.
    pub fn read(elf: &Elf<'data>, paths: &'options Paths<'options>) -> Result<Self, PackError> {
        let dwarf = load(elf)?;
        let mut units = Vec::new();
        let mut headers = dwarf.units();
        while let Some(header) = headers.next()? {
            units.push(dwarf.unit(header)?);
        }
        let functions = elf.functions()?;
        let mut reader = Self {
            dwarf,
            context: addr2line::Context::from_dwarf(load(elf)?)?,
            paths,
            units: Vec::new(),
            functions: functions
                .iter()
                .map(|symbol| symbol.address..symbol.address + symbol.size)
                .collect(),
            boundaries: BTreeSet::new(),
            declarations: HashMap::new(),
            statics: HashMap::new(),
        };
        for (index, unit) in units.iter().enumerate() {
            reader.read_lines(unit)?;
            reader.read_entries(index, unit)?;
        }
        reader.units = units;
        Ok(reader)
    }

    fn read_lines(&mut self, unit: &Unit<'data>) -> Result<(), PackError> {
        if let Some(program) = unit.line_program.clone() {
            let mut rows = program.rows();
            while let Some((_, row)) = rows.next_row()? {
                self.boundaries.insert(row.address());
            }
        }
        Ok(())
    }

    fn read_entries(&mut self, index: usize, unit: &Unit<'data>) -> Result<(), PackError> {
        let mut entries = unit.entries();
        while let Some((_, entry)) = entries.next_dfs()? {
            match entry.tag() {
                gimli::DW_TAG_inlined_subroutine => {
                    let mut ranges = self.dwarf.die_ranges(unit, entry)?;
                    while let Some(range) = ranges.next()? {
                        self.boundaries.extend([range.begin, range.end]);
                    }
                }
                gimli::DW_TAG_subprogram => self.read_declaration(unit, entry)?,
                gimli::DW_TAG_variable => {
                    if let (Some(address), Some(kind)) = (address_of(unit, entry)?, type_of(entry)?)
                    {
                        self.statics.insert(address, (index, kind));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read_declaration(
        &mut self,
        unit: &Unit<'data>,
        entry: &Entry<'_, '_, 'data>,
    ) -> Result<(), PackError> {
        let Some(name) = self.name(unit, entry)? else {
            return Ok(());
        };
        let line = entry
            .attr_value(gimli::DW_AT_decl_line)?
            .and_then(|line| line.udata_value());
        let Some(AttributeValue::FileIndex(file)) = entry.attr_value(gimli::DW_AT_decl_file)?
        else {
            return Ok(());
        };
        if let (Some(line), Some(file)) = (line, self.file(unit, file)?) {
            let location = Location {
                file,
                line: u32::try_from(line).unwrap_or(0),
                column: 0,
            };
            let known = self.declarations.entry(name).or_default();
            if !known.contains(&location) {
                known.push(location);
            }
        }
        Ok(())
    }

    /// The name of an entry, if it has one.
    pub fn name(
        &self,
        unit: &Unit<'data>,
        entry: &Entry<'_, '_, 'data>,
    ) -> Result<Option<String>, PackError> {
        let Some(name) = entry.attr_value(gimli::DW_AT_name)? else {
            return Ok(None);
        };
        Ok(Some(
            self.dwarf
                .attr_string(unit, name)?
                .to_string_lossy()
                .into_owned(),
        ))
    }

    fn file(&self, unit: &Unit<'data>, index: u64) -> Result<Option<String>, PackError> {
        let Some(program) = &unit.line_program else {
            return Ok(None);
        };
        let header = program.header();
        let Some(file) = header.file(index) else {
            return Ok(None);
        };
        let mut path = match unit.comp_dir {
            Some(directory) => directory.to_string_lossy().into_owned(),
            None => String::new(),
        };
        if let Some(directory) = file.directory(header) {
            join(
                &mut path,
                &self.dwarf.attr_string(unit, directory)?.to_string_lossy(),
            );
        }
        join(
            &mut path,
            &self
                .dwarf
                .attr_string(unit, file.path_name())?
                .to_string_lossy(),
        );
        Ok(Some(self.paths.rewrite(&path)))
    }

    /// Where a function of this name is declared; nothing if several are.
    pub fn declaration(&self, name: &str) -> Option<&Location> {
        match self.declarations.get(name).map(Vec::as_slice) {
            Some([only]) => Some(only),
            _ => None,
        }
    }

    /// The unit and the type of the static at an address.
    pub fn static_type(&self, address: u64) -> Option<(&Unit<'data>, gimli::UnitOffset)> {
        let (unit, kind) = self.statics.get(&address)?;
        Some((self.units.get(*unit)?, *kind))
    }

    /// Positions of all code.
    pub fn source_map(&self) -> Result<SourceMap, PackError> {
        let mut map = SourceMap::default();
        let mut known = HashMap::new();
        for function in &self.functions {
            let inner = self
                .boundaries
                .range(function.start + 1..function.end)
                .copied();
            for start in [function.start].into_iter().chain(inner) {
                let frame = self.frame(start, &mut map.frames, &mut known)?;
                push(&mut map.ranges, SourceRange { start, frame });
            }
            push(
                &mut map.ranges,
                SourceRange {
                    start: function.end,
                    frame: None,
                },
            );
        }
        Ok(map)
    }

    /// Index of the innermost frame at an address.
    fn frame(
        &self,
        address: u64,
        frames: &mut Vec<SourceFrame>,
        known: &mut HashMap<(Option<u32>, String, String, u32, u32), u32>,
    ) -> Result<Option<u32>, PackError> {
        let mut found = Vec::new();
        let mut inlined = self.context.find_frames(address).skip_all_loads()?;
        while let Some(frame) = inlined.next()? {
            let name = frame
                .function
                .as_ref()
                .map(|function| function.raw_name())
                .transpose()?;
            let function = name.map_or_else(String::new, |name| readable(&name));
            let place = frame.location;
            let file = place
                .as_ref()
                .and_then(|place| place.file)
                .map_or_else(String::new, |file| self.paths.rewrite(file));
            let line = place.as_ref().and_then(|place| place.line).unwrap_or(0);
            let column = place.as_ref().and_then(|place| place.column).unwrap_or(0);
            found.push(Frame {
                function,
                file,
                line,
                column,
            });
        }
        let mut caller = None;
        for frame in found.into_iter().rev() {
            let key = (
                caller,
                frame.function.clone(),
                frame.file.clone(),
                frame.line,
                frame.column,
            );
            let index = *known.entry(key).or_insert_with(|| {
                frames.push(SourceFrame { frame, caller });
                frames.len() as u32 - 1
            });
            caller = Some(index);
        }
        Ok(caller)
    }
}

/// Adds a range, as part of the one before it if nothing changes.
fn push(ranges: &mut Vec<SourceRange>, range: SourceRange) {
    if let Some(last) = ranges.last_mut() {
        if last.start == range.start {
            last.frame = range.frame;
            return;
        }
        if last.frame == range.frame {
            return;
        }
    }
    ranges.push(range);
}

fn join(path: &mut String, part: &str) {
    if part.starts_with('/') {
        path.clear();
    } else if !path.is_empty() && !path.ends_with('/') {
        path.push('/');
    }
    path.push_str(part);
}

/// The fixed address of a variable, if it has one.
fn address_of(unit: &Unit<'_>, entry: &Entry<'_, '_, '_>) -> Result<Option<u64>, PackError> {
    let Some(AttributeValue::Exprloc(expression)) = entry.attr_value(gimli::DW_AT_location)? else {
        return Ok(None);
    };
    let mut operations = expression.operations(unit.encoding());
    match operations.next()? {
        Some(gimli::Operation::Address { address }) => Ok(Some(address)),
        _ => Ok(None),
    }
}

/// The type an entry refers to, in its own unit.
pub fn type_of(entry: &Entry<'_, '_, '_>) -> Result<Option<gimli::UnitOffset>, PackError> {
    match entry.attr_value(gimli::DW_AT_type)? {
        Some(AttributeValue::UnitRef(offset)) => Ok(Some(offset)),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::Paths;

    #[test]
    fn prefixes_end_at_directories_and_dots_go() {
        let prefixes = [
            ("/home/me/ext/".to_owned(), String::new()),
            ("/opt/rex".to_owned(), "/rex".to_owned()),
        ];
        let paths = Paths::new(&prefixes);
        for (path, wanted) in [
            ("/home/me/ext/src/main.rs", "src/main.rs"),
            ("/home/me/ext/./src//main.rs", "src/main.rs"),
            ("/home/me/extra/src/main.rs", "/home/me/extra/src/main.rs"),
            ("/opt/rex/src/map.rs", "/rex/src/map.rs"),
            ("././src/main.rs", "src/main.rs"),
            ("../lib/src/lib.rs", "../lib/src/lib.rs"),
        ] {
            assert_eq!(paths.rewrite(path), wanted);
        }
    }
}
