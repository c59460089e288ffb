// SPDX-License-Identifier: GPL-2.0-only
//! What inside a map's keys and values needs care, from the types in the debug information.
//!
//! This also looks a second time, behind the compiler's back, for what may never be in a
//! map: pointers and references of any kind, types of which some bytes are no value (enums
//! without data apart, whose values are in the image), and types with bytes that may hold
//! anything although they are no padding: unions, and enums with data.

use gimli::{AttributeValue, UnitOffset};

use super::PackError;
use super::source::{Entry, SourceReader, Unit, type_of};
use crate::image::{EnumField, MapLayout, Span, ValueLayout};

/// Types nested deeper than this are refused.
const DEPTH_MAX: u32 = 64;
/// Base types of which every bit pattern is a value.
const NUMBERS: [gimli::DwAte; 5] = [
    gimli::DW_ATE_signed,
    gimli::DW_ATE_unsigned,
    gimli::DW_ATE_signed_char,
    gimli::DW_ATE_unsigned_char,
    gimli::DW_ATE_float,
];
/// More pieces than this in one key or value are refused.
const PIECES_MAX: usize = 1 << 16;

/// A type's size and what inside it needs care.
#[derive(Clone, Default)]
pub struct TypeLayout {
    pub size: u64,
    pub layout: ValueLayout,
}

/// Why a type cannot be in a map, in words that follow the map's name.
type Problem = Result<TypeLayout, LayoutError>;

/// A problem with the type, or with the debug information.
pub enum LayoutError {
    Type(String),
    Pack(PackError),
}

impl From<gimli::Error> for LayoutError {
    fn from(error: gimli::Error) -> Self {
        Self::Pack(error.into())
    }
}

impl From<PackError> for LayoutError {
    fn from(error: PackError) -> Self {
        Self::Pack(error)
    }
}

/// Layouts of the key and value of the map at an address, with their sizes.
pub fn read<'data>(
    source: &SourceReader<'data, '_>,
    address: u64,
) -> Result<(MapLayout, [u64; 2]), LayoutError> {
    let (unit, key, value) = sides(source, address)?;
    let key = type_layout(source, unit, key, 0)?;
    let value = type_layout(source, unit, value, 0)?;
    Ok((
        MapLayout {
            key: key.layout,
            value: value.layout,
        },
        [key.size, value.size],
    ))
}

/// Types of the key and value of the map at an address, and the unit they stand in.
pub fn sides<'data, 'source>(
    source: &'source SourceReader<'data, '_>,
    address: u64,
) -> Result<(&'source Unit<'data>, UnitOffset, UnitOffset), LayoutError> {
    let missing =
        || LayoutError::Type("has no debug information; build it with `rex build`".to_owned());
    let (unit, kind) = source.static_type(address).ok_or_else(missing)?;
    let mut sides = [None, None];
    for child in children(unit, kind)? {
        let entry = unit.entry(child)?;
        if entry.tag() != gimli::DW_TAG_template_type_parameter {
            continue;
        }
        let side = match source.name(unit, &entry)?.as_deref() {
            Some("K") => 0,
            Some("V") => 1,
            _ => continue,
        };
        sides[side] = type_of(&entry)?;
    }
    let [Some(key), Some(value)] = sides else {
        return Err(LayoutError::Type(
            "is not a map type of the crate `rex`".to_owned(),
        ));
    };
    Ok((unit, key, value))
}

/// Offsets of the direct children of an entry.
pub fn children(unit: &Unit<'_>, parent: UnitOffset) -> Result<Vec<UnitOffset>, LayoutError> {
    let mut tree = unit.entries_tree(Some(parent))?;
    let mut nodes = tree.root()?.children();
    let mut offsets = Vec::new();
    while let Some(node) = nodes.next()? {
        offsets.push(node.entry().offset());
    }
    Ok(offsets)
}

/// A number among the attributes of an entry.
pub fn number(
    entry: &Entry<'_, '_, '_>,
    attribute: gimli::DwAt,
) -> Result<Option<u64>, LayoutError> {
    Ok(entry.attr_value(attribute)?.and_then(|value| match value {
        AttributeValue::Sdata(number) => Some(number as u64),
        other => other.udata_value(),
    }))
}

