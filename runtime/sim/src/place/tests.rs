// SPDX-License-Identifier: GPL-2.0-only
//! Placing a hand-made image.

use rex_image::{Fixup, Function, PatchSite, Segment};

use super::*;

const BASE: u64 = 0x1_0000;

/// One function: an entry NOP and a return; behind it constants, a map slot and data.
fn image() -> Image {
    let text = [
        &[0x0f, 0x1f, 0x44, 0, 8][..],
        &[0xe9, 1, 2, 3, 4],
        &[0xcc; 6],
    ]
    .concat();
    let segment = |kind, page: u64, bytes: Vec<u8>| Segment {
        kind,
        address: BASE + page * PAGE,
        memory_len: PAGE,
        bytes,
    };
    let site = |address, kind, old| PatchSite { address, kind, old };
    Image {
        link_base: BASE,
        segments: vec![
            segment(SegmentKind::Text, 0, text),
            segment(SegmentKind::Rodata, 1, vec![1; 16]),
            segment(SegmentKind::Maps, 2, vec![0; 64]),
            segment(SegmentKind::Data, 3, vec![2; 16]),
        ],
        fixups: vec![
            Fixup {
                place: BASE + PAGE,
                kind: FixupKind::Abs64,
                target: FixupTarget::Image(BASE + 3 * PAGE),
                addend: 4,
            },
            Fixup {
                place: BASE + PAGE + 8,
                kind: FixupKind::Pc32,
                target: FixupTarget::Import(0),
                addend: -4,
            },
        ],
        patch_sites: vec![
            site(BASE, PatchKind::EntryNop5, [0x0f, 0x1f, 0x44, 0, 8]),
            site(BASE + 5, PatchKind::Return, [0xe9, 1, 2, 3, 4]),
        ],
        imports: vec!["rex_cpu".into()],
        functions: vec![Function {
            address: BASE,
            size: 10,
            name: "f".into(),
            frame: 16,
            checked: true,
            chain_after: 100,
            address_taken: true,
        }],
        ..Image::default()
    }
}

fn refusal(image: &Image) -> String {
    Placed::new(image, &[], None).unwrap_err().to_string()
}

fn bytes<const N: usize>(placed: &Placed, address: u64) -> [u8; N] {
    // SAFETY: the tests read inside the image's readable segments.
    unsafe { *(placed.run_time(address) as *const [u8; N]) }
}

#[test]
fn fixups_sites_and_slots_are_written() {
    let image = image();
    let slot = rex_abi::rex_map_slot {
        map_type: 2,
        key_size: 4,
        value_size: 8,
        max_entries: 1,
        map_flags: 0,
        _pad: 0,
        handle: 0x1122,
        base: 0x3344,
        stride: 8,
        count: 1,
        _r: 0,
        _r2: 0,
    };
    let placed = Placed::new(&image, &[(BASE + 2 * PAGE, slot)], None).unwrap();
    let pointer = u64::from_le_bytes(bytes(&placed, BASE + PAGE));
    assert_eq!(pointer, placed.run_time(BASE + 3 * PAGE) + 4);
    let distance = i32::from_le_bytes(bytes(&placed, BASE + PAGE + 8));
    let stub = placed
        .run_time(BASE + PAGE + 8)
        .wrapping_add_signed(i64::from(distance) + 4);
    assert!(placed.in_code(stub) && stub > placed.run_time(BASE + 4 * PAGE));
    assert_eq!(bytes(&placed, BASE + 5), [0xc3, 0xcc, 0xcc, 0xcc, 0xcc]);
    assert_eq!(bytes::<1>(&placed, BASE), [0xe8]);
    let handle = u64::from_le_bytes(bytes(&placed, BASE + 2 * PAGE + 24));
    assert_eq!(handle, 0x1122);
}

#[test]
fn nothing_is_both_writable_and_executable() {
    let placed = Placed::new(&image(), &[], None).unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let access = |page: u64| {
        let address = placed.run_time(BASE + page * PAGE);
        let line = maps.lines().find(|line| {
            let (range, _) = line.split_once(' ').unwrap();
            let (start, end) = range.split_once('-').unwrap();
            let number = |text| u64::from_str_radix(text, 16).unwrap();
            (number(start)..number(end)).contains(&address)
        });
        line.unwrap().split(' ').nth(1).unwrap()[..3].to_owned()
    };
    assert_eq!([0, 1, 2, 3].map(access), ["r-x", "r--", "r--", "rw-"]);
}

#[test]
fn what_is_not_as_recorded_is_refused() {
    let mut changed = image();
    changed.segments[0].bytes[6] ^= 1;
    assert!(refusal(&changed).contains("0x10005"));
    let mut unknown = image();
    unknown.imports[0] = "system".into();
    assert!(refusal(&unknown).contains("`system`"));
    let mut deep = image();
    deep.functions[0].chain_after = 5000;
    assert!(refusal(&deep).contains("5000"));
    let mut large = image();
    large.functions[0].frame = 4104;
    assert!(refusal(&large).contains("`f`"));
}
