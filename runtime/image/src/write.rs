// SPDX-License-Identifier: GPL-2.0-only
//! Writes a container. The same image gives the same bytes.

use std::collections::HashMap;

use rex_abi as abi;
use sha2::{Digest, Sha256};

use crate::image::{FixupTarget, Image, ValueLayout};

/// Sections under construction, indexed by kind number minus one, and the string table.
struct Writer {
    sections: Vec<Section>,
    strings: HashMap<String, u32>,
}

#[derive(Default)]
struct Section {
    bytes: Vec<u8>,
    record_size: u32,
}

impl Section {
    fn u32(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }
}

/// Bytes of one record of each section, by kind number minus one.
pub(crate) const RECORD_SIZES: [u32; abi::REX_SECTION_COUNT as usize] = [
    size_of::<abi::rex_img_segment>() as u32,
    size_of::<abi::rex_img_fixup>() as u32,
    size_of::<abi::rex_img_patch_site>() as u32,
    size_of::<abi::rex_img_string>() as u32,
    size_of::<abi::rex_img_program>() as u32,
    size_of::<abi::rex_img_context>() as u32,
    size_of::<abi::rex_img_field>() as u32,
    size_of::<abi::rex_img_map>() as u32,
    size_of::<abi::rex_img_span>() as u32,
    size_of::<u64>() as u32,
    size_of::<abi::rex_img_function>() as u32,
    size_of::<abi::rex_img_range>() as u32,
    size_of::<abi::rex_img_frame>() as u32,
    2 * size_of::<abi::rex_img_string>() as u32,
    size_of::<abi::rex_img_string>() as u32,
    1,
    1,
];

impl Writer {
    fn new() -> Self {
        let sections = RECORD_SIZES
            .iter()
            .map(|size| Section {
                bytes: Vec::new(),
                record_size: *size,
            })
            .collect();
        Self {
            sections,
            strings: HashMap::new(),
        }
    }

    fn section(&mut self, kind: u32) -> &mut Section {
        &mut self.sections[kind as usize - 1]
    }

    /// Number of records a section has by now.
    fn count(&self, kind: u32) -> u32 {
        let section = &self.sections[kind as usize - 1];
        section.bytes.len() as u32 / section.record_size
    }

    /// Interns a string and gives its record: offset and length as one little-endian word.
    fn string(&mut self, text: &str) -> u64 {
        let length = (text.len() as u64) << 32;
        if text.is_empty() {
            return 0;
        }
        if let Some(offset) = self.strings.get(text) {
            return length | u64::from(*offset);
        }
        let strings = self.section(abi::REX_SECTION_STRINGS);
        let offset = strings.bytes.len() as u32;
        strings.raw(text.as_bytes());
        self.strings.insert(text.to_owned(), offset);
        length | u64::from(offset)
    }

    fn segments(&mut self, image: &Image) {
        for segment in &image.segments {
            let bytes = self.section(abi::REX_SECTION_BYTES);
            bytes.bytes.resize(bytes.bytes.len().next_multiple_of(8), 0);
            let offset = bytes.bytes.len() as u64;
            bytes.raw(&segment.bytes);
            self.section(abi::REX_SECTION_SEGMENTS)
                .u32(segment.kind.number())
                .u32(0)
                .u64(segment.address)
                .u64(segment.memory_len)
                .u64(offset)
                .u64(segment.bytes.len() as u64);
        }
    }

    fn code(&mut self, image: &Image) {
        for fixup in &image.fixups {
            let (target, value) = match fixup.target {
                FixupTarget::Image(address) => (abi::REX_TARGET_IMAGE, address),
                FixupTarget::Import(index) => (abi::REX_TARGET_IMPORT, u64::from(index)),
            };
            self.section(abi::REX_SECTION_FIXUPS)
                .u64(fixup.place)
                .u64(value)
                .raw(&fixup.addend.to_le_bytes())
                .u32(fixup.kind.number())
                .u32(target);
        }
        for site in &image.patch_sites {
            self.section(abi::REX_SECTION_PATCH_SITES)
                .u64(site.address)
                .u32(site.kind.number())
                .raw(&site.old)
                .raw(&[0; 7]);
        }
        for import in &image.imports {
            let name = self.string(import);
            self.section(abi::REX_SECTION_IMPORTS).u64(name);
        }
        for function in &image.functions {
            let name = self.string(&function.name);
            let flags = if function.checked {
                abi::REX_FUNCTION_CHECKED
            } else {
                0
            } | if function.address_taken {
                abi::REX_FUNCTION_ADDRESS_TAKEN
            } else {
                0
            };
            self.section(abi::REX_SECTION_FUNCTIONS)
                .u64(function.address)
                .u64(function.size)
                .u64(name)
                .u32(function.frame)
                .u32(flags)
                .u32(function.chain_after)
                .u32(0);
        }
    }

