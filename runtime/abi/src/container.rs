// SPDX-License-Identifier: GPL-2.0-only
//! The container `NAME.rex`: header, directory, records. All little endian.
//!
//! A file is the header, `section_count` directory entries, the sections in the order of
//! their kind numbers, each starting on an 8-byte boundary with zero padding between, a
//! SHA-256 over every byte before it at `digest_offset`, and nothing or one signature
//! trailer. Every section is an array of fixed-size records except [`REX_SECTION_BYTES`]
//! and [`REX_SECTION_STRINGS`], whose record size is 1. A string is an offset and a length
//! into the latter.

/// First eight bytes of a container.
pub const REX_IMAGE_MAGIC: [u8; 8] = *b"REXIMG\0\x01";
/// Version of the layout described here.
pub const REX_IMAGE_VERSION: u32 = 1;
/// First eight bytes of a signature trailer.
pub const REX_SIGNATURE_MAGIC: [u8; 8] = *b"REXSIG\0\x01";
/// Address the first segment is linked at.
pub const REX_LINK_BASE: u64 = 0x1_0000;
/// Address the import slots are linked at; an image ends below it.
pub const REX_IMPORT_BASE: u64 = 0x400_0000;
/// Bytes between two import slots.
pub const REX_IMPORT_STRIDE: u64 = 16;
/// Segments start and end on multiples of this.
pub const REX_PAGE: u64 = 4096;
/// Bytes of a digest.
pub const REX_DIGEST_LEN: usize = 32;
/// Stands for "no record" where a record index is expected.
pub const REX_NONE: u32 = u32::MAX;

/// Section kind: [`rex_img_segment`] records.
pub const REX_SECTION_SEGMENTS: u32 = 1;
/// Section kind: [`rex_img_fixup`] records.
pub const REX_SECTION_FIXUPS: u32 = 2;
/// Section kind: [`rex_img_patch_site`] records.
pub const REX_SECTION_PATCH_SITES: u32 = 3;
/// Section kind: [`rex_img_string`] records, one per import.
pub const REX_SECTION_IMPORTS: u32 = 4;
/// Section kind: [`rex_img_program`] records.
pub const REX_SECTION_PROGRAMS: u32 = 5;
/// Section kind: [`rex_img_context`] records.
pub const REX_SECTION_CONTEXTS: u32 = 6;
/// Section kind: [`rex_img_field`] records.
pub const REX_SECTION_FIELDS: u32 = 7;
/// Section kind: [`rex_img_map`] records.
pub const REX_SECTION_MAPS: u32 = 8;
/// Section kind: [`rex_img_span`] records.
pub const REX_SECTION_SPANS: u32 = 9;
/// Section kind: `u64` valid values of enums inside keys and values.
pub const REX_SECTION_VALUES: u32 = 10;
/// Section kind: [`rex_img_function`] records.
pub const REX_SECTION_FUNCTIONS: u32 = 11;
/// Section kind: [`rex_img_range`] records.
pub const REX_SECTION_RANGES: u32 = 12;
/// Section kind: [`rex_img_frame`] records.
pub const REX_SECTION_FRAMES: u32 = 13;
/// Section kind: pairs of [`rex_img_string`], key and value of the build record.
pub const REX_SECTION_RECORD: u32 = 14;
/// Section kind: one [`rex_img_string`], the licence.
pub const REX_SECTION_LICENCE: u32 = 15;
/// Section kind: contents of segments, each on an 8-byte boundary.
pub const REX_SECTION_BYTES: u32 = 16;
/// Section kind: UTF-8 strings without separators.
pub const REX_SECTION_STRINGS: u32 = 17;
/// Number of sections; each kind occurs exactly once, in ascending order.
pub const REX_SECTION_COUNT: u32 = 17;

