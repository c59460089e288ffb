// SPDX-License-Identifier: GPL-2.0-only
//! Programs and maps, as the attributes of the kernel crate left them.

use std::collections::BTreeMap;

use rex_abi as abi;

use super::PackError;
use super::elf::{Elf, Section};
use super::map_layout::{self, LayoutError};
use super::source::SourceReader;
use crate::image::{ContextField, ContextLayout, Function, Map, MapLayout, Program, ProgramKind};

const DESCRIPTOR: usize = size_of::<abi::rex_program>();
const SLOT: u64 = size_of::<abi::rex_map_slot>() as u64;

/// A descriptor, read field by field.
struct Fields<'data> {
    index: usize,
    rest: &'data [u8],
}

impl Fields<'_> {
    fn wrong(&self, problem: impl Into<String>) -> PackError {
        PackError::Descriptor {
            index: self.index,
            problem: problem.into(),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], PackError> {
        let (head, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| self.wrong("is cut short"))?;
        self.rest = rest;
        Ok(*head)
    }

    fn u32(&mut self) -> Result<u32, PackError> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    /// Text padded with NUL to `N` bytes, of which at least one is NUL.
    fn text<const N: usize>(&mut self) -> Result<String, PackError> {
        let bytes = self.take::<N>()?;
        let end = bytes
            .iter()
            .position(|byte| *byte == 0)
            .ok_or_else(|| self.wrong("has a name without end"))?;
        let text = std::str::from_utf8(&bytes[..end])
            .map_err(|_| self.wrong("has a name that is not UTF-8"))?;
        Ok(text.to_owned())
    }
}

/// The programs of section `.rex.progs`, in the order of their code.
pub fn programs(
    elf: &Elf<'_>,
    functions: &[Function],
    source: &SourceReader<'_, '_>,
    on_stop: &BTreeMap<String, u32>,
) -> Result<Vec<Program>, PackError> {
    let section = elf.section(".rex.progs")?.unwrap_or_default();
    let mut programs = Vec::new();
    for (index, bytes) in section.bytes.chunks(DESCRIPTOR).enumerate() {
        let mut fields = Fields { index, rest: bytes };
        let mut program = descriptor(&mut fields)?;
        if functions
            .binary_search_by_key(&program.entry, |function| function.address)
            .is_err()
        {
            return Err(fields.wrong(format!(
                "(`{}`) has an entry that is not a function",
                program.name
            )));
        }
        if let Some(verdict) = on_stop.get(&program.name) {
            program.default_verdict = *verdict;
        }
        let entry = format!("__rex_entry_{}", program.name);
        program.source = source
            .declaration(&program.name)
            .or_else(|| source.declaration(&entry))
            .cloned();
        programs.push(program);
    }
    programs.sort_by_key(|program| program.entry);
    let mut names: Vec<&String> = programs.iter().map(|program| &program.name).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(PackError::SameName {
            what: "program",
            name: twice[0].clone(),
        });
    }
    if let Some(unknown) = on_stop
        .keys()
        .find(|name| names.binary_search(name).is_err())
    {
        return Err(PackError::UnknownProgram(unknown.clone()));
    }
    Ok(programs)
}

