// SPDX-License-Identifier: GPL-2.0-only
//! Compares our maps with the kernel's own, through bpf(2): the same random operations must
//! give the same results and error numbers.
//!
//! Needs a user for whom bpf(2) works. Where it does not, the comparison says so and the
//! table of known answers below still holds.

mod kinds;

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use rex_image::MapLayout;

use rex_abi::Shape;

use super::Map;
use super::values::New;
use crate::errno::Errno;

const MAP_CREATE: i64 = 0;
const LOOKUP: i64 = 1;
const UPDATE: i64 = 2;
const DELETE: i64 = 3;
const NEXT_KEY: i64 = 4;
const LOOKUP_AND_DELETE: i64 = 21;

const HASH: u32 = rex_abi::REX_MAP_HASH;
const LRU_HASH: u32 = rex_abi::REX_MAP_LRU_HASH;
const PERCPU_HASH: u32 = rex_abi::REX_MAP_PERCPU_HASH;
const LRU_PERCPU_HASH: u32 = rex_abi::REX_MAP_LRU_PERCPU_HASH;
const LPM_TRIE: u32 = rex_abi::REX_MAP_LPM_TRIE;
const BLOOM_FILTER: u32 = rex_abi::REX_MAP_BLOOM_FILTER;
const ARRAY: u32 = rex_abi::REX_MAP_ARRAY;
const PERF_EVENT_ARRAY: u32 = rex_abi::REX_MAP_PERF_EVENT_ARRAY;
const PERCPU_ARRAY: u32 = rex_abi::REX_MAP_PERCPU_ARRAY;
const STACK_TRACE: u32 = rex_abi::REX_MAP_STACK_TRACE;
const QUEUE: u32 = rex_abi::REX_MAP_QUEUE;
const STACK: u32 = rex_abi::REX_MAP_STACK;
const RINGBUF: u32 = rex_abi::REX_MAP_RINGBUF;

/// Start of `union bpf_attr` for `BPF_MAP_CREATE`.
#[repr(C)]
#[derive(Default)]
struct CreateAttributes {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    map_flags: u32,
    rest: [u32; 16],
}

/// `union bpf_attr` for the element commands.
#[repr(C)]
struct ElementAttributes {
    map_fd: u32,
    _pad: u32,
    key: u64,
    value: u64,
    flags: u64,
}

/// The system call, with attributes as large as `T`.
pub(crate) fn bpf<T>(command: i64, attributes: &T) -> Result<i64, Errno> {
    // SAFETY: the attributes are laid out as the command wants them, and pointers in them
    // are to buffers of the sizes the map was created with.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            &raw const *attributes,
            mem::size_of::<T>(),
        )
    };
    if result < 0 {
        return Err(Errno(
            io::Error::last_os_error().raw_os_error().unwrap_or(0),
        ));
    }
    Ok(result)
}

/// A map in the kernel.
struct KernelMap {
    fd: OwnedFd,
    value_size: usize,
}

impl KernelMap {
    fn create(shape: &Shape) -> Result<Self, Errno> {
        let attributes = CreateAttributes {
            map_type: shape.kind,
            key_size: shape.key_size,
            value_size: shape.value_size,
            max_entries: shape.max_entries,
            map_flags: shape.flags,
            rest: [0; 16],
        };
        let fd = bpf(MAP_CREATE, &attributes)?;
        // SAFETY: the descriptor was just made and is owned by nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(fd as i32) };
        let value_size = match shape.per_cpu() {
            true => (shape.stride() as usize) * possible_cpus(),
            false => shape.value_size as usize,
        };
        Ok(Self { fd, value_size })
    }

    fn element(
        &self,
        command: i64,
        key: &[u8],
        value: Option<&mut [u8]>,
        flags: u64,
    ) -> Result<(), Errno> {
        let attributes = ElementAttributes {
            map_fd: self.fd.as_raw_fd() as u32,
            _pad: 0,
            key: if key.is_empty() {
                0
            } else {
                key.as_ptr() as u64
            },
            value: value.map_or(0, |value| value.as_mut_ptr() as u64),
            flags,
        };
        bpf(command, &attributes).map(drop)
    }

    fn lookup(&self, command: i64, key: &[u8]) -> Result<Vec<u8>, Errno> {
        let mut value = vec![0xa5; self.value_size];
        self.element(command, key, Some(&mut value), 0)?;
        Ok(value)
    }
}

/// CPUs as the kernel counts them for per-CPU values.
fn possible_cpus() -> usize {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/possible").unwrap();
    let last = text.trim().rsplit(['-', ',']).next().unwrap();
    last.parse::<usize>().unwrap() + 1
}