/// Segment kind: executable code.
pub const REX_SEGMENT_TEXT: u32 = 1;
/// Segment kind: constant data.
pub const REX_SEGMENT_RODATA: u32 = 2;
/// Segment kind: map slots, constant once the loader filled them.
pub const REX_SEGMENT_MAPS: u32 = 3;
/// Segment kind: initialised writable data.
pub const REX_SEGMENT_DATA: u32 = 4;
/// Segment kind: zeroed writable data.
pub const REX_SEGMENT_BSS: u32 = 5;

/// Fix-up: 8 bytes, the absolute address.
pub const REX_FIXUP_ABS64: u32 = 1;
/// Fix-up: 4 bytes, the absolute address, sign extended by the instruction.
pub const REX_FIXUP_ABS32S: u32 = 2;
/// Fix-up: 4 bytes, the address relative to the place.
pub const REX_FIXUP_PC32: u32 = 3;
/// Fix-up target: an address inside the image.
pub const REX_TARGET_IMAGE: u32 = 1;
/// Fix-up target: an import, by index.
pub const REX_TARGET_IMPORT: u32 = 2;

/// Patch site: the 5-byte NOP at a function's entry.
pub const REX_PATCH_ENTRY_NOP5: u32 = 1;
/// Patch site: `jmp rel32` that returns.
pub const REX_PATCH_RETURN: u32 = 2;
/// Patch site: `call rel32` that calls the address in r11.
pub const REX_PATCH_INDIRECT_CALL: u32 = 3;
/// Patch site: `jmp rel32` that jumps to the address in r11.
pub const REX_PATCH_INDIRECT_JUMP: u32 = 4;

/// Function flag: the entry NOP is to become a stack check.
pub const REX_FUNCTION_CHECKED: u32 = 1;
/// Function flag: its address is taken, so it may be called indirectly.
pub const REX_FUNCTION_ADDRESS_TAKEN: u32 = 2;
/// Field flag: signed.
pub const REX_FIELD_SIGNED: u32 = 1;
/// Field flag: a `__data_loc` descriptor.
pub const REX_FIELD_DATA_LOC: u32 = 2;
/// Span kind: padding inside a key.
pub const REX_SPAN_KEY_PADDING: u32 = 1;
/// Span kind: an enum inside a key.
pub const REX_SPAN_KEY_ENUM: u32 = 2;
/// Span kind: padding inside a value.
pub const REX_SPAN_VALUE_PADDING: u32 = 3;
/// Span kind: an enum inside a value.
pub const REX_SPAN_VALUE_ENUM: u32 = 4;

macro_rules! record {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[allow(non_camel_case_types)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }
    };
}

