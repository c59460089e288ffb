// SPDX-License-Identifier: GPL-2.0-only
//! The container as a file: what is written is read back, and nothing else is.

use rex_abi as abi;
use rex_image::{
    BuildRecord, ContextField, ContextLayout, EnumField, Fixup, FixupKind, FixupTarget, Frame,
    Function, Image, ImageError, Location, Map, MapLayout, PatchKind, PatchSite, Program,
    ProgramKind, Segment, SegmentKind, SourceFrame, SourceMap, SourceRange, Span, ValueLayout,
};
use sha2::{Digest, Sha256};

const TEXT: u64 = abi::REX_LINK_BASE;
const RODATA: u64 = TEXT + 0x1000;
const MAPS: u64 = TEXT + 0x2000;
const BSS: u64 = TEXT + 0x3000;

/// A small image that uses every kind of record.
fn sample() -> Image {
    let nop = [0x0f, 0x1f, 0x44, 0x00, 0x08];
    let jump = [0xe9, 0xc7, 0x02, 0xff, 0x03];
    let mut text = vec![0xcc; 64];
    text[4..9].copy_from_slice(&nop);
    text[20..25].copy_from_slice(&jump);
    text[36..41].copy_from_slice(&nop);
    let mut slot = vec![0; 64];
    for (bytes, number) in slot.chunks_exact_mut(4).zip([1_u32, 8, 16, 100, 0]) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    let position = |function: &str, line| Frame {
        function: function.to_owned(),
        file: "src/main.rs".to_owned(),
        line,
        column: 5,
    };
    let function = |address, name: &str, address_taken: bool| Function {
        address,
        size: 32,
        name: name.to_owned(),
        frame: 40,
        checked: !address_taken,
        chain_after: 7,
        address_taken,
    };
    let segment = |kind, address, memory_len, bytes| Segment {
        kind,
        address,
        memory_len,
        bytes,
    };
    let mut image = Image {
        link_base: TEXT,
        segments: vec![
            segment(SegmentKind::Text, TEXT, 64, text),
            segment(SegmentKind::Rodata, RODATA, 24, vec![1; 24]),
            segment(SegmentKind::Maps, MAPS, 64, slot),
            segment(SegmentKind::Bss, BSS, 8, Vec::new()),
        ],
        fixups: vec![
            Fixup {
                place: TEXT + 12,
                kind: FixupKind::Pc32,
                target: FixupTarget::Import(0),
                addend: -4,
            },
            Fixup {
                place: TEXT + 28,
                kind: FixupKind::Abs32S,
                target: FixupTarget::Image(BSS),
                addend: 0,
            },
            Fixup {
                place: RODATA,
                kind: FixupKind::Abs64,
                target: FixupTarget::Image(TEXT + 32),
                addend: 0,
            },
        ],
        patch_sites: vec![
            PatchSite {
                address: TEXT + 4,
                kind: PatchKind::EntryNop5,
                old: nop,
            },
            PatchSite {
                address: TEXT + 20,
                kind: PatchKind::Return,
                old: jump,
            },
            PatchSite {
                address: TEXT + 36,
                kind: PatchKind::EntryNop5,
                old: nop,
            },
        ],
        imports: vec!["rex_trace".to_owned()],
        programs: vec![Program {
            name: "filter".to_owned(),
            kind: ProgramKind::Tracepoint,
            attach: "syscalls/sys_enter_dup".to_owned(),
            layout: ContextLayout {
                name: "syscalls/sys_enter_dup".to_owned(),
                size: 24,
                fields: vec![
                    ContextField {
                        name: "nr".to_owned(),
                        offset: 8,
                        size: 4,
                        signed: true,
                        data_loc: false,
                    },
                    ContextField {
                        name: "text".to_owned(),
                        offset: 16,
                        size: 4,
                        signed: false,
                        data_loc: true,
                    },
                ],
            },
            entry: TEXT,
            default_verdict: 2,
            source: Some(Location {
                file: "src/main.rs".to_owned(),
                line: 3,
                column: 1,
            }),
        }],
        maps: vec![Map {
            name: "table".to_owned(),
            kind: 1,
            key_size: 8,
            value_size: 16,
            max_entries: 100,
            flags: 0,
            slot: MAPS,
            layout: MapLayout {
                key: ValueLayout {
                    padding: vec![Span {
                        offset: 1,
                        length: 3,
                    }],
                    enums: Vec::new(),
                },
                value: ValueLayout {
                    padding: vec![Span {
                        offset: 12,
                        length: 4,
                    }],
                    enums: vec![EnumField {
                        span: Span {
                            offset: 4,
                            length: 1,
                        },
                        values: vec![0, 3, 9],
                    }],
                },
            },
        }],
        functions: vec![
            function(TEXT, "filter", false),
            function(TEXT + 32, "called", true),
        ],
        source_map: SourceMap {
            ranges: vec![
                SourceRange {
                    start: TEXT,
                    frame: Some(0),
                },
                SourceRange {
                    start: TEXT + 8,
                    frame: Some(1),
                },
                SourceRange {
                    start: TEXT + 32,
                    frame: None,
                },
            ],
            frames: vec![
                SourceFrame {
                    frame: position("filter", 3),
                    caller: None,
                },
                SourceFrame {
                    frame: position("inner", 9),
                    caller: Some(0),
                },
            ],
        },
        record: BuildRecord {
            entries: [("rustc".to_owned(), "1.96.0".to_owned())].into(),
        },
        licence: "GPL-2.0-only".to_owned(),
        digest: [0; 32],
        signature: Vec::new(),
    };
    image.digest = digest(&image.to_bytes());
    image
}

