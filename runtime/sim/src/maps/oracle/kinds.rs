// SPDX-License-Identifier: GPL-2.0-only
//! The kinds that evict, match prefixes, keep values per CPU or only remember.

use super::*;

const SMALL: Shape = Shape {
    kind: HASH,
    key_size: 4,
    value_size: 12,
    max_entries: 7,
    flags: 0,
};

#[test]
fn per_cpu_hash_agrees_with_the_kernel() {
    let shape = Shape {
        kind: PERCPU_HASH,
        ..SMALL
    };
    keyed_operations(shape, 12, 3000);
    keyed_operations(Shape { flags: 1, ..shape }, 12, 3000);
}

#[test]
fn lru_maps_with_room_agree_with_the_kernel() {
    for kind in [LRU_HASH, LRU_PERCPU_HASH] {
        let shape = Shape {
            kind,
            max_entries: 4096,
            ..SMALL
        };
        keyed_operations(shape, 12, 2000);
    }
}

#[test]
fn lru_maps_without_room_keep_the_kernels_bounds() {
    if !kernel_maps_work() {
        return;
    }
    for (kind, flags) in [(LRU_HASH, 0), (LRU_HASH, 2), (LRU_PERCPU_HASH, 0)] {
        let shape = Shape {
            kind,
            flags,
            max_entries: 32,
            ..SMALL
        };
        let kernel = KernelMap::create(&shape).unwrap();
        let map = ours(&shape);
        for number in 0..500u64 {
            let key = key_of(&shape, number);
            let mut value = vec![number as u8; kernel.value_size];
            kernel.element(UPDATE, &key, Some(&mut value), 1).unwrap();
            map.store(&key, New::All(&value), 1).unwrap();
            assert!(kernel.lookup(LOOKUP, &key).is_ok());
            assert!(value_of(&map, &key).is_ok(), "the newest entry stays");
        }
        for keys in keys_of(&kernel, &map) {
            assert!(!keys.is_empty() && keys.len() <= 32, "{kind}: {keys:?}");
        }
    }
}

#[test]
fn tries_agree_with_the_kernel() {
    for key_size in [5, 8, 20] {
        let shape = Shape {
            kind: LPM_TRIE,
            key_size,
            max_entries: 40,
            flags: 1,
            ..SMALL
        };
        keyed_operations(shape, 1 << 13, 4000);
    }
}

#[test]
fn bloom_filters_agree_with_the_kernel() {
    if !kernel_maps_work() {
        return;
    }
    let shape = Shape {
        kind: BLOOM_FILTER,
        key_size: 0,
        max_entries: 200,
        ..SMALL
    };
    let kernel = KernelMap::create(&shape).unwrap();
    let map = ours(&shape);
    for number in 0..200u8 {
        let mut value = [number; 12];
        let flags = u64::from(number % 4);
        let real = kernel.element(UPDATE, &[], Some(&mut value), flags);
        assert_eq!(map.push(&value, flags), real);
        let put_in = real.is_ok();
        let found = [
            kernel.element(LOOKUP, &[], Some(&mut value), 0).is_ok(),
            map.contains(&value).is_ok(),
        ];
        assert!(!put_in || found == [true, true]);
    }
    let others = (0..200u8).filter(|number| {
        map.contains(&[*number, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
            .is_ok()
    });
    assert!(others.count() < 40);
    assert_eq!(map.delete(&[]), kernel.element(DELETE, &[], None, 0));
}