record! {
    /// Start of a container.
    rex_img_header {
        /// [`REX_IMAGE_MAGIC`].
        magic: [u8; 8],
        /// [`REX_IMAGE_VERSION`].
        version: u32,
        /// [`REX_SECTION_COUNT`].
        section_count: u32,
        /// Link address of the first segment.
        link_base: u64,
        /// File offset of the digest.
        digest_offset: u64,
    }
}
record! {
    /// A directory entry.
    rex_img_section {
        /// A `REX_SECTION_*` number.
        kind: u32,
        /// Bytes of one record.
        record_size: u32,
        /// File offset, a multiple of 8.
        offset: u64,
        /// Bytes, a multiple of `record_size`.
        length: u64,
    }
}
record! {
    /// A string.
    rex_img_string {
        /// Offset into the strings section.
        offset: u32,
        /// Bytes.
        length: u32,
    }
}
record! {
    /// A piece of the image in memory.
    rex_img_segment {
        /// A `REX_SEGMENT_*` number.
        kind: u32,
        /// Zero.
        reserved: u32,
        /// Link address, a multiple of [`REX_PAGE`].
        address: u64,
        /// Bytes in memory, at least `length`, the rest zero.
        memory_len: u64,
        /// Offset into the bytes section.
        offset: u64,
        /// Bytes in the file.
        length: u64,
    }
}
record! {
    /// A place the loader writes an address to.
    rex_img_fixup {
        /// Link address of the place.
        place: u64,
        /// Link address, or import index.
        value: u64,
        /// Added to the target's address.
        addend: i64,
        /// A `REX_FIXUP_*` number.
        kind: u32,
        /// A `REX_TARGET_*` number.
        target: u32,
    }
}
record! {
    /// Five bytes that the loader replaces as its CPU needs.
    rex_img_patch_site {
        /// Link address.
        address: u64,
        /// A `REX_PATCH_*` number.
        kind: u32,
        /// The bytes there now.
        old: [u8; 5],
        /// Zero.
        reserved: [u8; 7],
    }
}
record! {
    /// A program.
    rex_img_program {
        /// Name.
        name: rex_img_string,
        /// Attach target, may be empty.
        attach: rex_img_string,
        /// File of its definition, empty if unknown.
        file: rex_img_string,
        /// Line of its definition, 1-based, 0 if unknown.
        line: u32,
        /// Column of its definition, 1-based, 0 if unknown.
        column: u32,
        /// A `REX_PROG_*` number.
        kind: u32,
        /// Index of its context layout.
        context: u32,
        /// Link address of its entry.
        entry: u64,
        /// Verdict after a stop.
        default_verdict: u32,
        /// Zero.
        reserved: u32,
    }
}
record! {
    /// A context layout a program was compiled with.
    rex_img_context {
        /// Name.
        name: rex_img_string,
        /// Bytes a program may read.
        size: u32,
        /// Index of its first field.
        first_field: u32,
        /// Number of fields.
        field_count: u32,
        /// Zero.
        reserved: u32,
    }
}
record! {
    /// A field of a context layout.
    rex_img_field {
        /// Name in the kernel's format file.
        name: rex_img_string,
        /// Bytes from the start of the record.
        offset: u32,
        /// Bytes.
        size: u32,
        /// `REX_FIELD_*` flags.
        flags: u32,
        /// Zero.
        reserved: u32,
    }
}
record! {
    /// A map.
    rex_img_map {
        /// Name.
        name: rex_img_string,
        /// A `REX_MAP_*` number.
        kind: u32,
        /// Bytes of a key.
        key_size: u32,
        /// Bytes of a value.
        value_size: u32,
        /// Most entries.
        max_entries: u32,
        /// Creation flags.
        flags: u32,
        /// Number of spans.
        span_count: u32,
        /// Index of its first span.
        first_span: u32,
        /// Zero.
        reserved: u32,
        /// Link address of its slot.
        slot: u64,
    }
}
record! {
    /// A part of a key or value that needs care.
    rex_img_span {
        /// A `REX_SPAN_*` number.
        kind: u32,
        /// Bytes from the start of the key or value.
        offset: u32,
        /// Bytes.
        length: u32,
        /// Index of the first valid value of an enum.
        first_value: u32,
        /// Number of valid values, 0 for padding.
        value_count: u32,
        /// Zero.
        reserved: u32,
    }
}
record! {
    /// A function.
    rex_img_function {
        /// Link address.
        address: u64,
        /// Bytes.
        size: u64,
        /// Demangled name.
        name: rex_img_string,
        /// Bytes of its stack frame.
        frame: u32,
        /// `REX_FUNCTION_*` flags.
        flags: u32,
        /// Deepest stack use from here to the next check, in bytes.
        chain_after: u32,
        /// Zero.
        reserved: u32,
    }
}
record! {
    /// A run of code up to the next record's start.
    rex_img_range {
        /// Bytes from `link_base`.
        start: u32,
        /// Index of the innermost frame, or [`REX_NONE`].
        frame: u32,
    }
}
record! {
    /// A source position, inlined into `caller` if that is not [`REX_NONE`].
    rex_img_frame {
        /// Function.
        function: rex_img_string,
        /// File.
        file: rex_img_string,
        /// Line, 1-based, 0 if unknown.
        line: u32,
        /// Column, 1-based, 0 if unknown.
        column: u32,
        /// Index of the frame it was inlined into, smaller than its own.
        caller: u32,
        /// Zero.
        reserved: u32,
    }
}
