// SPDX-License-Identifier: GPL-2.0-only
//! The types of maps' keys and values as trees, for people who read and write entries.
//!
//! The image does not hold them: nothing that is loaded depends on names.

use gimli::{AttributeValue, UnitOffset};

use super::elf::Elf;
use super::map_layout::{LayoutError, children, number, sides};
use super::source::{Paths, SourceReader, Unit, type_of};
use super::{PackError, programs};

/// Types nested deeper than this are shown as bytes.
const DEPTH_MAX: u32 = 64;

/// The types of one map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapTypes {
    /// Name of the map.
    pub name: String,
    /// Type of its keys.
    pub key: TypeTree,
    /// Type of its values.
    pub value: TypeTree,
}

/// A type, as far as entries need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeTree {
    /// Name in the source, with its modules left out.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// What it is made of.
    pub shape: Shape,
}

/// What a type is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A whole number, or a `bool` or `char`.
    Integer {
        /// Whether it has a sign.
        signed: bool,
    },
    /// An enum without data: names and numbers of its variants.
    Enum(Vec<(String, u64)>),
    /// Elements of one type.
    Array {
        /// How many.
        count: u64,
        /// Their type.
        element: Box<TypeTree>,
    },
    /// Fields with names and offsets.
    Struct(Vec<(String, u64, TypeTree)>),
    /// Something that is only bytes here: a union, an enum with data, a float.
    Bytes,
}

/// The types of the maps of a linked extension, from its debug information.
///
/// # Errors
/// The file is no ELF of an extension, or its debug information cannot be read.
pub fn map_types(bytes: &[u8]) -> Result<Vec<MapTypes>, PackError> {
    let elf = Elf::read(bytes)?;
    let paths = Paths::new(&[]);
    let source = SourceReader::read(&elf, &paths)?;
    let maps = programs::maps(&elf, &source)?;
    maps.into_iter()
        .map(|map| {
            let problem = |error| match error {
                LayoutError::Type(problem) => PackError::Map {
                    name: map.name.clone(),
                    problem,
                },
                LayoutError::Pack(error) => error,
            };
            let (unit, key, value) = sides(&source, map.slot).map_err(problem)?;
            Ok(MapTypes {
                key: tree(&source, unit, key, 0).map_err(problem)?,
                value: tree(&source, unit, value, 0).map_err(problem)?,
                name: map.name.clone(),
            })
        })
        .collect()
}

fn tree<'data>(
    source: &SourceReader<'data, '_>,
    unit: &Unit<'data>,
    kind: UnitOffset,
    depth: u32,
) -> Result<TypeTree, LayoutError> {
    let entry = unit.entry(kind)?;
    let name = source.name(unit, &entry)?.unwrap_or_default();
    let size = number(&entry, gimli::DW_AT_byte_size)?.unwrap_or(0);
    let mut tree = TypeTree {
        name,
        size,
        shape: Shape::Bytes,
    };
    if depth > DEPTH_MAX {
        return Ok(tree);
    }
    match entry.tag() {
        gimli::DW_TAG_base_type => {
            let encoding = entry.attr_value(gimli::DW_AT_encoding)?;
            if let Some(AttributeValue::Encoding(encoding)) = encoding
                && encoding != gimli::DW_ATE_float
            {
                let signed = matches!(encoding, gimli::DW_ATE_signed | gimli::DW_ATE_signed_char);
                tree.shape = Shape::Integer { signed };
            }
        }
        gimli::DW_TAG_enumeration_type => {
            let mut variants = Vec::new();
            for child in children(unit, kind)? {
                let variant = unit.entry(child)?;
                if let (Some(name), Some(value)) = (
                    source.name(unit, &variant)?,
                    number(&variant, gimli::DW_AT_const_value)?,
                ) {
                    variants.push((name, value));
                }
            }
            tree.shape = Shape::Enum(variants);
        }
        gimli::DW_TAG_array_type => return array(source, unit, kind, depth),
        gimli::DW_TAG_structure_type => tree.shape = structure(source, unit, kind, depth)?,
        gimli::DW_TAG_typedef | gimli::DW_TAG_const_type | gimli::DW_TAG_volatile_type => {
            if let Some(kind) = type_of(&entry)? {
                return self::tree(source, unit, kind, depth + 1);
            }
        }
        _ => {}
    }
    Ok(tree)
}

fn structure<'data>(
    source: &SourceReader<'data, '_>,
    unit: &Unit<'data>,
    kind: UnitOffset,
    depth: u32,
) -> Result<Shape, LayoutError> {
    let mut fields = Vec::new();
    for child in children(unit, kind)? {
        let member = unit.entry(child)?;
        match (member.tag(), type_of(&member)?) {
            (gimli::DW_TAG_member, Some(kind)) => {
                let offset = number(&member, gimli::DW_AT_data_member_location)?.unwrap_or(0);
                let name = source.name(unit, &member)?.unwrap_or_default();
                fields.push((name, offset, tree(source, unit, kind, depth + 1)?));
            }
            (gimli::DW_TAG_variant_part, _) => return Ok(Shape::Bytes),
            _ => {}
        }
    }
    fields.sort_by_key(|(_, offset, _)| *offset);
    Ok(Shape::Struct(fields))
}

fn array<'data>(
    source: &SourceReader<'data, '_>,
    unit: &Unit<'data>,
    kind: UnitOffset,
    depth: u32,
) -> Result<TypeTree, LayoutError> {
    let entry = unit.entry(kind)?;
    let element = match type_of(&entry)? {
        Some(kind) => tree(source, unit, kind, depth + 1)?,
        None => {
            return Ok(TypeTree {
                name: String::new(),
                size: 0,
                shape: Shape::Bytes,
            });
        }
    };
    let count = super::map_layout::length(unit, &entry)?;
    Ok(TypeTree {
        name: format!("[{}; {count}]", element.name),
        size: element.size.saturating_mul(count),
        shape: Shape::Array {
            count,
            element: Box::new(element),
        },
    })
}