    fn programs(&mut self, image: &Image) {
        let mut contexts = Vec::new();
        for program in &image.programs {
            let context = match contexts.iter().position(|known| *known == &program.layout) {
                Some(index) => index as u32,
                None => {
                    contexts.push(&program.layout);
                    let name = self.string(&program.layout.name);
                    let first = self.count(abi::REX_SECTION_FIELDS);
                    for field in &program.layout.fields {
                        let name = self.string(&field.name);
                        let flags = if field.signed {
                            abi::REX_FIELD_SIGNED
                        } else {
                            0
                        } | if field.data_loc {
                            abi::REX_FIELD_DATA_LOC
                        } else {
                            0
                        };
                        self.section(abi::REX_SECTION_FIELDS)
                            .u64(name)
                            .u32(field.offset)
                            .u32(field.size)
                            .u32(flags)
                            .u32(0);
                    }
                    self.section(abi::REX_SECTION_CONTEXTS)
                        .u64(name)
                        .u32(program.layout.size)
                        .u32(first)
                        .u32(program.layout.fields.len() as u32)
                        .u32(0);
                    contexts.len() as u32 - 1
                }
            };
            let name = self.string(&program.name);
            let attach = self.string(&program.attach);
            let file = self.string(program.source.as_ref().map_or("", |source| &source.file));
            let (line, column) = program
                .source
                .as_ref()
                .map_or((0, 0), |source| (source.line, source.column));
            self.section(abi::REX_SECTION_PROGRAMS)
                .u64(name)
                .u64(attach)
                .u64(file)
                .u32(line)
                .u32(column)
                .u32(program.kind.number())
                .u32(context)
                .u64(program.entry)
                .u32(program.default_verdict)
                .u32(0);
        }
    }

    fn spans(&mut self, layout: &ValueLayout, padding: u32, enumeration: u32) {
        for span in &layout.padding {
            self.section(abi::REX_SECTION_SPANS)
                .u32(padding)
                .u32(span.offset)
                .u32(span.length)
                .u32(0)
                .u32(0)
                .u32(0);
        }
        for field in &layout.enums {
            let first = self.count(abi::REX_SECTION_VALUES);
            for value in &field.values {
                self.section(abi::REX_SECTION_VALUES).u64(*value);
            }
            self.section(abi::REX_SECTION_SPANS)
                .u32(enumeration)
                .u32(field.span.offset)
                .u32(field.span.length)
                .u32(first)
                .u32(field.values.len() as u32)
                .u32(0);
        }
    }

    fn maps(&mut self, image: &Image) {
        for map in &image.maps {
            let first = self.count(abi::REX_SECTION_SPANS);
            self.spans(
                &map.layout.key,
                abi::REX_SPAN_KEY_PADDING,
                abi::REX_SPAN_KEY_ENUM,
            );
            self.spans(
                &map.layout.value,
                abi::REX_SPAN_VALUE_PADDING,
                abi::REX_SPAN_VALUE_ENUM,
            );
            let count = self.count(abi::REX_SECTION_SPANS) - first;
            let name = self.string(&map.name);
            self.section(abi::REX_SECTION_MAPS)
                .u64(name)
                .u32(map.kind)
                .u32(map.key_size)
                .u32(map.value_size)
                .u32(map.max_entries)
                .u32(map.flags)
                .u32(count)
                .u32(first)
                .u32(0)
                .u64(map.slot);
        }
    }

    fn sources(&mut self, image: &Image) {
        for range in &image.source_map.ranges {
            let start = range.start.wrapping_sub(image.link_base) as u32;
            self.section(abi::REX_SECTION_RANGES)
                .u32(start)
                .u32(range.frame.unwrap_or(abi::REX_NONE));
        }
        for entry in &image.source_map.frames {
            let function = self.string(&entry.frame.function);
            let file = self.string(&entry.frame.file);
            self.section(abi::REX_SECTION_FRAMES)
                .u64(function)
                .u64(file)
                .u32(entry.frame.line)
                .u32(entry.frame.column)
                .u32(entry.caller.unwrap_or(abi::REX_NONE))
                .u32(0);
        }
        for (key, value) in &image.record.entries {
            let (key, value) = (self.string(key), self.string(value));
            self.section(abi::REX_SECTION_RECORD).u64(key).u64(value);
        }
        let licence = self.string(&image.licence);
        self.section(abi::REX_SECTION_LICENCE).u64(licence);
    }

    fn file(&self, link_base: u64) -> Vec<u8> {
        let directory_end = size_of::<abi::rex_img_header>()
            + self.sections.len() * size_of::<abi::rex_img_section>();
        let mut directory = Section::default();
        let mut offset = directory_end as u64;
        for (index, section) in self.sections.iter().enumerate() {
            let length = section.bytes.len() as u64;
            directory
                .u32(index as u32 + 1)
                .u32(section.record_size)
                .u64(offset)
                .u64(length);
            offset = (offset + length).next_multiple_of(8);
        }
        let mut file = Section::default();
        file.raw(&abi::REX_IMAGE_MAGIC)
            .u32(abi::REX_IMAGE_VERSION)
            .u32(self.sections.len() as u32)
            .u64(link_base)
            .u64(offset)
            .raw(&directory.bytes);
        for section in &self.sections {
            file.raw(&section.bytes);
            file.bytes.resize(file.bytes.len().next_multiple_of(8), 0);
        }
        file.bytes
    }
}

impl Image {
    /// The bytes of the container, with a digest of their own and `signature` as trailer if
    /// it is not empty. The result does not depend on `digest`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.segments(self);
        writer.code(self);
        writer.programs(self);
        writer.maps(self);
        writer.sources(self);
        let mut file = writer.file(self.link_base);
        let digest: [u8; abi::REX_DIGEST_LEN] = Sha256::digest(&file).into();
        file.extend_from_slice(&digest);
        if !self.signature.is_empty() {
            file.extend_from_slice(&abi::REX_SIGNATURE_MAGIC);
            file.extend_from_slice(&(self.signature.len() as u64).to_le_bytes());
            file.extend_from_slice(&self.signature);
        }
        file
    }
}