/// Whether this user can create maps.
fn kernel_maps_work() -> bool {
    let shape = Shape {
        kind: HASH,
        key_size: 4,
        value_size: 4,
        max_entries: 1,
        flags: 0,
    };
    match KernelMap::create(&shape) {
        Ok(_) => true,
        Err(errno) => {
            println!(
                "bpf(2) does not work here (errno {}): compared with the table only",
                errno.0
            );
            false
        }
    }
}

fn ours(shape: &Shape) -> Map {
    let declared = rex_image::Map {
        name: "map".into(),
        kind: shape.kind,
        key_size: shape.key_size,
        value_size: shape.value_size,
        max_entries: shape.max_entries,
        flags: shape.flags,
        slot: 0,
        layout: MapLayout::default(),
    };
    Map::create(&declared, possible_cpus()).unwrap()
}

/// As bpf(2) gives it: of a map with a value per CPU, all of them.
fn value_of(map: &Map, key: &[u8]) -> Result<Vec<u8>, Errno> {
    if map.shape.per_cpu() {
        let mut values = Vec::new();
        for cpu in 0..possible_cpus() {
            let mut value = vec![0; map.shape.value_size as usize];
            map.read_cpu(key, cpu as u32, &mut value)?;
            value.resize(map.shape.stride() as usize, 0);
            values.extend(value);
        }
        return Ok(values);
    }
    let value = map.lookup(0, key).ok_or(Errno::ENOENT)?;
    // SAFETY: the map gave the address of a value of this size.
    Ok(unsafe { std::slice::from_raw_parts(value, map.shape.value_size as usize).to_vec() })
}

/// A small deterministic generator: xorshift64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next number, below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn creation_agrees_with_the_kernel() {
    if !kernel_maps_work() {
        return;
    }
    let kinds = [
        HASH,
        LRU_HASH,
        PERCPU_HASH,
        LRU_PERCPU_HASH,
        LPM_TRIE,
        BLOOM_FILTER,
        ARRAY,
        PERCPU_ARRAY,
        PERF_EVENT_ARRAY,
        STACK_TRACE,
        QUEUE,
        STACK,
        RINGBUF,
    ];
    let sizes = [
        0,
        1,
        4,
        8,
        12,
        16,
        1016,
        1024,
        32 << 10,
        (32 << 10) + 8,
        (4 << 20) - 60,
        (4 << 20) + 8,
    ];
    let entries = [0, 1, 3, 4096, 8192, 12288];
    let flags = [
        0,
        1,
        2,
        3,
        1 << 3,
        3 << 3,
        1 << 7,
        3 << 7,
        1 << 5,
        1 << 6,
        1 << 10,
        1 << 11,
        1 << 12,
        1 << 20,
    ];
    let mut random = Random(0x5eed_cafe);
    let pick = |random: &mut Random, from: &[u32]| from[random.below(from.len() as u64) as usize];
    let mut created = 0;
    for _ in 0..4000 {
        let kind = pick(&mut random, &kinds);
        // Half the time the kind's own key size, so that the later checks are reached.
        let usual = match kind {
            QUEUE | STACK | RINGBUF | BLOOM_FILTER => 0,
            LPM_TRIE => 8,
            _ => 4,
        };
        let likely = random.below(2) == 0;
        let shape = Shape {
            kind,
            key_size: if likely {
                usual
            } else {
                pick(&mut random, &sizes[..9])
            },
            value_size: pick(&mut random, &sizes),
            max_entries: pick(&mut random, &entries),
            flags: match likely {
                true => u32::from(kind == LPM_TRIE),
                false => pick(&mut random, &flags),
            },
        };
        // What is too large for this machine's memory is not what is compared.
        if u64::from(shape.max_entries) * u64::from(shape.value_size) > 64 << 20 {
            continue;
        }
        let kernel = KernelMap::create(&shape).map(drop);
        let own = shape.check().map_err(|refused| Errno(refused.errno));
        created += u32::from(kernel.is_ok());
        assert_eq!(own, kernel, "{shape:?}");
    }
    assert!(created > 100, "only {created} shapes were valid");
}

/// A key with this number.
fn key_of(shape: &Shape, number: u64) -> Vec<u8> {
    let mut key = vec![0; shape.key_size as usize];
    if shape.kind == LPM_TRIE {
        // Lengths up to one too many, and data whose first and last bits differ.
        let bits = 8 * (u64::from(shape.key_size) - 4);
        key[..4].copy_from_slice(&((number % (bits + 2)) as u32).to_ne_bytes());
        key[4] = (number >> 5) as u8 & 0xc0;
        let last = key.len() - 1;
        key[last] = (number >> 7) as u8 & 3;
        return key;
    }
    let used = key.len().min(8);
    key[..used].copy_from_slice(&number.to_le_bytes()[..used]);
    key
}

/// Copies the key after a key.
type NextKey<'a> = &'a dyn Fn(Option<&[u8]>, &mut [u8]) -> Result<(), Errno>;

