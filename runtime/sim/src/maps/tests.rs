// SPDX-License-Identifier: GPL-2.0-only
//! Known answers of the kernel's maps, for machines where bpf(2) cannot be asked.

use rex_image::{MapLayout, Span, ValueLayout};

use rex_abi::Shape;

use super::Map;
use super::outside::Unwritten;
use crate::errno::Errno;
use crate::error::LoadError;

fn declare(shape: Shape, layout: MapLayout) -> rex_image::Map {
    rex_image::Map {
        name: "map".into(),
        kind: shape.kind,
        key_size: shape.key_size,
        value_size: shape.value_size,
        max_entries: shape.max_entries,
        flags: shape.flags,
        slot: 0,
        layout,
    }
}

fn create(kind: u32, key_size: u32, value_size: u32, max_entries: u32) -> Result<Map, LoadError> {
    let shape = Shape {
        kind,
        key_size,
        value_size,
        max_entries,
        flags: 0,
    };
    Map::create(&declare(shape, MapLayout::default()), 2)
}

fn read(map: &Map, key: &[u8]) -> Option<Vec<u8>> {
    let value = map.lookup(0, key)?;
    // SAFETY: the map gave the address of a value of this size.
    Some(unsafe { std::slice::from_raw_parts(value, map.shape.value_size as usize).to_vec() })
}

#[test]
fn a_full_hash_says_so_and_deleting_makes_room() {
    let map = create(rex_abi::REX_MAP_HASH, 4, 8, 2).unwrap();
    map.update(0, &[1; 4], &[1; 8], 0).unwrap();
    map.update(0, &[2; 4], &[2; 8], 1).unwrap();
    assert_eq!(map.update(0, &[3; 4], &[3; 8], 0), Err(Errno::E2BIG));
    assert_eq!(map.update(0, &[1; 4], &[3; 8], 1), Err(Errno::EEXIST));
    assert_eq!(map.update(0, &[3; 4], &[3; 8], 2), Err(Errno::ENOENT));
    assert_eq!(map.update(0, &[1; 4], &[3; 8], 3), Err(Errno::EINVAL));
    assert_eq!(map.delete(&[3; 4]), Err(Errno::ENOENT));
    map.delete(&[1; 4]).unwrap();
    map.update(0, &[3; 4], &[3; 8], 0).unwrap();
    assert_eq!(read(&map, &[3; 4]), Some(vec![3; 8]));
    assert_eq!(read(&map, &[1; 4]), None);
}

#[test]
fn values_stay_where_they_are() {
    let map = create(rex_abi::REX_MAP_HASH, 4, 8, 100).unwrap();
    map.update(0, &[0; 4], &[7; 8], 0).unwrap();
    let address = map.lookup(0, &[0; 4]).unwrap();
    for key in 1..100u32 {
        map.update(0, &key.to_ne_bytes(), &[1; 8], 0).unwrap();
    }
    map.update(0, &[0; 4], &[9; 8], 2).unwrap();
    assert_eq!(map.lookup(0, &[0; 4]), Some(address));
    assert_eq!(read(&map, &[0; 4]), Some(vec![9; 8]));
}

#[test]
fn the_least_recently_used_entry_goes() {
    let map = create(rex_abi::REX_MAP_LRU_HASH, 4, 4, 2).unwrap();
    map.update(0, &[1; 4], &[1; 4], 0).unwrap();
    map.update(0, &[2; 4], &[2; 4], 0).unwrap();
    read(&map, &[1; 4]).unwrap();
    map.update(0, &[3; 4], &[3; 4], 0).unwrap();
    assert_eq!(read(&map, &[2; 4]), None);
    assert_eq!(read(&map, &[1; 4]), Some(vec![1; 4]));
}

#[test]
fn arrays_have_bounds_and_cannot_lose_elements() {
    let map = create(rex_abi::REX_MAP_ARRAY, 4, 12, 3).unwrap();
    let key = |index: u32| index.to_ne_bytes();
    assert_eq!(map.update(0, &key(3), &[1; 12], 0), Err(Errno::E2BIG));
    assert_eq!(map.update(0, &key(0), &[1; 12], 1), Err(Errno::EEXIST));
    assert_eq!(map.delete(&key(0)), Err(Errno::EINVAL));
    assert_eq!(read(&map, &key(3)), None);
    map.update(0, &key(2), &[5; 12], 2).unwrap();
    assert_eq!(read(&map, &key(2)), Some(vec![5; 12]));
    let slot = map.slot(77);
    assert_eq!((slot.handle, slot.stride, slot.count), (77, 16, 3));
    assert_eq!(map.lookup(0, &key(2)).unwrap() as u64, slot.base + 32);
}

