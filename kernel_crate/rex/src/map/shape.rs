// SPDX-License-Identifier: GPL-2.0-only
// Generated from runtime/abi/src/shape.rs by rex-abi-generate, do not edit.
//! Which maps the kernel creates, by kind, sizes and flags, and with which error number it
//! refuses the others: the `map_alloc_check` of `kernel/bpf/{hashtab,arraymap,lpm_trie,
//! queue_stack_maps,ringbuf,stackmap,bloom_filter}.c`.

use crate::abi::{
    REX_MAP_ARRAY, REX_MAP_BLOOM_FILTER, REX_MAP_HASH, REX_MAP_LPM_TRIE, REX_MAP_LRU_HASH,
    REX_MAP_LRU_PERCPU_HASH, REX_MAP_PERCPU_ARRAY, REX_MAP_PERCPU_HASH, REX_MAP_PERF_EVENT_ARRAY,
    REX_MAP_QUEUE, REX_MAP_RINGBUF, REX_MAP_STACK, REX_MAP_STACK_TRACE,
};

const NO_PREALLOC: u32 = 1 << 0;
const NO_COMMON_LRU: u32 = 1 << 1;
const NUMA_NODE: u32 = 1 << 2;
const RDONLY: u32 = 1 << 3;
const WRONLY: u32 = 1 << 4;
const STACK_BUILD_ID: u32 = 1 << 5;
const ZERO_SEED: u32 = 1 << 6;
const RDONLY_PROG: u32 = 1 << 7;
const WRONLY_PROG: u32 = 1 << 8;
const MMAPABLE: u32 = 1 << 10;
const PRESERVE_ELEMS: u32 = 1 << 11;
const INNER_MAP: u32 = 1 << 12;
const ACCESS: u32 = RDONLY | WRONLY | RDONLY_PROG | WRONLY_PROG;

/// Largest allocation of the kernel's slab allocator (`KMALLOC_MAX_SIZE`).
const KMALLOC_MAX: u64 = 4 << 20;
/// Largest per-CPU allocation (`PCPU_MIN_UNIT_SIZE`).
const PER_CPU_MAX: u64 = 32 << 10;
/// Bytes of the kernel's header of a hash element (`struct htab_elem`).
const HASH_HEADER: u64 = 48;
/// Bytes of a prefix, and of the kernel's header of a trie node (`struct lpm_trie_node`).
const PREFIX_MAX: u64 = 256;
const TRIE_HEADER: u64 = 40;
/// Default of `kernel.perf_event_max_stack`.
const MAX_STACK: u32 = 127;
const PAGE: u32 = 4096;

const E2BIG: i32 = 7;
const EINVAL: i32 = 22;
const ENOTSUPP: i32 = 524;

/// Kind and sizes of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// `BPF_MAP_TYPE_*`.
    pub kind: u32,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value.
    pub value_size: u32,
    /// Most entries, or bytes of a ring buffer.
    pub max_entries: u32,
    /// `BPF_F_*` creation flags.
    pub flags: u32,
}

/// Why a map is not created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// The kernel's error number, positive; 0 if there is no such kind here.
    pub errno: i32,
    /// The rule.
    pub rule: &'static str,
}

type Checked = Result<(), Refused>;

macro_rules! require {
    ($holds:expr, $errno:ident, $rule:literal) => {
        if !$holds {
            return Err(Refused {
                errno: $errno,
                rule: $rule,
            });
        }
    };
}

impl Shape {
    /// Checks the shape as the kernel does.
    pub(super) const fn check(&self) -> Checked {
        match self.kind {
            REX_MAP_HASH | REX_MAP_LRU_HASH | REX_MAP_PERCPU_HASH | REX_MAP_LRU_PERCPU_HASH => {
                self.check_hash()
            }
            REX_MAP_ARRAY | REX_MAP_PERCPU_ARRAY | REX_MAP_PERF_EVENT_ARRAY => self.check_array(),
            REX_MAP_LPM_TRIE => self.check_trie(),
            REX_MAP_QUEUE | REX_MAP_STACK => self.check_queue(),
            REX_MAP_BLOOM_FILTER => self.check_bloom(),
            REX_MAP_RINGBUF => self.check_ringbuf(),
            REX_MAP_STACK_TRACE => self.check_stack_trace(),
            _ => Err(Refused {
                errno: 0,
                rule: "this kind of map is not provided",
            }),
        }
    }