/// Every key of both maps, found by going from one to the next.
fn keys_of(kernel: &KernelMap, map: &Map) -> [Vec<Vec<u8>>; 2] {
    let walk = |next: NextKey<'_>| {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        let mut key = vec![0; map.shape.key_size as usize];
        while next(keys.last().map(Vec::as_slice), &mut key).is_ok() {
            keys.push(key.clone());
            assert!(
                keys.len() <= map.shape.max_entries as usize,
                "{:?}",
                map.shape
            );
        }
        keys.sort();
        keys
    };
    [
        walk(&|key, out| kernel.element(NEXT_KEY, key.unwrap_or_default(), Some(out), 0)),
        walk(&|key, out| map.next_key(key, out)),
    ]
}

fn keyed_operations(shape: Shape, keys: u64, rounds: u32) {
    if !kernel_maps_work() {
        return;
    }
    let kernel = KernelMap::create(&shape).unwrap();
    let map = ours(&shape);
    let mut random = Random(u64::from(shape.kind) * 7919 + u64::from(shape.value_size));
    for round in 0..rounds {
        let key = key_of(&shape, random.below(keys));
        let what = random.below(10);
        let (own, real) = match what {
            0..5 => {
                let flags = [0, 0, 0, 1, 2, 3, 4, 1 << 40][random.below(8) as usize];
                let mut value = vec![0; kernel.value_size];
                let part = shape.stride().min(value.len() as u64) as usize;
                for value in value.chunks_mut(part) {
                    let value = &mut value[..shape.value_size as usize];
                    value.fill_with(|| random.below(256) as u8);
                }
                let real = kernel.element(UPDATE, &key, Some(&mut value), flags);
                let own = map.store(&key, New::All(&value), flags);
                (own.map(|()| value.clone()), real.map(|()| value))
            }
            5..7 => {
                let real = kernel.element(DELETE, &key, None, 0);
                (
                    map.delete(&key).map(|()| Vec::new()),
                    real.map(|()| Vec::new()),
                )
            }
            _ => {
                let real = kernel.lookup(LOOKUP, &key);
                (value_of(&map, &key), real)
            }
        };
        assert_eq!(
            own, real,
            "{shape:?}: round {round}, operation {what}, key {key:?}"
        );
    }
    let [real, own] = keys_of(&kernel, &map);
    assert_eq!(own, real, "{shape:?}");
}

#[test]
fn hash_agrees_with_the_kernel() {
    for (key_size, value_size) in [(4, 8), (1, 3), (12, 20), (16, 1)] {
        let shape = Shape {
            kind: HASH,
            key_size,
            value_size,
            max_entries: 7,
            flags: 0,
        };
        keyed_operations(shape, 12, 3000);
        keyed_operations(Shape { flags: 1, ..shape }, 12, 3000);
    }
}

#[test]
fn arrays_agree_with_the_kernel() {
    for value_size in [1, 8, 12] {
        let shape = Shape {
            kind: ARRAY,
            key_size: 4,
            value_size,
            max_entries: 6,
            flags: 0,
        };
        keyed_operations(shape, 9, 2000);
    }
}

#[test]
fn per_cpu_arrays_agree_with_the_kernel() {
    let shape = Shape {
        kind: PERCPU_ARRAY,
        key_size: 4,
        value_size: 8,
        max_entries: 6,
        flags: 0,
    };
    keyed_operations(shape, 9, 2000);
}

#[test]
fn queues_and_stacks_agree_with_the_kernel() {
    if !kernel_maps_work() {
        return;
    }
    for kind in [QUEUE, STACK] {
        let shape = Shape {
            kind,
            key_size: 0,
            value_size: 12,
            max_entries: 5,
            flags: 0,
        };
        let kernel = KernelMap::create(&shape).unwrap();
        let map = ours(&shape);
        let mut random = Random(99 + u64::from(kind));
        for round in 0..4000 {
            let mut value = [0u8; 12];
            let what = random.below(8);
            let (own, real) = match what {
                0..5 => {
                    value
                        .iter_mut()
                        .for_each(|byte| *byte = random.below(256) as u8);
                    let flags = [0, 0, 0, 1, 2, 3, 4][random.below(7) as usize];
                    let real = kernel.element(UPDATE, &[], Some(&mut value), flags);
                    (
                        map.push(&value, flags).map(|()| vec![]),
                        real.map(|()| vec![]),
                    )
                }
                5 => {
                    let own = map.next(&mut value, false).map(|()| value.to_vec());
                    (own, kernel.lookup(LOOKUP, &[]))
                }
                _ => {
                    let own = map.next(&mut value, true).map(|()| value.to_vec());
                    (own, kernel.lookup(LOOKUP_AND_DELETE, &[]))
                }
            };
            assert_eq!(own, real, "kind {kind}, round {round}, operation {what}");
        }
    }
}
