// SPDX-License-Identifier: GPL-2.0-only
//! Reads a container and refuses everything that is not exactly as the format says.

mod sections;

use rex_abi as abi;

use crate::error::ImageError;
use crate::image::{
    BuildRecord, ContextField, ContextLayout, EnumField, Fixup, FixupKind, FixupTarget, Function,
    Image, Location, Map, MapLayout, PatchKind, PatchSite, Program, ProgramKind, Segment,
    SegmentKind, Span,
};
use crate::source_map::{Frame, SourceFrame, SourceMap, SourceRange};
use sections::{Record, Sections};

type Result<T> = std::result::Result<T, ImageError>;

/// A sub-slice of `all` by record index and count.
fn part<'a, T>(
    all: &'a [T],
    record: &Record<'_>,
    first: u32,
    count: u32,
    problem: &'static str,
) -> Result<&'a [T]> {
    all.get(first as usize..)
        .and_then(|rest| rest.get(..count as usize))
        .ok_or_else(|| record.wrong(problem))
}

fn known<T>(record: &Record<'_>, value: Option<T>, problem: &'static str) -> Result<T> {
    value.ok_or_else(|| record.wrong(problem))
}

fn segments(sections: &Sections<'_>) -> Result<Vec<Segment>> {
    let bytes = sections.bytes[abi::REX_SECTION_BYTES as usize - 1];
    sections
        .records(abi::REX_SECTION_SEGMENTS, "segment")
        .map(|mut record| {
            let kind = SegmentKind::from_number(record.u32()?);
            let kind = known(&record, kind, "is of an unknown kind")?;
            record.zero()?;
            let (address, memory_len) = (record.u64()?, record.u64()?);
            let (offset, length) = (record.u64()?, record.u64()?);
            let contents = usize::try_from(offset)
                .ok()
                .zip(usize::try_from(length).ok())
                .and_then(|(offset, length)| bytes.get(offset..)?.get(..length));
            let contents = known(&record, contents, "has contents outside the bytes section")?;
            Ok(Segment {
                kind,
                address,
                memory_len,
                bytes: contents.to_vec(),
            })
        })
        .collect()
}

fn fixups(sections: &Sections<'_>) -> Result<Vec<Fixup>> {
    sections
        .records(abi::REX_SECTION_FIXUPS, "fix-up")
        .map(|mut record| {
            let (place, value) = (record.u64()?, record.u64()?);
            let addend = i64::from_le_bytes(record.take()?);
            let kind = FixupKind::from_number(record.u32()?);
            let kind = known(&record, kind, "is of an unknown kind")?;
            let target = match record.u32()? {
                abi::REX_TARGET_IMAGE => Some(FixupTarget::Image(value)),
                abi::REX_TARGET_IMPORT => u32::try_from(value).ok().map(FixupTarget::Import),
                _ => None,
            };
            let target = known(&record, target, "has an unknown target")?;
            Ok(Fixup {
                place,
                kind,
                target,
                addend,
            })
        })
        .collect()
}

fn patch_sites(sections: &Sections<'_>) -> Result<Vec<PatchSite>> {
    sections
        .records(abi::REX_SECTION_PATCH_SITES, "patch site")
        .map(|mut record| {
            let address = record.u64()?;
            let kind = PatchKind::from_number(record.u32()?);
            let kind = known(&record, kind, "is of an unknown kind")?;
            let old = record.take()?;
            if record.take::<7>()? != [0; 7] {
                return Err(record.wrong("has reserved bytes that are not zero"));
            }
            Ok(PatchSite { address, kind, old })
        })
        .collect()
}

