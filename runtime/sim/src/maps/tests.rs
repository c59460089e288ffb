// SPDX-License-Identifier: GPL-2.0-only
//! Known answers of the kernel's maps, for machines where bpf(2) cannot be asked.

use rex_image::{MapLayout, Span, ValueLayout};

use super::{KIND_LRU_HASH, Map, Shape};
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
    let map = create(KIND_LRU_HASH, 4, 4, 2).unwrap();
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
        create(11, 8, 8, 1).err(),
        Some(LoadError::MapKind { kind: 11, .. })
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