fn type_layout<'data>(
    source: &SourceReader<'data, '_>,
    unit: &Unit<'data>,
    kind: UnitOffset,
    depth: u32,
) -> Problem {
    if depth > DEPTH_MAX {
        return Err(LayoutError::Type(format!(
            "holds types nested deeper than {DEPTH_MAX}"
        )));
    }
    let entry = unit.entry(kind)?;
    let size = number(&entry, gimli::DW_AT_byte_size)?.unwrap_or(0);
    let name = || -> Result<String, LayoutError> {
        let name = source.name(unit, &entry)?;
        Ok(name.unwrap_or_else(|| entry.tag().to_string()))
    };
    match entry.tag() {
        gimli::DW_TAG_base_type => {
            let encoding = match entry.attr_value(gimli::DW_AT_encoding)? {
                Some(AttributeValue::Encoding(encoding)) => Some(encoding),
                _ => None,
            };
            let number = encoding.is_some_and(|encoding| NUMBERS.contains(&encoding));
            if !number || name()? == "!" {
                return Err(LayoutError::Type(format!(
                    "holds a `{}`, of which some bytes are no value; use an integer",
                    name()?
                )));
            }
            Ok(TypeLayout {
                size,
                ..TypeLayout::default()
            })
        }
        gimli::DW_TAG_structure_type if restricted(source, unit, kind)? => {
            Err(LayoutError::Type(format!(
                "holds a `{}`, of which some bytes are no value; use an integer",
                name()?
            )))
        }
        gimli::DW_TAG_structure_type => structure(source, unit, kind, size, depth),
        gimli::DW_TAG_union_type => Err(LayoutError::Type(format!(
            "holds a union (`{}`), whose unused bytes could hold anything; use a struct",
            name()?
        ))),
        gimli::DW_TAG_array_type => array(source, unit, &entry, depth),
        gimli::DW_TAG_enumeration_type => enumeration(unit, kind, size),
        gimli::DW_TAG_typedef | gimli::DW_TAG_const_type | gimli::DW_TAG_volatile_type => {
            match type_of(&entry)? {
                Some(kind) => type_layout(source, unit, kind, depth + 1),
                None => Ok(TypeLayout::default()),
            }
        }
        _ => Err(LayoutError::Type(format!(
            "holds a pointer (`{}`); keys and values are made of numbers only",
            name()?
        ))),
    }
}

fn structure<'data>(
    source: &SourceReader<'data, '_>,
    unit: &Unit<'data>,
    kind: UnitOffset,
    size: u64,
    depth: u32,
) -> Problem {
    let mut used: Vec<(u64, u64)> = Vec::new();
    let mut whole = TypeLayout {
        size,
        ..TypeLayout::default()
    };
    for child in children(unit, kind)? {
        let member = unit.entry(child)?;
        match member.tag() {
            gimli::DW_TAG_member => {
                let Some(kind) = type_of(&member)? else {
                    continue;
                };
                let offset = number(&member, gimli::DW_AT_data_member_location)?.unwrap_or(0);
                let inner = type_layout(source, unit, kind, depth + 1)?;
                used.push((offset, inner.size));
                append(&mut whole.layout, &inner.layout, offset)?;
            }
            gimli::DW_TAG_variant_part => {
                let name = source.name(unit, &unit.entry(kind)?)?.unwrap_or_default();
                return Err(LayoutError::Type(format!(
                    "holds an enum with data or without values (`{name}`), whose unused bytes could hold anything; use a struct and an enum without data"
                )));
            }
            _ => {}
        }
    }
    used.sort_unstable();
    let mut free = 0;
    for (offset, length) in used.into_iter().chain([(size, 0)]) {
        if offset > free {
            whole.layout.padding.push(span(free, offset - free)?);
        }
        free = free.max(offset + length);
    }
    whole.layout.padding.sort_by_key(|padding| padding.offset);
    Ok(whole)
}

