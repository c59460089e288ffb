// SPDX-License-Identifier: GPL-2.0-only
//! Longest prefix match (`kernel/bpf/lpm_trie.c`). A key is a prefix length in bits, four
//! bytes of the machine's order, and as many bytes of data as the key size leaves, first bit
//! first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rex_abi::Shape;

use super::Entries;
use super::memory::Memory;
use super::values::{New, Values};
use crate::errno::Errno;

/// Bytes in front of a key's data.
const LENGTH: usize = 4;

/// `BPF_MAP_TYPE_LPM_TRIE`.
pub struct Trie {
    memory: Memory,
    nodes: Mutex<Nodes>,
    shape: Shape,
    values: Values,
}

/// Data without the bits behind the prefix, longer prefixes of the same data first.
type Prefix = (Vec<u8>, Reverse<u32>);

struct Nodes {
    /// Elements by prefix.
    elements: BTreeMap<Prefix, u32>,
    /// Elements by length of their prefix, counted.
    lengths: Vec<u32>,
    /// Elements given back.
    free: Vec<u32>,
    /// Elements that were ever used.
    touched: u32,
}

impl Trie {
    /// Creates an empty one.
    pub fn new(shape: &Shape) -> Result<Self, Errno> {
        let values = Values::new(shape, 1);
        let bytes = (u64::from(shape.key_size).next_multiple_of(8) + values.stride)
            .checked_mul(shape.max_entries.into())
            .ok_or(Errno::E2BIG)?;
        let nodes = Nodes {
            elements: BTreeMap::new(),
            lengths: vec![0; 8 * (shape.key_size as usize - LENGTH) + 1],
            free: Vec::new(),
            touched: 0,
        };
        Ok(Self {
            memory: Memory::new(bytes)?,
            nodes: Mutex::new(nodes),
            shape: *shape,
            values,
        })
    }

    /// Address of the value of the longest prefix that holds for the key's.
    pub fn lookup(&self, key: &[u8]) -> Option<*mut u8> {
        let length = self.length(key)?;
        let nodes = self.nodes();
        let used = (0..=length).rev();
        let mut used = used.filter(|length| nodes.lengths[*length as usize] > 0);
        let element = used.find_map(|length| nodes.elements.get(&prefix(key, length)))?;
        Some(self.memory.at(self.value(*element), self.values.size))
    }

    /// `trie_update_elem`.
    pub fn update(&self, key: &[u8], value: New<'_>, flags: u64) -> Result<(), Errno> {
        if flags > rex_abi::REX_EXIST {
            return Err(Errno::EINVAL);
        }
        let length = self.length(key).ok_or(Errno::EINVAL)?;
        let mut nodes = self.nodes();
        let prefix = prefix(key, length);
        if let Some(&element) = nodes.elements.get(&prefix) {
            if flags == rex_abi::REX_NOEXIST {
                return Err(Errno::EEXIST);
            }
            self.memory.write(self.key(element), key);
            self.values
                .write(&self.memory, self.value(element), value, false);
            return Ok(());
        }
        if flags == rex_abi::REX_EXIST {
            return Err(Errno::ENOENT);
        }
        if nodes.elements.len() == self.shape.max_entries as usize {
            return Err(Errno::ENOSPC);
        }
        let element = nodes.free.pop().unwrap_or(nodes.touched);
        nodes.touched = nodes.touched.max(element + 1);
        self.memory.write(self.key(element), key);
        self.values
            .write(&self.memory, self.value(element), value, true);
        nodes.lengths[length as usize] += 1;
        nodes.elements.insert(prefix, element);
        Ok(())
    }

    /// `trie_delete_elem`.
    pub fn delete(&self, key: &[u8]) -> Result<(), Errno> {
        let length = self.length(key).ok_or(Errno::EINVAL)?;
        let mut nodes = self.nodes();
        let removed = nodes.elements.remove(&prefix(key, length));
        let element = removed.ok_or(Errno::ENOENT)?;
        nodes.lengths[length as usize] -= 1;
        nodes.free.push(element);
        Ok(())
    }

    /// The key after `key`; the first one for none and for one that is not there.
    pub fn next(&self, key: Option<&[u8]>) -> Option<Vec<u8>> {
        let nodes = self.nodes();
        let known = key.and_then(|key| Some(prefix(key, self.length(key)?)));
        let from = match known.filter(|prefix| nodes.elements.contains_key(prefix)) {
            Some(prefix) => Bound::Excluded(prefix),
            None => Bound::Unbounded,
        };
        let (_, element) = nodes.elements.range((from, Bound::Unbounded)).next()?;
        Some(self.copy_key(*element))
    }

    /// Every entry.
    pub fn entries(&self) -> Entries {
        let nodes = self.nodes();
        let entry = |element: &u32| {
            let value = self.values.copy(&self.memory, self.value(*element));
            (self.copy_key(*element), value)
        };
        nodes.elements.values().map(entry).collect()
    }

    /// Whether an address lies in its elements.
    pub fn holds(&self, address: u64) -> bool {
        self.memory.holds(address)
    }

    fn nodes(&self) -> MutexGuard<'_, Nodes> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Length of a key's prefix; none if it is longer than the data.
    fn length(&self, key: &[u8]) -> Option<u32> {
        let length = u32::from_ne_bytes(*key.first_chunk()?);
        let bits = 8 * (key.len() - LENGTH);
        (length as usize <= bits).then_some(length)
    }

    fn key(&self, element: u32) -> u64 {
        let bytes = u64::from(self.shape.key_size).next_multiple_of(8) + self.values.stride;
        u64::from(element) * bytes
    }

    fn value(&self, element: u32) -> u64 {
        self.key(element) + u64::from(self.shape.key_size).next_multiple_of(8)
    }

    fn copy_key(&self, element: u32) -> Vec<u8> {
        self.memory
            .copy(self.key(element), self.shape.key_size as usize)
    }
}

fn prefix(key: &[u8], length: u32) -> Prefix {
    let mut data = key[LENGTH..].to_vec();
    let whole = length as usize / 8;
    if let Some(cut) = data.get_mut(whole) {
        *cut &= !(0xff >> (length % 8));
    }
    data.iter_mut().skip(whole + 1).for_each(|byte| *byte = 0);
    (data, Reverse(length))
}
