// SPDX-License-Identifier: GPL-2.0-only
//! Maps that behave as the kernel's: sizes, flags, error numbers.
//!
//! The rules are those of `kernel/bpf/{hashtab,arraymap,lpm_trie,queue_stack_maps,ringbuf,
//! stackmap,bloom_filter}.c`; on a machine where bpf(2) works, a test compares random
//! operations with real maps.

mod array;
mod bloom;
mod hash;
mod kinds;
mod layout;
mod memory;
mod outside;
mod queue;
mod ringbuf;
mod trie;
mod values;

#[cfg(test)]
pub(crate) mod oracle;
#[cfg(test)]
mod tests;

use rex_abi::Shape;

pub use self::array::Array;
pub use self::bloom::Bloom;
pub use self::hash::Hash;
pub use self::kinds::kind_name;
use self::layout::Side;
pub use self::outside::Unwritten;
pub use self::queue::{Order, Queue};
pub use self::ringbuf::RingBuffer;
pub use self::trie::Trie;
use self::values::New;

use crate::errno::Errno;
use crate::error::LoadError;

/// Entries of a map as pairs of key and value bytes.
pub type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// What stands behind a map.
pub enum Storage {
    /// Hash table, with or without eviction.
    Hash(Hash),
    /// Array.
    Array(Array),
    /// Longest prefix match.
    Trie(Trie),
    /// Queue or stack.
    Queue(Queue),
    /// Bloom filter.
    Bloom(Bloom),
    /// Ring buffer.
    RingBuffer(RingBuffer),
    /// A kind that can be created but that nothing in this target fills.
    Inert,
}

/// A map.
pub struct Map {
    /// Name of the static.
    pub name: String,
    /// Kind and sizes.
    pub shape: Shape,
    /// What stands behind it.
    pub storage: Storage,
    key: Side,
    value: Side,
    /// Values of each entry: CPUs, or 1.
    copies: usize,
}

impl Map {
    /// Creates the map that an image declares, for `cpus` CPUs.
    pub fn create(declared: &rex_image::Map, cpus: usize) -> Result<Self, LoadError> {
        let shape = Shape {
            kind: declared.kind,
            key_size: declared.key_size,
            value_size: declared.value_size,
            max_entries: declared.max_entries,
            flags: declared.flags,
        };
        let name = declared.name.clone();
        let storage = match shape.check() {
            Ok(()) => Storage::new(&shape, cpus),
            Err(refused) if refused.errno == 0 => {
                return Err(LoadError::MapKind {
                    name,
                    kind: shape.kind,
                });
            }
            Err(refused) => {
                return Err(LoadError::Map {
                    name,
                    errno: refused.errno,
                    reason: refused.rule.into(),
                });
            }
        };
        let storage = storage.map_err(|errno| LoadError::Map {
            name: name.clone(),
            errno: errno.0,
            reason: format!("there is no memory for {} entries", shape.max_entries),
        })?;
        Ok(Self {
            name,
            key: Side::new(&declared.layout.key, shape.key_size),
            value: Side::new(&declared.layout.value, shape.value_size),
            copies: if shape.per_cpu() { cpus } else { 1 },
            shape,
            storage,
        })
    }

    /// Address of a value as the program on `cpu` sees it.
    pub fn lookup(&self, cpu: u32, key: &[u8]) -> Option<*mut u8> {
        self.key.without_padding(key, |key| match &self.storage {
            Storage::Hash(hash) => hash.lookup(cpu, key),
            Storage::Trie(trie) => trie.lookup(key),
            Storage::Array(array) => array.lookup(cpu, index(key)?),
            _ => None,
        })
    }

    /// Creates or replaces an entry; of a map with a value per CPU, that of `cpu`.
    pub fn update(&self, cpu: u32, key: &[u8], value: &[u8], flags: u64) -> Result<(), Errno> {
        self.value
            .without_padding(value, |value| self.store(key, New::Of(cpu, value), flags))
    }

    fn store(&self, key: &[u8], value: New<'_>, flags: u64) -> Result<(), Errno> {
        self.key.without_padding(key, |key| match &self.storage {
            Storage::Hash(hash) => hash.update(key, value, flags),
            Storage::Trie(trie) => trie.update(key, value, flags),
            Storage::Array(array) => array.update(index(key).ok_or(Errno::EINVAL)?, value, flags),
            Storage::RingBuffer(_) => Err(Errno::ENOTSUPP),
            Storage::Queue(_) | Storage::Bloom(_) | Storage::Inert => Err(Errno::EINVAL),
        })
    }

    /// Deletes an entry.
    pub fn delete(&self, key: &[u8]) -> Result<(), Errno> {
        self.key.without_padding(key, |key| match &self.storage {
            Storage::Hash(hash) => hash.delete(key),
            Storage::Trie(trie) => trie.delete(key),
            Storage::RingBuffer(_) => Err(Errno::ENOTSUPP),
            Storage::Bloom(_) => Err(Errno::EOPNOTSUPP),
            Storage::Array(_) | Storage::Queue(_) | Storage::Inert => Err(Errno::EINVAL),
        })
    }