fn contexts(sections: &Sections<'_>) -> Result<Vec<ContextLayout>> {
    let fields = sections
        .records(abi::REX_SECTION_FIELDS, "context field")
        .map(|mut record| {
            let name = sections.string(&mut record)?;
            let (offset, size, flags) = (record.u32()?, record.u32()?, record.u32()?);
            record.zero()?;
            if flags & !(abi::REX_FIELD_SIGNED | abi::REX_FIELD_DATA_LOC) != 0 {
                return Err(record.wrong("has unknown flags"));
            }
            let signed = flags & abi::REX_FIELD_SIGNED != 0;
            Ok(ContextField {
                name,
                offset,
                size,
                signed,
                data_loc: flags & abi::REX_FIELD_DATA_LOC != 0,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    sections
        .records(abi::REX_SECTION_CONTEXTS, "context layout")
        .map(|mut record| {
            let name = sections.string(&mut record)?;
            let (size, first, count) = (record.u32()?, record.u32()?, record.u32()?);
            record.zero()?;
            let fields = part(
                &fields,
                &record,
                first,
                count,
                "has fields outside the field section",
            )?
            .to_vec();
            Ok(ContextLayout { name, size, fields })
        })
        .collect()
}

fn programs(sections: &Sections<'_>) -> Result<Vec<Program>> {
    let contexts = contexts(sections)?;
    sections
        .records(abi::REX_SECTION_PROGRAMS, "program")
        .map(|mut record| {
            let name = sections.string(&mut record)?;
            let attach = sections.string(&mut record)?;
            let file = sections.string(&mut record)?;
            let (line, column) = (record.u32()?, record.u32()?);
            let kind = ProgramKind::from_number(record.u32()?);
            let kind = known(&record, kind, "is of an unknown type")?;
            let layout = contexts.get(record.u32()? as usize).cloned();
            let layout = known(&record, layout, "has a context layout that does not exist")?;
            let (entry, default_verdict) = (record.u64()?, record.u32()?);
            record.zero()?;
            let source = (!file.is_empty()).then_some(Location { file, line, column });
            Ok(Program {
                name,
                kind,
                attach,
                layout,
                entry,
                default_verdict,
                source,
            })
        })
        .collect()
}

fn map_layout(record: &Record<'_>, spans: &[[u32; 5]], values: &[u64]) -> Result<MapLayout> {
    let mut layout = MapLayout::default();
    for [kind, offset, length, first, count] in spans {
        let span = Span {
            offset: *offset,
            length: *length,
        };
        let (side, is_enum) = match *kind {
            abi::REX_SPAN_KEY_PADDING => (&mut layout.key, false),
            abi::REX_SPAN_KEY_ENUM => (&mut layout.key, true),
            abi::REX_SPAN_VALUE_PADDING => (&mut layout.value, false),
            abi::REX_SPAN_VALUE_ENUM => (&mut layout.value, true),
            _ => return Err(record.wrong("has a span of an unknown kind")),
        };
        if is_enum {
            let values = part(
                values,
                record,
                *first,
                *count,
                "has enum values outside the value section",
            )?;
            side.enums.push(EnumField {
                span,
                values: values.to_vec(),
            });
        } else {
            side.padding.push(span);
        }
    }
    Ok(layout)
}

fn maps(sections: &Sections<'_>) -> Result<Vec<Map>> {
    let values = sections
        .records(abi::REX_SECTION_VALUES, "enum value")
        .map(|mut record| record.u64())
        .collect::<Result<Vec<_>>>()?;
    let spans = sections
        .records(abi::REX_SECTION_SPANS, "span")
        .map(|mut record| {
            let span = [
                record.u32()?,
                record.u32()?,
                record.u32()?,
                record.u32()?,
                record.u32()?,
            ];
            record.zero()?;
            Ok(span)
        })
        .collect::<Result<Vec<_>>>()?;
    sections
        .records(abi::REX_SECTION_MAPS, "map")
        .map(|mut record| {
            let name = sections.string(&mut record)?;
            let [kind, key_size, value_size] = [record.u32()?, record.u32()?, record.u32()?];
            let [max_entries, flags, count, first] =
                [record.u32()?, record.u32()?, record.u32()?, record.u32()?];
            record.zero()?;
            let slot = record.u64()?;
            let spans = part(
                &spans,
                &record,
                first,
                count,
                "has spans outside the span section",
            )?;
            let layout = map_layout(&record, spans, &values)?;
            Ok(Map {
                name,
                kind,
                key_size,
                value_size,
                max_entries,
                flags,
                slot,
                layout,
            })
        })
        .collect()
}

fn functions(sections: &Sections<'_>) -> Result<Vec<Function>> {
    sections
        .records(abi::REX_SECTION_FUNCTIONS, "function")
        .map(|mut record| {
            let (address, size) = (record.u64()?, record.u64()?);
            let name = sections.string(&mut record)?;
            let (frame, flags, chain_after) = (record.u32()?, record.u32()?, record.u32()?);
            record.zero()?;
            if flags & !(abi::REX_FUNCTION_CHECKED | abi::REX_FUNCTION_ADDRESS_TAKEN) != 0 {
                return Err(record.wrong("has unknown flags"));
            }
            let checked = flags & abi::REX_FUNCTION_CHECKED != 0;
            let address_taken = flags & abi::REX_FUNCTION_ADDRESS_TAKEN != 0;
            Ok(Function {
                address,
                size,
                name,
                frame,
                checked,
                chain_after,
                address_taken,
            })
        })
        .collect()
}

fn optional(index: u32) -> Option<u32> {
    (index != abi::REX_NONE).then_some(index)
}

fn source_map(sections: &Sections<'_>) -> Result<SourceMap> {
    let ranges = sections
        .records(abi::REX_SECTION_RANGES, "source range")
        .map(|mut record| {
            let start = sections.link_base.checked_add(u64::from(record.u32()?));
            let start = known(&record, start, "starts beyond any address")?;
            Ok(SourceRange {
                start,
                frame: optional(record.u32()?),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let frames = sections
        .records(abi::REX_SECTION_FRAMES, "source frame")
        .map(|mut record| {
            let function = sections.string(&mut record)?;
            let file = sections.string(&mut record)?;
            let (line, column) = (record.u32()?, record.u32()?);
            let caller = optional(record.u32()?);
            record.zero()?;
            Ok(SourceFrame {
                frame: Frame {
                    function,
                    file,
                    line,
                    column,
                },
                caller,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(SourceMap { ranges, frames })
}

impl Image {
    /// Reads a container.
    ///
    /// # Errors
    /// [`ImageError`] for anything that is not exactly a container of this version whose
    /// contents keep the invariants of [`Image`].
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let sections = Sections::read(bytes)?;
        let mut record = BuildRecord::default();
        for mut entry in sections.records(abi::REX_SECTION_RECORD, "build record entry") {
            let (key, value) = (sections.string(&mut entry)?, sections.string(&mut entry)?);
            if record
                .entries
                .last_key_value()
                .is_some_and(|(last, _)| *last >= key)
            {
                return Err(entry.wrong("is not in ascending order"));
            }
            record.entries.insert(key, value);
        }
        let mut licences = sections.records(abi::REX_SECTION_LICENCE, "licence");
        let (Some(mut licence), None) = (licences.next(), licences.next()) else {
            return Err(ImageError::Directory {
                section: abi::REX_SECTION_LICENCE,
                problem: "does not hold exactly one licence",
            });
        };
        let image = Self {
            link_base: sections.link_base,
            segments: segments(&sections)?,
            fixups: fixups(&sections)?,
            patch_sites: patch_sites(&sections)?,
            imports: sections
                .records(abi::REX_SECTION_IMPORTS, "import")
                .map(|mut record| sections.string(&mut record))
                .collect::<Result<_>>()?,
            programs: programs(&sections)?,
            maps: maps(&sections)?,
            functions: functions(&sections)?,
            source_map: source_map(&sections)?,
            record,
            licence: sections.string(&mut licence)?,
            digest: sections.digest,
            signature: sections.signature.to_vec(),
        };
        image.validate()?;
        Ok(image)
    }
}
