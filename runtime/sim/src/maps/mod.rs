// SPDX-License-Identifier: GPL-2.0-only
//! Maps that behave as the kernel's: sizes, flags, error numbers.
//!
//! The rules are those of `kernel/bpf/{hashtab,arraymap,queue_stack_maps,ringbuf,stackmap}.c`;
//! on a machine where bpf(2) works, a test compares random operations with real maps.

mod array;
mod hash;
mod memory;
mod queue;
mod ringbuf;
mod rules;

#[cfg(test)]
pub(crate) mod oracle;
#[cfg(test)]
mod tests;

use rex_image::ValueLayout;

pub use self::array::{Array, PerCpuArray};
pub use self::hash::Hash;
pub use self::queue::{Order, Queue};
pub use self::ringbuf::RingBuffer;
pub use self::rules::{KIND_LRU_HASH, Shape, kind_name};

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
    /// Array with one value per CPU.
    PerCpuArray(PerCpuArray),
    /// Queue or stack.
    Queue(Queue),
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
    key_padding: Vec<(usize, usize)>,
    value_padding: Vec<(usize, usize)>,
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
            Err(rules::Refused::Kind) => {
                return Err(LoadError::MapKind {
                    name,
                    kind: shape.kind,
                });
            }
            Err(rules::Refused::Shape(errno, reason)) => {
                return Err(LoadError::Map {
                    name,
                    errno: errno.0,
                    reason: reason.into(),
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
            key_padding: padding(&declared.layout.key, shape.key_size),
            value_padding: padding(&declared.layout.value, shape.value_size),
            shape,
            storage,
        })
    }

    /// Address of a value as the program on `cpu` sees it.
    pub fn lookup(&self, cpu: u32, key: &[u8]) -> Option<*mut u8> {
        match &self.storage {
            Storage::Hash(hash) => without_padding(key, &self.key_padding, |key| hash.lookup(key)),
            Storage::Array(array) => array.lookup(index(key)?),
            Storage::PerCpuArray(array) => array.lookup(cpu, index(key)?),
            Storage::Queue(_) | Storage::RingBuffer(_) | Storage::Inert => None,
        }
    }

    /// Creates or replaces an entry.
    pub fn update(&self, cpu: u32, key: &[u8], value: &[u8], flags: u64) -> Result<(), Errno> {
        without_padding(value, &self.value_padding, |value| match &self.storage {
            Storage::Hash(hash) => {
                without_padding(key, &self.key_padding, |key| hash.update(key, value, flags))
            }
            Storage::Array(array) => array.update(index(key).ok_or(Errno::EINVAL)?, value, flags),
            Storage::PerCpuArray(array) => {
                array.update(cpu, index(key).ok_or(Errno::EINVAL)?, value, flags)
            }
            Storage::RingBuffer(_) => Err(Errno::ENOTSUPP),
            Storage::Queue(_) | Storage::Inert => Err(Errno::EINVAL),
        })
    }

    /// Deletes an entry.
    pub fn delete(&self, key: &[u8]) -> Result<(), Errno> {
        match &self.storage {
            Storage::Hash(hash) => without_padding(key, &self.key_padding, |key| hash.delete(key)),
            Storage::RingBuffer(_) => Err(Errno::ENOTSUPP),
            _ => Err(Errno::EINVAL),
        }
    }

    /// Pushes to a queue or stack.
    pub fn push(&self, value: &[u8], flags: u64) -> Result<(), Errno> {
        let Storage::Queue(queue) = &self.storage else {
            return Err(Errno::EINVAL);
        };
        without_padding(value, &self.value_padding, |value| queue.push(value, flags))
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

    /// Entries, of an array the first `most` only: it may be larger than the machine's
    /// memory. A ring buffer's records have no key; those not yet submitted are not among
    /// them.
    pub fn entries(&self, most: u32) -> Entries {
        match &self.storage {
            Storage::Hash(hash) => hash.entries(),
            Storage::Array(array) => array.entries(most),
            Storage::PerCpuArray(array) => array.entries(most),
            Storage::Queue(queue) => queue.entries(),
            Storage::RingBuffer(ring) => ring.entries(),
            Storage::Inert => Vec::new(),
        }
    }

    /// What the loader writes into the map's slot.
    pub fn slot(&self, handle: u64) -> rex_abi::rex_map_slot {
        let (base, stride, count) = match &self.storage {
            Storage::Array(array) => (array.base(), array.stride(), self.shape.max_entries),
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
            rex_abi::REX_MAP_HASH => Self::Hash(Hash::new(shape, false)?),
            KIND_LRU_HASH => Self::Hash(Hash::new(shape, true)?),
            rex_abi::REX_MAP_ARRAY => Self::Array(Array::new(shape)?),
            rex_abi::REX_MAP_PERCPU_ARRAY => Self::PerCpuArray(PerCpuArray::new(shape, cpus)?),
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

fn padding(layout: &ValueLayout, size: u32) -> Vec<(usize, usize)> {
    let inside = layout.padding.iter().filter(|span| {
        span.offset
            .checked_add(span.length)
            .is_some_and(|end| end <= size)
    });
    inside
        .map(|span| (span.offset as usize, span.length as usize))
        .collect()
}

/// Passes `bytes` on, with padding zeroed in a copy; types without padding pay nothing.
fn without_padding<R>(
    bytes: &[u8],
    padding: &[(usize, usize)],
    body: impl FnOnce(&[u8]) -> R,
) -> R {
    if padding.is_empty() {
        return body(bytes);
    }
    let mut copy = bytes.to_vec();
    for &(offset, length) in padding {
        copy[offset..offset + length].fill(0);
    }
    body(&copy)
}