    /// Whether there is a value for each CPU.
    pub(super) const fn per_cpu(&self) -> bool {
        matches!(
            self.kind,
            REX_MAP_PERCPU_ARRAY | REX_MAP_PERCPU_HASH | REX_MAP_LRU_PERCPU_HASH
        )
    }

    /// Whether it makes room for new entries by dropping old ones.
    pub(super) const fn evicts(&self) -> bool {
        matches!(self.kind, REX_MAP_LRU_HASH | REX_MAP_LRU_PERCPU_HASH)
    }

    /// Bytes from one element to the next.
    pub(super) const fn stride(&self) -> u64 {
        (self.value_size as u64).next_multiple_of(8)
    }

    const fn check_hash(&self) -> Checked {
        let own_lists = self.flags & NO_COMMON_LRU != 0;
        let flags = NO_PREALLOC | NO_COMMON_LRU | NUMA_NODE | ACCESS | ZERO_SEED;
        require!(
            self.flags_within(flags),
            EINVAL,
            "a hash map does not take these flags"
        );
        require!(
            self.evicts() || !own_lists,
            EINVAL,
            "only an LRU map takes BPF_F_NO_COMMON_LRU"
        );
        require!(
            !self.evicts() || self.flags & NO_PREALLOC == 0,
            ENOTSUPP,
            "an LRU map does not take BPF_F_NO_PREALLOC, it is always preallocated"
        );
        require!(
            self.flags & NUMA_NODE == 0 || !(self.per_cpu() || own_lists),
            EINVAL,
            "a map with parts for each CPU does not take BPF_F_NUMA_NODE"
        );
        require!(self.key_size != 0, EINVAL, "a key has at least one byte");
        require!(
            self.has_values(),
            EINVAL,
            "a map has at least one entry and its values one byte"
        );
        require!(
            self.key_size as u64 + (self.value_size as u64) < KMALLOC_MAX - HASH_HEADER,
            E2BIG,
            "a key and a value fit 4 MiB together"
        );
        self.check_per_cpu()
    }

    const fn check_array(&self) -> Checked {
        let plain = self.kind == REX_MAP_ARRAY;
        let events = self.kind == REX_MAP_PERF_EVENT_ARRAY;
        require!(
            !events || self.value_size == 4,
            EINVAL,
            "a value of a perf event array has 4 bytes"
        );
        require!(
            self.key_size == 4,
            EINVAL,
            "the key of this kind of map has 4 bytes"
        );
        require!(
            self.has_values(),
            EINVAL,
            "a map has at least one entry and its values one byte"
        );
        let flags = NUMA_NODE | MMAPABLE | ACCESS | PRESERVE_ELEMS | INNER_MAP;
        require!(
            self.flags_within(flags),
            EINVAL,
            "an array does not take these flags"
        );
        require!(
            !self.per_cpu() || self.flags & NUMA_NODE == 0,
            EINVAL,
            "a map with parts for each CPU does not take BPF_F_NUMA_NODE"
        );
        require!(
            plain || self.flags & (MMAPABLE | INNER_MAP) == 0,
            EINVAL,
            "only an array takes BPF_F_MMAPABLE and BPF_F_INNER_MAP"
        );
        require!(
            events || self.flags & PRESERVE_ELEMS == 0,
            EINVAL,
            "only a perf event array takes BPF_F_PRESERVE_ELEMS"
        );
        require!(
            !events || self.flags & (RDONLY_PROG | WRONLY_PROG) == 0,
            EINVAL,
            "a perf event array does not take BPF_F_RDONLY_PROG and BPF_F_WRONLY_PROG"
        );
        require!(
            self.value_size <= i32::MAX as u32,
            E2BIG,
            "a value fits 2 GiB"
        );
        self.check_per_cpu()
    }