/// Whether the type is one of core's integers with fewer values than bytes: those of
/// `NonZero`, `Duration` and their like.
fn restricted<'data>(
    source: &SourceReader<'data, '_>,
    unit: &Unit<'data>,
    kind: UnitOffset,
) -> Result<bool, LayoutError> {
    let mut path = Vec::new();
    let mut depth = 0;
    let mut entries = unit.entries();
    while let Some((delta, entry)) = entries.next_dfs()? {
        depth += delta;
        path.truncate(usize::try_from(depth).unwrap_or(0));
        if entry.offset() == kind {
            break;
        }
        path.push(match entry.tag() {
            gimli::DW_TAG_namespace => source.name(unit, entry)?.unwrap_or_default(),
            _ => String::new(),
        });
    }
    path.retain(|name| !name.is_empty());
    Ok(path == ["core", "num", "niche_types"] || path == ["core", "num", "nonzero"])
}

fn array<'data>(
    source: &SourceReader<'data, '_>,
    unit: &Unit<'data>,
    entry: &Entry<'_, '_, '_>,
    depth: u32,
) -> Problem {
    let Some(kind) = type_of(entry)? else {
        return Ok(TypeLayout::default());
    };
    let element = type_layout(source, unit, kind, depth + 1)?;
    let count = length(unit, entry)?;
    let mut whole = TypeLayout {
        size: element.size.saturating_mul(count),
        ..TypeLayout::default()
    };
    if element.layout != ValueLayout::default() {
        for index in 0..count {
            append(&mut whole.layout, &element.layout, index * element.size)?;
        }
    }
    Ok(whole)
}

/// How many elements an array has.
pub fn length(unit: &Unit<'_>, entry: &Entry<'_, '_, '_>) -> Result<u64, LayoutError> {
    let mut count = 1_u64;
    for child in children(unit, entry.offset())? {
        let range = unit.entry(child)?;
        if range.tag() == gimli::DW_TAG_subrange_type {
            let length = match number(&range, gimli::DW_AT_count)? {
                Some(count) => count,
                None => number(&range, gimli::DW_AT_upper_bound)?
                    .map_or(0, |last| last.saturating_add(1)),
            };
            count = count.saturating_mul(length);
        }
    }
    Ok(count)
}

fn enumeration(unit: &Unit<'_>, kind: UnitOffset, size: u64) -> Problem {
    let mut values = Vec::new();
    for child in children(unit, kind)? {
        values.extend(number(&unit.entry(child)?, gimli::DW_AT_const_value)?);
    }
    let mut whole = TypeLayout {
        size,
        ..TypeLayout::default()
    };
    if size > 0 {
        whole.layout.enums.push(enum_field(0, size, values)?);
    }
    Ok(whole)
}

fn enum_field(offset: u64, size: u64, mut values: Vec<u64>) -> Result<EnumField, LayoutError> {
    if !matches!(size, 1 | 2 | 4 | 8) {
        return Err(LayoutError::Type(format!(
            "holds an enum of {size} bytes, expected at most 8"
        )));
    }
    let mask = u64::MAX >> (64 - 8 * size);
    values.iter_mut().for_each(|value| *value &= mask);
    values.sort_unstable();
    values.dedup();
    Ok(EnumField {
        span: span(offset, size)?,
        values,
    })
}

fn span(offset: u64, length: u64) -> Result<Span, LayoutError> {
    let small = u32::try_from(offset).ok().zip(u32::try_from(length).ok());
    let (offset, length) =
        small.ok_or_else(|| LayoutError::Type("has a key or value of 4 GiB or more".to_owned()))?;
    Ok(Span { offset, length })
}

/// Adds what `inner` needs at an offset.
fn append(layout: &mut ValueLayout, inner: &ValueLayout, offset: u64) -> Result<(), LayoutError> {
    for padding in &inner.padding {
        layout.padding.push(span(
            offset + u64::from(padding.offset),
            padding.length.into(),
        )?);
    }
    for field in &inner.enums {
        let span = span(
            offset + u64::from(field.span.offset),
            field.span.length.into(),
        )?;
        layout.enums.push(EnumField {
            span,
            values: field.values.clone(),
        });
    }
    if layout.padding.len() + layout.enums.len() > PIECES_MAX {
        return Err(LayoutError::Type(
            "has a key or value with too many pieces of padding; reorder its fields".to_owned(),
        ));
    }
    Ok(())
}
