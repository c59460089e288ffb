// SPDX-License-Identifier: GPL-2.0-only
//! Maps as user space reads and writes them. A write is checked against the types of the
//! key and the value first: programs rely on their enums.

use super::values::New;
use super::{Entries, Map, Storage};
use crate::errno::Errno;

/// `BPF_F_RDONLY` and `BPF_F_WRONLY`: what user space may do.
const RDONLY: u32 = 1 << 3;
const WRONLY: u32 = 1 << 4;

/// Why a write from outside is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unwritten {
    /// The bytes are no key or value of the map's types.
    Invalid(String),
    /// The map refuses, as the kernel's would.
    Errno(Errno),
}

impl Map {
    /// Creates or replaces an entry from outside, or pushes to a queue, stack or bloom
    /// filter with an empty key. `values` is one, or one for each CPU.
    pub fn write(&self, key: &[u8], values: &[Vec<u8>], flags: u64) -> Result<(), Unwritten> {
        self.writable(key)?;
        for value in values {
            self.value
                .check("value", value)
                .map_err(Unwritten::Invalid)?;
        }
        let mut all = Vec::new();
        match values {
            [value] => {
                for _ in 0..self.copies {
                    self.add(&mut all, value);
                }
            }
            values if values.len() == self.copies => {
                for value in values {
                    self.add(&mut all, value);
                }
            }
            values => {
                return Err(Unwritten::Invalid(format!(
                    "there are {} values, expected 1 or {}, one for each CPU",
                    values.len(),
                    self.copies
                )));
            }
        }
        let outcome = match self.storage {
            Storage::Queue(_) | Storage::Bloom(_) => self.push(&all, flags),
            _ => self.store(key, New::All(&all), flags),
        };
        outcome.map_err(Unwritten::Errno)
    }

    /// Deletes an entry from outside.
    pub fn erase(&self, key: &[u8]) -> Result<(), Unwritten> {
        self.writable(key)?;
        self.delete(key).map_err(Unwritten::Errno)
    }

    /// Whether user space may read it.
    pub fn readable(&self) -> bool {
        self.shape.flags & WRONLY == 0
    }

    /// Entries, of an array the first `most` only: it may be larger than the machine's
    /// memory. A ring buffer's records have no key; those not yet submitted are not among
    /// them. Padding is zero, whatever a program left in it.
    pub fn entries(&self, most: u32) -> Entries {
        let mut entries = match &self.storage {
            Storage::Hash(hash) => hash.entries(),
            Storage::Array(array) => array.entries(most),
            Storage::Trie(trie) => trie.entries(),
            Storage::Queue(queue) => queue.entries(),
            Storage::RingBuffer(ring) => ring.entries(),
            Storage::Bloom(_) | Storage::Inert => Vec::new(),
        };
        let stride = match self.shape.per_cpu() {
            true => self.shape.stride() as usize,
            false => self.shape.value_size as usize,
        };
        for (_, values) in &mut entries {
            for value in values.chunks_mut(stride.max(1)) {
                self.value.zero_padding(value);
            }
        }
        entries
    }

    fn writable(&self, key: &[u8]) -> Result<(), Unwritten> {
        if self.shape.flags & RDONLY != 0 {
            return Err(Unwritten::Errno(Errno::EPERM));
        }
        self.key.check("key", key).map_err(Unwritten::Invalid)
    }

    /// Adds a value without padding, at the distance of values for each CPU.
    fn add(&self, all: &mut Vec<u8>, value: &[u8]) {
        let start = all.len();
        all.extend_from_slice(value);
        self.value.zero_padding(&mut all[start..]);
        if self.shape.per_cpu() {
            all.resize(start + self.shape.stride() as usize, 0);
        }
    }
}