    const fn check_per_cpu(&self) -> Checked {
        require!(
            !self.per_cpu() || self.stride() <= PER_CPU_MAX,
            E2BIG,
            "a value for each CPU fits 32 KiB"
        );
        Ok(())
    }

    const fn check_trie(&self) -> Checked {
        require!(
            self.has_values(),
            EINVAL,
            "a map has at least one entry and its values one byte"
        );
        require!(
            self.flags & NO_PREALLOC != 0,
            EINVAL,
            "an LPM trie needs the flag BPF_F_NO_PREALLOC"
        );
        require!(
            self.flags_within(NO_PREALLOC | NUMA_NODE | ACCESS),
            EINVAL,
            "an LPM trie does not take these flags"
        );
        require!(
            self.key_size as u64 > 4 && self.key_size as u64 <= 4 + PREFIX_MAX,
            EINVAL,
            "the key of an LPM trie is a length of 4 bytes and 1 to 256 bytes of prefix"
        );
        require!(
            self.value_size as u64 <= KMALLOC_MAX - PREFIX_MAX - TRIE_HEADER,
            EINVAL,
            "a value of an LPM trie fits 4 MiB, less 296 bytes"
        );
        Ok(())
    }

    const fn check_queue(&self) -> Checked {
        require!(self.key_size == 0, EINVAL, "this kind of map has no keys");
        require!(
            self.has_values(),
            EINVAL,
            "a map has at least one entry and its values one byte"
        );
        require!(
            self.flags_within(NUMA_NODE | ACCESS),
            EINVAL,
            "a queue or stack does not take these flags"
        );
        require!(
            self.value_size as u64 <= KMALLOC_MAX,
            E2BIG,
            "a value fits 4 MiB"
        );
        Ok(())
    }

    const fn check_bloom(&self) -> Checked {
        require!(
            self.value_size as u64 <= KMALLOC_MAX,
            E2BIG,
            "a value fits 4 MiB"
        );
        require!(self.key_size == 0, EINVAL, "this kind of map has no keys");
        require!(
            self.has_values(),
            EINVAL,
            "a map has at least one entry and its values one byte"
        );
        require!(
            self.flags_within(NUMA_NODE | ZERO_SEED | ACCESS),
            EINVAL,
            "a bloom filter does not take these flags"
        );
        Ok(())
    }

    const fn check_ringbuf(&self) -> Checked {
        require!(
            self.flags_within(NUMA_NODE),
            EINVAL,
            "a ring buffer does not take these flags"
        );
        require!(
            self.key_size == 0 && self.value_size == 0,
            EINVAL,
            "a ring buffer has no keys and no values"
        );
        require!(
            self.max_entries.is_power_of_two() && self.max_entries.is_multiple_of(PAGE),
            EINVAL,
            "the size of a ring buffer is a power of two and a multiple of 4096 bytes"
        );
        Ok(())
    }

    const fn check_stack_trace(&self) -> Checked {
        require!(
            self.flags_within(NUMA_NODE | RDONLY | WRONLY | STACK_BUILD_ID),
            EINVAL,
            "a stack trace map does not take these flags"
        );
        let entry = if self.flags & STACK_BUILD_ID == 0 {
            8
        } else {
            32
        };
        require!(
            self.max_entries != 0
                && self.key_size == 4
                && self.value_size >= 8
                && self.value_size.is_multiple_of(entry)
                && self.value_size / entry <= MAX_STACK,
            EINVAL,
            "a stack trace map has an entry at least, keys of 4 bytes and values of 1 to 127 addresses"
        );
        Ok(())
    }

    const fn has_values(&self) -> bool {
        self.max_entries != 0 && self.value_size != 0
    }

    const fn flags_within(&self, allowed: u32) -> bool {
        let user = RDONLY | WRONLY;
        let program = RDONLY_PROG | WRONLY_PROG;
        self.flags & !allowed == 0 && self.flags & user != user && self.flags & program != program
    }
}