fn covered(bytes: &[u8]) -> usize {
    u64::from_le_bytes(bytes[24..32].try_into().expect("eight bytes")) as usize
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(&bytes[..covered(bytes)]).into()
}

/// Puts a fitting digest where the header says, if there is room.
fn reseal(bytes: &mut [u8]) {
    if bytes.len() < 32 {
        return;
    }
    let end = covered(bytes);
    if end.checked_add(32).is_some_and(|last| last <= bytes.len()) {
        let digest = digest(bytes);
        bytes[end..end + 32].copy_from_slice(&digest);
    }
}

#[test]
fn what_is_written_is_read_back() {
    let mut image = sample();
    image.validate().expect("the sample keeps the rules");
    assert_eq!(Image::parse(&image.to_bytes()).as_ref(), Ok(&image));
    image.signature = b"signed".to_vec();
    let bytes = image.to_bytes();
    assert_eq!(Image::parse(&bytes), Ok(image));
    assert_eq!(&bytes[bytes.len() - 6..], b"signed");
}

#[test]
fn the_bytes_are_those_the_header_file_describes() {
    let bytes = sample().to_bytes();
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    assert_eq!(bytes[..8], abi::REX_IMAGE_MAGIC);
    assert_eq!(
        (word(8), word(12)),
        (abi::REX_IMAGE_VERSION, abi::REX_SECTION_COUNT)
    );
    let entry = |kind: u32| {
        let at = size_of::<abi::rex_img_header>()
            + (kind as usize - 1) * size_of::<abi::rex_img_section>();
        assert_eq!(word(at), kind);
        (
            word(at + 4) as usize,
            long(at + 8) as usize,
            long(at + 16) as usize,
        )
    };
    let (size, at, length) = entry(abi::REX_SECTION_MAPS);
    assert_eq!((size, length), (size_of::<abi::rex_img_map>(), size));
    assert_eq!(
        word(at + core::mem::offset_of!(abi::rex_img_map, max_entries)),
        100
    );
    assert_eq!(
        long(at + core::mem::offset_of!(abi::rex_img_map, slot)),
        MAPS
    );
    let (size, at, _) = entry(abi::REX_SECTION_PROGRAMS);
    assert_eq!(size, size_of::<abi::rex_img_program>());
    assert_eq!(
        long(at + core::mem::offset_of!(abi::rex_img_program, entry)),
        TEXT
    );
    assert_eq!(
        word(at + core::mem::offset_of!(abi::rex_img_program, default_verdict)),
        2
    );
    let (size, at, _) = entry(abi::REX_SECTION_FUNCTIONS);
    assert_eq!(
        word(at + size + core::mem::offset_of!(abi::rex_img_function, flags)),
        abi::REX_FUNCTION_ADDRESS_TAKEN
    );
    let (size, at, _) = entry(abi::REX_SECTION_FRAMES);
    assert_eq!(
        word(at + size + core::mem::offset_of!(abi::rex_img_frame, line)),
        9
    );
    let (_, at, _) = entry(abi::REX_SECTION_PATCH_SITES);
    assert_eq!(
        bytes[at + core::mem::offset_of!(abi::rex_img_patch_site, old)..][..2],
        [0x0f, 0x1f]
    );
    let (_, at, length) = entry(abi::REX_SECTION_STRINGS);
    let strings = std::str::from_utf8(&bytes[at..at + length]).expect("UTF-8");
    assert_eq!(strings.matches("src/main.rs").count(), 1);
}

