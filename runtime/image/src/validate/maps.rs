// SPDX-License-Identifier: GPL-2.0-only
//! The rules about maps.

use std::collections::HashSet;

use rex_abi as abi;

use super::{Result, holds_bytes, require, wrong};
use crate::image::{Image, Map, Segment, SegmentKind, ValueLayout};

impl Image {
    pub(super) fn check_maps(&self) -> Result {
        let mut names = HashSet::new();
        let slots = self
            .segments
            .iter()
            .find(|segment| segment.kind == SegmentKind::Maps);
        let slot_len = size_of::<abi::rex_map_slot>() as u64;
        let mut free = 0;
        for (index, map) in self.maps.iter().enumerate() {
            require!(!map.name.is_empty(), "map", index, "has no name");
            require!(
                names.insert(&map.name),
                "map",
                index,
                "has the name of another map"
            );
            let inside = slots.is_some_and(|slots| holds_bytes(slots, map.slot, slot_len));
            require!(inside, "map", index, "has a slot outside the map segment");
            require!(
                map.slot.is_multiple_of(8),
                "map",
                index,
                "has a slot that is not aligned to 8"
            );
            require!(
                map.slot >= free,
                "map",
                index,
                "has a slot that overlaps another or is out of order"
            );
            let same = slots.is_some_and(|slots| slot_matches(slots, map));
            require!(
                same,
                "map",
                index,
                "differs from the slot in the map segment"
            );
            // The layout of a perf event array is that of what is sent to it.
            let value_size = match map.kind {
                abi::REX_MAP_PERF_EVENT_ARRAY => u32::MAX,
                _ => map.value_size,
            };
            let fits = layout_fits(&map.layout.key, map.key_size)
                && layout_fits(&map.layout.value, value_size);
            require!(
                fits,
                "map",
                index,
                "has a layout that does not fit its key or value"
            );
            free = map.slot + slot_len;
        }
        Ok(())
    }
}

/// Whether the slot holds the map's numbers and nothing in the part a loader fills.
fn slot_matches(slots: &Segment, map: &Map) -> bool {
    let start = (map.slot - slots.address) as usize;
    let numbers = [
        map.kind,
        map.key_size,
        map.value_size,
        map.max_entries,
        map.flags,
    ];
    let mut expected = [0; size_of::<abi::rex_map_slot>()];
    for (bytes, number) in expected.chunks_exact_mut(4).zip(numbers) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    slots.bytes.get(start..start + expected.len()) == Some(&expected)
}

fn layout_fits(layout: &ValueLayout, size: u32) -> bool {
    let mut free = 0;
    let padding_fits = layout.padding.iter().all(|span| {
        let fits = span.length > 0 && span.offset >= free;
        free = span.offset.saturating_add(span.length);
        fits && free <= size
    });
    padding_fits
        && layout.enums.iter().all(|field| {
            matches!(field.span.length, 1 | 2 | 4 | 8)
                && field
                    .span
                    .offset
                    .checked_add(field.span.length)
                    .is_some_and(|end| end <= size)
                && field.values.is_sorted()
        })
}