#[test]
fn each_cpu_has_its_own_value() {
    let map = create(rex_abi::REX_MAP_PERCPU_ARRAY, 4, 4, 1).unwrap();
    map.update(1, &[0; 4], &[9; 4], 0).unwrap();
    assert_eq!(read(&map, &[0; 4]), Some(vec![0; 4]));
    assert_eq!(
        map.entries(1)[0].1,
        [0, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 0, 0, 0, 0]
    );
    assert_eq!(map.slot(1).base, 0);
}

#[test]
fn a_per_cpu_hash_gives_each_cpu_its_own() {
    let map = create(rex_abi::REX_MAP_PERCPU_HASH, 4, 4, 2).unwrap();
    let cpu_of = |cpu| {
        let mut out = [9; 4];
        map.read_cpu(&[1; 4], cpu, &mut out).map(|()| out)
    };
    assert_eq!(cpu_of(0), Err(Errno::ENOENT));
    map.update(1, &[1; 4], &[5; 4], 1).unwrap();
    assert_eq!((cpu_of(0), cpu_of(1)), (Ok([0; 4]), Ok([5; 4])));
    map.update(0, &[1; 4], &[6; 4], 2).unwrap();
    assert_eq!((cpu_of(0), cpu_of(1)), (Ok([6; 4]), Ok([5; 4])));
    assert_eq!(cpu_of(2), Err(Errno::ENOENT));
    // The element is used again, by another key: nothing of the first is left.
    map.delete(&[1; 4]).unwrap();
    map.update(1, &[2; 4], &[7; 4], 0).unwrap();
    assert_eq!(read(&map, &[2; 4]), Some(vec![0; 4]));
}

#[test]
fn the_longest_prefix_is_found() {
    let shape = Shape {
        kind: rex_abi::REX_MAP_LPM_TRIE,
        key_size: 8,
        value_size: 1,
        max_entries: 3,
        flags: 1,
    };
    let map = Map::create(&declare(shape, MapLayout::default()), 1).unwrap();
    let key = |length: u32, data: [u8; 4]| [length.to_ne_bytes(), data].concat();
    map.update(0, &key(8, [10, 0, 0, 0]), &[1], 0).unwrap();
    map.update(0, &key(17, [10, 1, 128, 77]), &[2], 1).unwrap();
    map.update(0, &key(0, [0; 4]), &[3], 0).unwrap();
    for (data, value) in [
        ([10, 1, 200, 1], 2),
        ([10, 1, 100, 1], 1),
        ([11, 1, 100, 1], 3),
    ] {
        assert_eq!(read(&map, &key(32, data)), Some(vec![value]), "{data:?}");
    }
    assert_eq!(read(&map, &key(33, [10; 4])), None);
    let another = key(9, [10; 4]);
    assert_eq!(map.update(0, &another, &[4], 0), Err(Errno::ENOSPC));
    assert_eq!(map.update(0, &key(33, [1; 4]), &[4], 0), Err(Errno::EINVAL));
    assert_eq!(map.delete(&another), Err(Errno::ENOENT));
    map.delete(&key(17, [10, 1, 128, 0])).unwrap();
    assert_eq!(read(&map, &key(32, [10, 1, 200, 1])), Some(vec![1]));
}

#[test]
fn keys_follow_one_another_while_entries_come_and_go() {
    for (kind, flags) in [
        (rex_abi::REX_MAP_HASH, 0),
        (rex_abi::REX_MAP_LRU_HASH, 0),
        (rex_abi::REX_MAP_LPM_TRIE, 1),
    ] {
        let shape = Shape {
            kind,
            key_size: 5,
            value_size: 1,
            max_entries: 64,
            flags,
        };
        let map = Map::create(&declare(shape, MapLayout::default()), 1).unwrap();
        for number in 0..40 {
            map.update(0, &[8, 0, 0, 0, number], &[1], 0).unwrap();
        }
        // Each key is deleted once the one after it is known.
        let (mut seen, mut key) = (0, [0; 5]);
        let mut more = map.next_key(None, &mut key).is_ok();
        while more {
            let mut next = [0; 5];
            more = map.next_key(Some(&key), &mut next).is_ok();
            map.delete(&key).unwrap();
            (seen, key) = (seen + 1, next);
        }
        assert_eq!(seen, 40, "{kind}");
        assert_eq!(map.next_key(None, &mut key), Err(Errno::ENOENT));
    }
    let array = create(rex_abi::REX_MAP_ARRAY, 4, 4, 2).unwrap();
    let mut key = [0; 4];
    array.next_key(Some(&[9; 4]), &mut key).unwrap();
    assert_eq!(key, [0; 4]);
    let queue = create(rex_abi::REX_MAP_QUEUE, 0, 4, 2).unwrap();
    assert_eq!(queue.next_key(None, &mut []), Err(Errno::EOPNOTSUPP));
}