#[test]
fn frames_come_innermost_first() {
    let map = sample().source_map;
    let lines = |address| {
        map.locate(address)
            .iter()
            .map(|frame| frame.line)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(TEXT - 1), []);
    assert_eq!(lines(TEXT + 7), [3]);
    assert_eq!(lines(TEXT + 8), [9, 3]);
    assert_eq!(lines(TEXT + 40), []);
}

#[test]
fn every_changed_byte_and_every_cut_is_an_error() {
    let bytes = sample().to_bytes();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(Image::parse(&damaged).is_err(), "byte {at}");
        assert!(Image::parse(&bytes[..at]).is_err(), "cut at {at}");
    }
    let longer = [&bytes[..], b"more"].concat();
    assert!(Image::parse(&longer).is_err());
    assert_eq!(Image::parse(b"\x7fELF"), Err(ImageError::NotAnImage));
    let mut other = bytes.clone();
    other[8] = 2;
    assert_eq!(Image::parse(&other), Err(ImageError::Version { found: 2 }));
    let mut flipped = bytes;
    flipped[200] ^= 1;
    assert_eq!(Image::parse(&flipped), Err(ImageError::Digest));
}

/// xorshift64*, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// With a digest that fits, only the rules stand between a bad file and a loader.
#[test]
fn resealed_damage_never_panics_and_what_is_accepted_keeps_the_rules() {
    let bytes = sample().to_bytes();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut accepted, mut refused) = (0, 0);
    for round in 0..15_000 {
        let mut damaged = bytes.clone();
        for _ in 0..=random.below(3) {
            let at = 8 + random.below(damaged.len() - 8);
            match random.below(4) {
                0 => damaged[at] ^= 1 << random.below(8),
                1 => damaged[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
                2 => {
                    let wide = [0, u64::MAX, 1 << 63, (1 << 32) - 1, 1 << 32][random.below(5)]
                        .to_le_bytes();
                    let end = (at + 8).min(damaged.len());
                    damaged[at..end].copy_from_slice(&wide[..end - at]);
                }
                _ => {
                    let from = random.below(damaged.len() - 8);
                    let word: [u8; 4] = damaged[from..from + 4].try_into().expect("four bytes");
                    let end = (at + 4).min(damaged.len());
                    damaged[at..end].copy_from_slice(&word[..end - at]);
                }
            }
        }
        if random.below(8) == 0 {
            damaged.truncate(random.below(damaged.len()));
        }
        reseal(&mut damaged);
        match Image::parse(&damaged) {
            Err(_) => refused += 1,
            Ok(image) => {
                accepted += 1;
                image
                    .validate()
                    .unwrap_or_else(|error| panic!("round {round}: {error}"));
                let mut again =
                    Image::parse(&image.to_bytes()).expect("what was accepted can be written");
                again.digest = image.digest;
                assert_eq!(again, image, "round {round}");
            }
        }
    }
    // Names, lines and sizes may change freely; offsets, counts and addresses may not.
    assert!(
        accepted > 300 && refused > 5000,
        "{accepted} accepted, {refused} refused"
    );
}