fn descriptor(fields: &mut Fields<'_>) -> Result<Program, PackError> {
    let version = fields.u32()?;
    if version != abi::REX_ABI_VERSION {
        return Err(fields.wrong(format!(
            "is of version {version}, expected {}; build with the kernel crate of this version of rex",
            abi::REX_ABI_VERSION
        )));
    }
    let number = fields.u32()?;
    let kind = ProgramKind::from_number(number);
    let kind =
        kind.ok_or_else(|| fields.wrong(format!("has the unknown program type {number}")))?;
    let entry = u64::from_le_bytes(fields.take()?);
    let name = fields.text::<{ abi::REX_PROGRAM_NAME_LEN }>()?;
    let attach = fields.text::<{ abi::REX_PROGRAM_ATTACH_LEN }>()?;
    let layout = fields.text::<{ abi::REX_PROGRAM_LAYOUT_LEN }>()?;
    let known = abi::contexts::context(&layout);
    let known = known
        .ok_or_else(|| fields.wrong(format!("names the unknown context layout `{layout}`")))?;
    let used = fields.u32()?;
    let default_verdict = fields.u32()?;
    let layout = ContextLayout {
        name: layout,
        size: abi::contexts::size_used(&known, used),
        fields: known
            .fields()
            .enumerate()
            .filter(|(index, _)| abi::contexts::uses(used, *index))
            .map(|(_, field)| ContextField {
                name: field.name.to_owned(),
                offset: field.offset,
                size: field.size,
                signed: field.signed,
                data_loc: field.kind != abi::contexts::Kind::Number,
            })
            .collect(),
    };
    Ok(Program {
        name,
        kind,
        attach,
        layout,
        entry,
        default_verdict,
        source: None,
    })
}

/// The maps of section `.maps`, in the order of their slots, which fill it without gaps.
pub fn maps(elf: &Elf<'_>, source: &SourceReader<'_, '_>) -> Result<Vec<Map>, PackError> {
    let section = elf.section(".maps")?.unwrap_or_default();
    let mut maps: Vec<Map> = Vec::new();
    let mut free = section.address;
    for symbol in elf.maps()? {
        let problem = |problem: &str| PackError::Map {
            name: symbol.name.to_owned(),
            problem: problem.to_owned(),
        };
        if symbol.size != SLOT || symbol.address < free || !symbol.address.is_multiple_of(8) {
            return Err(problem(
                "is not a map of the crate `rex`; put `#[rex_map]` on a static of a map type",
            ));
        }
        if maps.iter().any(|map| map.name == symbol.name) {
            return Err(PackError::SameName {
                what: "map",
                name: symbol.name.to_owned(),
            });
        }
        let mut map =
            slot(&section, symbol.address).ok_or_else(|| problem("lies outside its section"))?;
        map.name = symbol.name.to_owned();
        map.layout = layout(source, &map)?;
        free = symbol.address + SLOT;
        maps.push(map);
    }
    if maps.len() as u64 * SLOT != section.bytes.len() as u64 {
        return Err(PackError::Map {
            name: String::new(),
            problem: "is missing: section `.maps` holds something that is not a map".to_owned(),
        });
    }
    Ok(maps)
}

fn slot(section: &Section<'_>, address: u64) -> Option<Map> {
    let word = |index: u64| section.at(address + 4 * index).map(u32::from_le_bytes);
    Some(Map {
        name: String::new(),
        kind: word(0)?,
        key_size: word(1)?,
        value_size: word(2)?,
        max_entries: word(3)?,
        flags: word(4)?,
        slot: address,
        layout: MapLayout::default(),
    })
}

fn layout(source: &SourceReader<'_, '_>, map: &Map) -> Result<MapLayout, PackError> {
    let problem = |problem: String| PackError::Map {
        name: map.name.clone(),
        problem,
    };
    let (layout, [key, value]) =
        map_layout::read(source, map.slot).map_err(|error| match error {
            LayoutError::Type(text) => problem(text),
            LayoutError::Pack(error) => error,
        })?;
    // The values of a perf event array are descriptors; its type says what is sent.
    let declared = map.kind != abi::REX_MAP_PERF_EVENT_ARRAY;
    if key != u64::from(map.key_size) || (declared && value != u64::from(map.value_size)) {
        return Err(problem(format!(
            "is declared with {} and {} bytes for key and value, but their types have {key} and {value}",
            map.key_size, map.value_size
        )));
    }
    let zeroed = matches!(map.kind, abi::REX_MAP_ARRAY | abi::REX_MAP_PERCPU_ARRAY);
    if zeroed
        && layout
            .value
            .enums
            .iter()
            .any(|field| field.values.first() != Some(&0))
    {
        return Err(problem(
            "starts with all values zero, but zero is not a value of an enum inside; give one variant the value 0".to_owned(),
        ));
    }
    Ok(layout)
}
