// SPDX-License-Identifier: GPL-2.0-only
//! Which maps the kernel creates and which it refuses, with its error numbers.

use rex_abi as abi;

use crate::errno::Errno;

/// Hash table that evicts (`BPF_MAP_TYPE_LRU_HASH`).
pub const KIND_LRU_HASH: u32 = 9;

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
/// Default of `kernel.perf_event_max_stack`.
const MAX_STACK: u32 = 127;
const PAGE: u32 = 4096;

/// Kind and sizes of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
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
pub enum Refused {
    /// This target does not provide the kind.
    Kind,
    /// The kernel refuses the shape.
    Shape(Errno, &'static str),
}

/// What a person calls a kind of map.
pub fn kind_name(kind: u32) -> &'static str {
    match kind {
        abi::REX_MAP_HASH => "hash",
        abi::REX_MAP_ARRAY => "array",
        abi::REX_MAP_PERF_EVENT_ARRAY => "perf_event_array",
        abi::REX_MAP_PERCPU_ARRAY => "percpu_array",
        abi::REX_MAP_STACK_TRACE => "stack_trace",
        KIND_LRU_HASH => "lru_hash",
        abi::REX_MAP_QUEUE => "queue",
        abi::REX_MAP_STACK => "stack",
        abi::REX_MAP_RINGBUF => "ringbuf",
        _ => "unknown",
    }
}

impl Shape {
    /// Checks the shape as the kernel's `map_alloc_check` of its kind does.
    pub fn check(&self) -> Result<(), Refused> {
        match self.kind {
            abi::REX_MAP_HASH | KIND_LRU_HASH => self.check_hash(),
            abi::REX_MAP_ARRAY | abi::REX_MAP_PERCPU_ARRAY => self.check_array(),
            abi::REX_MAP_PERF_EVENT_ARRAY => {
                require(
                    self.value_size == 4,
                    Errno::EINVAL,
                    "its value must be 4 bytes",
                )?;
                self.check_array()
            }
            abi::REX_MAP_QUEUE | abi::REX_MAP_STACK => self.check_queue(),
            abi::REX_MAP_RINGBUF => self.check_ringbuf(),
            abi::REX_MAP_STACK_TRACE => self.check_stack_trace(),
            _ => Err(Refused::Kind),
        }
    }

    /// Bytes from one element to the next.
    pub fn stride(&self) -> u64 {
        u64::from(self.value_size).next_multiple_of(8)
    }

    fn check_hash(&self) -> Result<(), Refused> {
        let lru = self.kind == KIND_LRU_HASH;
        self.flags_within(NO_PREALLOC | NO_COMMON_LRU | NUMA_NODE | ACCESS | ZERO_SEED)?;
        require(
            lru || self.flags & NO_COMMON_LRU == 0,
            Errno::EINVAL,
            "only an LRU map takes NO_COMMON_LRU",
        )?;
        let preallocated = self.flags & NO_PREALLOC == 0;
        require(
            !lru || preallocated,
            Errno::ENOTSUPP,
            "an LRU map is always preallocated",
        )?;
        self.nonzero(true)?;
        let element = u64::from(self.key_size) + u64::from(self.value_size);
        require(
            element < KMALLOC_MAX - HASH_HEADER,
            Errno::E2BIG,
            "an element does not fit 4 MiB",
        )
    }

    fn check_array(&self) -> Result<(), Refused> {
        let plain = self.kind == abi::REX_MAP_ARRAY;
        let per_cpu = self.kind == abi::REX_MAP_PERCPU_ARRAY;
        require(self.key_size == 4, Errno::EINVAL, "its key must be 4 bytes")?;
        self.nonzero(false)?;
        self.flags_within(NUMA_NODE | MMAPABLE | ACCESS | PRESERVE_ELEMS | INNER_MAP)?;
        require(
            !per_cpu || self.flags & NUMA_NODE == 0,
            Errno::EINVAL,
            "a per-CPU map has no node",
        )?;
        require(
            plain || self.flags & (MMAPABLE | INNER_MAP) == 0,
            Errno::EINVAL,
            "only an array can be mapped or be an inner map",
        )?;
        require(
            self.kind == abi::REX_MAP_PERF_EVENT_ARRAY || self.flags & PRESERVE_ELEMS == 0,
            Errno::EINVAL,
            "only a perf event array preserves elements",
        )?;
        require(
            self.kind != abi::REX_MAP_PERF_EVENT_ARRAY
                || self.flags & (RDONLY_PROG | WRONLY_PROG) == 0,
            Errno::EINVAL,
            "a perf event array takes no program access flags",
        )?;
        require(
            i32::try_from(self.value_size).is_ok(),
            Errno::E2BIG,
            "a value does not fit 2 GiB",
        )?;
        require(
            !per_cpu || self.stride() <= PER_CPU_MAX,
            Errno::E2BIG,
            "a per-CPU value does not fit 32 KiB",
        )
    }

    fn check_queue(&self) -> Result<(), Refused> {
        require(self.key_size == 0, Errno::EINVAL, "it has no key")?;
        require(
            self.max_entries != 0 && self.value_size != 0,
            Errno::EINVAL,
            "its value and its number of entries must not be zero",
        )?;
        self.flags_within(NUMA_NODE | ACCESS)?;
        require(
            u64::from(self.value_size) <= KMALLOC_MAX,
            Errno::E2BIG,
            "a value does not fit 4 MiB",
        )
    }

    fn check_ringbuf(&self) -> Result<(), Refused> {
        self.flags_within(NUMA_NODE)?;
        require(
            self.key_size == 0 && self.value_size == 0,
            Errno::EINVAL,
            "it has no key and no value",
        )?;
        require(
            self.max_entries.is_power_of_two() && self.max_entries.is_multiple_of(PAGE),
            Errno::EINVAL,
            "its size must be a power of two and a multiple of 4096",
        )
    }

    fn check_stack_trace(&self) -> Result<(), Refused> {
        self.flags_within(NUMA_NODE | RDONLY | WRONLY | STACK_BUILD_ID)?;
        let entry = if self.flags & STACK_BUILD_ID == 0 {
            8
        } else {
            32
        };
        require(
            self.max_entries != 0
                && self.key_size == 4
                && self.value_size >= 8
                && self.value_size.is_multiple_of(entry)
                && self.value_size / entry <= MAX_STACK,
            Errno::EINVAL,
            "its key must be 4 bytes and its value 1 to 127 addresses of 8 bytes",
        )
    }

    fn nonzero(&self, key: bool) -> Result<(), Refused> {
        require(
            self.max_entries != 0 && self.value_size != 0 && (!key || self.key_size != 0),
            Errno::EINVAL,
            "its key, its value and its number of entries must not be zero",
        )
    }

    fn flags_within(&self, allowed: u32) -> Result<(), Refused> {
        let both = |a, b| self.flags & (a | b) == (a | b);
        require(
            self.flags & !allowed == 0 && !both(RDONLY, WRONLY) && !both(RDONLY_PROG, WRONLY_PROG),
            Errno::EINVAL,
            "the kernel does not take these flags for this kind",
        )
    }
}

fn require(holds: bool, errno: Errno, reason: &'static str) -> Result<(), Refused> {
    if holds {
        Ok(())
    } else {
        Err(Refused::Shape(errno, reason))
    }
}
