// SPDX-License-Identifier: GPL-2.0-only
//! Names of map kinds.

use rex_abi as abi;

/// What a person calls a kind of map.
pub fn kind_name(kind: u32) -> &'static str {
    match kind {
        abi::REX_MAP_HASH => "hash",
        abi::REX_MAP_ARRAY => "array",
        abi::REX_MAP_PERF_EVENT_ARRAY => "perf_event_array",
        abi::REX_MAP_PERCPU_HASH => "percpu_hash",
        abi::REX_MAP_PERCPU_ARRAY => "percpu_array",
        abi::REX_MAP_STACK_TRACE => "stack_trace",
        abi::REX_MAP_LRU_HASH => "lru_hash",
        abi::REX_MAP_LRU_PERCPU_HASH => "lru_percpu_hash",
        abi::REX_MAP_LPM_TRIE => "lpm_trie",
        abi::REX_MAP_QUEUE => "queue",
        abi::REX_MAP_STACK => "stack",
        abi::REX_MAP_RINGBUF => "ringbuf",
        abi::REX_MAP_BLOOM_FILTER => "bloom_filter",
        _ => "unknown",
    }
}