#[test]
fn what_is_read_from_outside_has_no_padding() {
    let layout = ValueLayout {
        padding: vec![Span {
            offset: 1,
            length: 3,
        }],
        enums: vec![],
    };
    for (kind, cpus) in [
        (rex_abi::REX_MAP_ARRAY, 1),
        (rex_abi::REX_MAP_PERCPU_ARRAY, 2),
    ] {
        let shape = Shape {
            kind,
            key_size: 4,
            value_size: 12,
            max_entries: 1,
            flags: 0,
        };
        let layout = MapLayout {
            key: ValueLayout::default(),
            value: layout.clone(),
        };
        let map = Map::create(&declare(shape, layout), cpus).unwrap();
        for cpu in 0..cpus {
            let value = map.lookup(cpu as u32, &[0; 4]).unwrap();
            // SAFETY: the map gave the address of a value of this size. This is what
            // `*value = ...` does in a program: padding comes along.
            unsafe { value.write_bytes(7, 12) };
        }
        let expected = [7, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7];
        for value in map.entries(1)[0].1.chunks(16) {
            assert_eq!(value[..12], expected);
        }
    }
}

#[test]
fn writes_from_outside_are_checked_against_the_types() {
    let state = rex_image::EnumField {
        span: Span {
            offset: 4,
            length: 2,
        },
        values: vec![1, 7],
    };
    let layout = MapLayout {
        key: ValueLayout::default(),
        value: ValueLayout {
            padding: vec![],
            enums: vec![state],
        },
    };
    let shape = Shape {
        kind: rex_abi::REX_MAP_PERCPU_HASH,
        key_size: 4,
        value_size: 6,
        max_entries: 1,
        flags: 0,
    };
    let map = Map::create(&declare(shape, layout.clone()), 2).unwrap();
    let good = vec![9, 9, 9, 9, 7, 0];
    let bad = vec![9, 9, 9, 9, 2, 0];
    let invalid = |outcome| match outcome {
        Err(Unwritten::Invalid(text)) => text,
        other => panic!("{other:?}"),
    };
    let text = invalid(map.write(&[1; 4], std::slice::from_ref(&bad), 0));
    assert_eq!(
        text,
        "the enum at byte 4 of the value would be 2, expected one of 1, 7"
    );
    invalid(map.write(&[1; 4], &[good.clone(), bad], 0));
    invalid(map.write(&[1; 3], std::slice::from_ref(&good), 0));
    invalid(map.write(&[1; 4], &[vec![0; 5]], 0));
    invalid(map.write(&[1; 4], &[], 0));
    assert!(map.entries(1).is_empty(), "nothing was written");
    map.write(&[1; 4], std::slice::from_ref(&good), 1).unwrap();
    let second = vec![8, 8, 8, 8, 1, 0];
    map.write(&[1; 4], &[good.clone(), second.clone()], 2)
        .unwrap();
    assert_eq!(
        map.entries(1)[0].1,
        [&good[..], &[0, 0], &second, &[0, 0]].concat()
    );
    let full = map.write(&[2; 4], &[good], 0);
    assert_eq!(full, Err(Unwritten::Errno(Errno::E2BIG)));
    assert_eq!(map.erase(&[2; 4]), Err(Unwritten::Errno(Errno::ENOENT)));
    map.erase(&[1; 4]).unwrap();
    let frozen = Shape { flags: 8, ..shape };
    let frozen = Map::create(&declare(frozen, layout), 2).unwrap();
    assert_eq!(frozen.erase(&[1; 4]), Err(Unwritten::Errno(Errno::EPERM)));
}

#[test]
fn queue_and_stack_order() {
    for (kind, first) in [(rex_abi::REX_MAP_QUEUE, 2), (rex_abi::REX_MAP_STACK, 3)] {
        let map = create(kind, 0, 1, 2).unwrap();
        let mut out = [9];
        assert_eq!(map.next(&mut out, true), Err(Errno::ENOENT));
        assert_eq!(out, [0]);
        map.push(&[1], 0).unwrap();
        map.push(&[2], 0).unwrap();
        assert_eq!(map.push(&[3], 0), Err(Errno::E2BIG));
        assert_eq!(map.push(&[3], 1), Err(Errno::EINVAL));
        map.push(&[3], 2).unwrap();
        map.next(&mut out, false).unwrap();
        assert_eq!(out, [first]);
        map.next(&mut out, true).unwrap();
        assert_eq!(out, [first]);
    }
}