/// Each row breaks one rule; the message names the record.
#[test]
fn each_rule_has_its_error() {
    type Break = fn(&mut Image);
    let rows: &[(&str, Break)] = &[
        ("segment 1 is not page aligned", |image| {
            image.segments[1].address += 8
        }),
        ("segment 1 overlaps", |image| {
            image.segments[1].address = TEXT
        }),
        ("segment 3 reaches into the import slots", |image| {
            image.segments[3].memory_len = 1 << 40
        }),
        ("segment 1 is the second of its kind", |image| {
            image.segments[1].kind = SegmentKind::Text
        }),
        ("image 0 has no text", |image| {
            image.segments[0].kind = SegmentKind::Data
        }),
        ("segment 1 has more bytes than memory", |image| {
            image.segments[1].memory_len = 8
        }),
        ("function 1 overlaps", |image| {
            image.functions[1].address = TEXT + 8
        }),
        ("function 1 is not inside the text", |image| {
            image.functions[1].size = 4096
        }),
        ("function 0 has a frame", |image| {
            image.functions[0].frame = 4097
        }),
        ("patch site 0 has old bytes", |image| {
            image.patch_sites[0].old[0] = 0
        }),
        ("patch site 1 is not inside one function", |image| {
            image.functions[0].size = 22;
        }),
        ("import 0 is not on the list", |image| {
            image.imports[0] = "printk".to_owned()
        }),
        ("import 1 occurs twice", |image| {
            image.imports.push("rex_trace".to_owned())
        }),
        ("fix-up 0 names an import", |image| {
            image.fixups[0].target = FixupTarget::Import(7)
        }),
        ("fix-up 0 overlaps a patch site", |image| {
            image.fixups[0].place = TEXT + 6
        }),
        ("fix-up 1 overlaps the one before it", |image| {
            image.fixups[1].place = TEXT + 14
        }),
        ("fix-up 1 points outside the image", |image| {
            image.fixups[1].target = FixupTarget::Image(0)
        }),
        ("fix-up 2 points into text", |image| {
            image.fixups[2].target = FixupTarget::Image(TEXT + 33)
        }),
        ("fix-up 2 points into text", |image| {
            image.fixups[2].addend = 1
        }),
        ("fix-up 2 is not inside the bytes", |image| {
            image.fixups[2].place = RODATA + 20
        }),
        ("fix-up 2 is in a map slot", |image| {
            image.fixups[2].place = MAPS + 24
        }),
        ("program 0 has an entry", |image| {
            image.programs[0].entry = TEXT + 1
        }),
        ("program 0 has no name", |image| {
            image.programs[0].name.clear()
        }),
        ("program 1 has the name", |image| {
            image.programs.push(image.programs[0].clone())
        }),
        ("program 0 has a context layout", |image| {
            image.programs[0].layout.fields[1].offset = 10
        }),
        ("program 0 has a context layout", |image| {
            image.programs[0].layout.size = 18
        }),
        ("map 0 has a slot outside", |image| {
            image.maps[0].slot = RODATA
        }),
        ("map 0 differs from the slot", |image| {
            image.maps[0].max_entries = 5
        }),
        ("map 0 differs from the slot", |image| {
            image.segments[2].bytes[24] = 1
        }),
        ("map 0 has a layout", |image| {
            image.maps[0].layout.value.padding[0].length = 5
        }),
        ("map 0 has a layout", |image| {
            image.maps[0].layout.value.enums[0].span.length = 3
        }),
        ("map 0 has a layout", |image| {
            image.maps[0].layout.value.enums[0].values.reverse()
        }),
        ("source range 1 is out of order", |image| {
            image.source_map.ranges[1].start = TEXT
        }),
        ("source range 1 names a frame", |image| {
            image.source_map.ranges[1].frame = Some(2)
        }),
        ("source frame 0 is inlined", |image| {
            image.source_map.frames[0].caller = Some(0)
        }),
    ];
    for (message, damage) in rows {
        let mut image = sample();
        damage(&mut image);
        let error = Image::parse(&image.to_bytes()).expect_err(message);
        assert!(
            error.to_string().contains(message),
            "expected `{message}`, found `{error}`"
        );
    }
}