    /// Copies the key after `key` to `out`; the first one for none and for one that is not
    /// there. An entry that stays is met once unless the key given last was deleted.
    pub fn next_key(&self, key: Option<&[u8]>, out: &mut [u8]) -> Result<(), Errno> {
        let next = match &self.storage {
            Storage::Hash(hash) => match key {
                Some(key) => self.key.without_padding(key, |key| hash.next(Some(key))),
                None => hash.next(None),
            },
            Storage::Trie(trie) => trie.next(key),
            Storage::Array(array) => array
                .next(key.and_then(index))
                .map(|index| index.to_ne_bytes().to_vec()),
            _ => return Err(Errno::EOPNOTSUPP),
        };
        out.copy_from_slice(&next.ok_or(Errno::ENOENT)?);
        Ok(())
    }

    /// Copies the value of `cpu` to `out`.
    pub fn read_cpu(&self, key: &[u8], cpu: u32, out: &mut [u8]) -> Result<(), Errno> {
        if !self.shape.per_cpu() {
            return Err(Errno::EOPNOTSUPP);
        }
        self.key.without_padding(key, |key| match &self.storage {
            Storage::Hash(hash) => hash.read(cpu, key, out),
            Storage::Array(array) => array.read(cpu, index(key).ok_or(Errno::EINVAL)?, out),
            _ => Err(Errno::EOPNOTSUPP),
        })
    }

    /// Whether a bloom filter may hold a value.
    pub fn contains(&self, value: &[u8]) -> Result<(), Errno> {
        let Storage::Bloom(bloom) = &self.storage else {
            return Err(Errno::EOPNOTSUPP);
        };
        self.value
            .without_padding(value, |value| bloom.contains(value))
    }

    /// Whether an address lies in the values of its entries, where programs look them up.
    pub fn holds(&self, address: u64) -> bool {
        match &self.storage {
            Storage::Hash(hash) => hash.holds(address),
            Storage::Trie(trie) => trie.holds(address),
            Storage::Array(array) => array.holds(address),
            _ => false,
        }
    }

    /// Pushes to a queue, a stack or a bloom filter.
    pub fn push(&self, value: &[u8], flags: u64) -> Result<(), Errno> {
        self.value
            .without_padding(value, |value| match &self.storage {
                Storage::Queue(queue) => queue.push(value, flags),
                Storage::Bloom(bloom) => bloom.push(value, flags),
                _ => Err(Errno::EINVAL),
            })
    }

    /// Copies the next value of a queue or stack to `out`, and takes it if `take`.
    /// An empty one zeroes `out`.
    pub fn next(&self, out: &mut [u8], take: bool) -> Result<(), Errno> {
        let Storage::Queue(queue) = &self.storage else {
            return Err(Errno::EINVAL);
        };
        queue.next(out, take)
    }

    /// The ring buffer, if it is one.
    pub fn ring(&self) -> Option<&RingBuffer> {
        match &self.storage {
            Storage::RingBuffer(ring) => Some(ring),
            _ => None,
        }
    }

    /// What the loader writes into the map's slot.
    pub fn slot(&self, handle: u64) -> rex_abi::rex_map_slot {
        let (base, stride, count) = match &self.storage {
            Storage::Array(array) if !self.shape.per_cpu() => {
                (array.base(), self.shape.stride(), self.shape.max_entries)
            }
            _ => (0, 0, 0),
        };
        rex_abi::rex_map_slot {
            map_type: self.shape.kind,
            key_size: self.shape.key_size,
            value_size: self.shape.value_size,
            max_entries: self.shape.max_entries,
            map_flags: self.shape.flags,
            _pad: 0,
            handle,
            base,
            stride,
            count,
            _r: 0,
            _r2: 0,
        }
    }
}

impl Storage {
    fn new(shape: &Shape, cpus: usize) -> Result<Self, Errno> {
        Ok(match shape.kind {
            rex_abi::REX_MAP_HASH
            | rex_abi::REX_MAP_LRU_HASH
            | rex_abi::REX_MAP_PERCPU_HASH
            | rex_abi::REX_MAP_LRU_PERCPU_HASH => Self::Hash(Hash::new(shape, cpus)?),
            rex_abi::REX_MAP_ARRAY | rex_abi::REX_MAP_PERCPU_ARRAY => {
                Self::Array(Array::new(shape, cpus)?)
            }
            rex_abi::REX_MAP_LPM_TRIE => Self::Trie(Trie::new(shape)?),
            rex_abi::REX_MAP_BLOOM_FILTER => Self::Bloom(Bloom::new(shape)),
            rex_abi::REX_MAP_QUEUE => Self::Queue(Queue::new(shape, Order::Queue)?),
            rex_abi::REX_MAP_STACK => Self::Queue(Queue::new(shape, Order::Stack)?),
            rex_abi::REX_MAP_RINGBUF => Self::RingBuffer(RingBuffer::new(shape)?),
            _ => Self::Inert,
        })
    }
}

fn index(key: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(key.try_into().ok()?))
}