#[test]
fn padding_does_not_tell_keys_apart() {
    let layout = ValueLayout {
        padding: vec![Span {
            offset: 1,
            length: 3,
        }],
        enums: vec![],
    };
    let shape = Shape {
        kind: rex_abi::REX_MAP_HASH,
        key_size: 8,
        value_size: 8,
        max_entries: 4,
        flags: 0,
    };
    let both = MapLayout {
        key: layout.clone(),
        value: layout,
    };
    let map = Map::create(&declare(shape, both), 1).unwrap();
    map.update(0, &[1, 7, 7, 7, 2, 2, 2, 2], &[5; 8], 0)
        .unwrap();
    let found = read(&map, &[1, 8, 8, 8, 2, 2, 2, 2]);
    assert_eq!(found, Some(vec![5, 0, 0, 0, 5, 5, 5, 5]));
    map.delete(&[1, 0, 0, 0, 2, 2, 2, 2]).unwrap();
}

#[test]
fn what_the_kernel_refuses_is_refused_with_its_number() {
    for (kind, key_size, value_size, max_entries, errno) in [
        (rex_abi::REX_MAP_HASH, 0, 8, 1, Errno::EINVAL),
        (rex_abi::REX_MAP_HASH, 4, 5 << 20, 1, Errno::E2BIG),
        (rex_abi::REX_MAP_ARRAY, 8, 8, 1, Errno::EINVAL),
        (rex_abi::REX_MAP_ARRAY, 4, 8, 0, Errno::EINVAL),
        (rex_abi::REX_MAP_PERCPU_ARRAY, 4, 33 << 10, 1, Errno::E2BIG),
        (rex_abi::REX_MAP_QUEUE, 4, 8, 1, Errno::EINVAL),
        (rex_abi::REX_MAP_RINGBUF, 0, 0, 4097, Errno::EINVAL),
        (rex_abi::REX_MAP_RINGBUF, 0, 0, 2048, Errno::EINVAL),
        (rex_abi::REX_MAP_RINGBUF, 0, 8, 4096, Errno::EINVAL),
        (rex_abi::REX_MAP_STACK_TRACE, 4, 12, 1, Errno::EINVAL),
    ] {
        match create(kind, key_size, value_size, max_entries).err() {
            Some(LoadError::Map { errno: found, .. }) => assert_eq!(found, errno.0, "{kind}"),
            other => panic!("{kind}: {other:?}"),
        }
    }
    assert!(matches!(
        create(12, 4, 4, 1).err(),
        Some(LoadError::MapKind { kind: 12, .. })
    ));
}

#[test]
fn ring_buffer_wraps_and_fills_as_the_kernels() {
    let map = create(rex_abi::REX_MAP_RINGBUF, 0, 0, 4096).unwrap();
    let ring = map.ring().unwrap();
    assert_eq!(ring.reserve(4089, 0), None);
    assert_eq!(ring.reserve(8, 1), None);
    // 4096 bytes would make the buffer look empty: 4088 is the largest record.
    assert_eq!(ring.reserve(4088, 0), None);
    let large = ring.reserve(4080, 0).unwrap();
    assert_eq!(ring.reserve(0, 0), None);
    assert_eq!(
        (ring.query(0), ring.query(1), ring.query(3)),
        (4088, 4096, 4088)
    );
    assert!(ring.take().is_empty(), "not submitted yet");
    ring.commit(large, false);
    assert_eq!(ring.take().len(), 1);
    assert_eq!((ring.query(0), ring.query(2)), (0, 4088));
    // The next record crosses the end of the buffer in one piece.
    ring.output(&[7; 100], 0).unwrap();
    assert_eq!(ring.entries(), [(vec![], vec![7; 100])]);
    let given_up = ring.reserve(16, 0).unwrap();
    ring.output(&[8; 5], 2).unwrap();
    ring.commit(given_up, true);
    assert_eq!(ring.take(), [(vec![], vec![7; 100]), (vec![], vec![8; 5])]);
    assert_eq!(ring.output(&[1], 4), Err(Errno::EINVAL));
    assert_eq!(ring.output(&[1; 5000], 0), Err(Errno::EAGAIN));
    assert_eq!(ring.query(9), 0);
}
