// SPDX-License-Identifier: GPL-2.0-only
//! Hash tables: chained, with every element at a fixed address. The LRU kind keeps its
//! elements in order of use and evicts the oldest.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rex_abi::Shape;

use super::Entries;
use super::memory::Memory;
use super::values::{New, Values};
use crate::errno::Errno;

/// No element. Indices are stored plus one, so that fresh zeroed tables are empty.
const NONE: u32 = 0;

/// `BPF_MAP_TYPE_HASH`, `BPF_MAP_TYPE_LRU_HASH` and those with a value per CPU.
pub struct Hash {
    memory: Memory,
    table: Mutex<Table>,
    shape: Shape,
    values: Values,
    element_bytes: u64,
    evicts: bool,
    seed: u64,
}

struct Table {
    /// First element of each chain; a power of two of them.
    heads: Vec<u32>,
    /// Next element of the chain, or of the free list.
    next: Vec<u32>,
    /// Towards the most recently used, for the LRU kind.
    newer: Vec<u32>,
    /// Towards the least recently used.
    older: Vec<u32>,
    newest: u32,
    oldest: u32,
    /// Elements given back, last one first.
    free: u32,
    /// Elements that were ever used.
    touched: u32,
    used: u32,
}

impl Hash {
    /// Creates an empty one for `cpus` CPUs.
    pub fn new(shape: &Shape, cpus: usize) -> Result<Self, Errno> {
        let (values, evicts) = (Values::new(shape, cpus), shape.evicts());
        let count = shape.max_entries as usize;
        let order = if evicts { count } else { 0 };
        let table = Table {
            heads: zeroes(count.checked_next_power_of_two().ok_or(Errno::E2BIG)?)?,
            next: zeroes(count)?,
            newer: zeroes(order)?,
            older: zeroes(order)?,
            newest: NONE,
            oldest: NONE,
            free: NONE,
            touched: 0,
            used: 0,
        };
        let element_bytes = u64::from(shape.key_size)
            .next_multiple_of(8)
            .checked_add(values.bytes()?)
            .ok_or(Errno::E2BIG)?;
        let bytes = element_bytes
            .checked_mul(count as u64)
            .ok_or(Errno::E2BIG)?;
        Ok(Self {
            memory: Memory::new(bytes)?,
            table: Mutex::new(table),
            shape: *shape,
            values,
            element_bytes,
            evicts,
            seed: RandomState::new().hash_one(0),
        })
    }

    /// Address of a value as `cpu` sees it.
    pub fn lookup(&self, cpu: u32, key: &[u8]) -> Option<*mut u8> {
        let offset = self.values.of(cpu)?;
        let mut table = self.lock();
        let (_, element) = self.find(&table, self.chain(&table, key), key)?;
        if self.evicts {
            table.unlink(element);
            table.link_newest(element);
        }
        Some(
            self.memory
                .at(self.value(element) + offset, self.values.size),
        )
    }

    /// Copies a CPU's value; does not count as use.
    pub fn read(&self, cpu: u32, key: &[u8], out: &mut [u8]) -> Result<(), Errno> {
        let offset = self.values.of(cpu).ok_or(Errno::ENOENT)?;
        let table = self.lock();
        let found = self.find(&table, self.chain(&table, key), key);
        let (_, element) = found.ok_or(Errno::ENOENT)?;
        self.values
            .snapshot(&self.memory, self.value(element) + offset, out);
        Ok(())
    }

    /// The key after `key`; the first one for none and for one that is not there.
    pub fn next(&self, key: Option<&[u8]>) -> Option<Vec<u8>> {
        let table = self.lock();
        let found = key.and_then(|key| {
            let chain = self.chain(&table, key);
            let (_, element) = self.find(&table, chain, key)?;
            Some((chain, table.next[element as usize - 1]))
        });
        let (chain, next) = found.unwrap_or((0, table.heads[0]));
        let later = || table.heads[chain + 1..].iter().copied();
        let next = std::iter::once(next)
            .chain(later())
            .find(|element| *element != NONE)?;
        Some(
            self.memory
                .copy(self.key(next), self.shape.key_size as usize),
        )
    }

    /// Whether an address lies in its elements.
    pub fn holds(&self, address: u64) -> bool {
        self.memory.holds(address)
    }

    /// `htab_map_update_elem` and its per-CPU kind.
    pub fn update(&self, key: &[u8], value: New<'_>, flags: u64) -> Result<(), Errno> {
        if flags > rex_abi::REX_EXIST {
            return Err(Errno::EINVAL);
        }
        let mut table = self.lock();
        let chain = self.chain(&table, key);
        if let Some((_, element)) = self.find(&table, chain, key) {
            if flags == rex_abi::REX_NOEXIST {
                return Err(Errno::EEXIST);
            }
            if self.evicts {
                table.unlink(element);
                table.link_newest(element);
            }
            self.values
                .write(&self.memory, self.value(element), value, false);
            return Ok(());
        }
        if flags == rex_abi::REX_EXIST {
            return Err(Errno::ENOENT);
        }
        if table.used == self.shape.max_entries {
            if !self.evicts {
                return Err(Errno::E2BIG);
            }
            let oldest = table.oldest;
            self.remove(&mut table, oldest);
        }
        let element = table.take();
        self.memory.write(self.key(element), key);
        self.values
            .write(&self.memory, self.value(element), value, true);
        table.next[element as usize - 1] = table.heads[chain];
        table.heads[chain] = element;
        if self.evicts {
            table.link_newest(element);
        }
        Ok(())
    }

    /// `htab_map_delete_elem`.
    pub fn delete(&self, key: &[u8]) -> Result<(), Errno> {
        let mut table = self.lock();
        let chain = self.chain(&table, key);
        let (_, element) = self.find(&table, chain, key).ok_or(Errno::ENOENT)?;
        self.remove(&mut table, element);
        Ok(())
    }

    /// Every entry, in no order.
    pub fn entries(&self) -> Entries {
        let table = self.lock();
        let mut entries = Vec::with_capacity(table.used as usize);
        for &head in &table.heads {
            let mut element = head;
            while element != NONE {
                entries.push((
                    self.memory
                        .copy(self.key(element), self.shape.key_size as usize),
                    self.values.copy(&self.memory, self.value(element)),
                ));
                element = table.next[element as usize - 1];
            }
        }
        entries
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, element: u32) -> u64 {
        u64::from(element - 1) * self.element_bytes
    }

    fn value(&self, element: u32) -> u64 {
        self.key(element) + u64::from(self.shape.key_size).next_multiple_of(8)
    }

    fn chain(&self, table: &Table, key: &[u8]) -> usize {
        hash(self.seed, key) as usize & (table.heads.len() - 1)
    }

    /// The element with this key and the one before it in its chain.
    fn find(&self, table: &Table, chain: usize, key: &[u8]) -> Option<(u32, u32)> {
        let mut before = NONE;
        let mut element = table.heads[chain];
        while element != NONE {
            if self.memory.equals(self.key(element), key) {
                return Some((before, element));
            }
            before = element;
            element = table.next[element as usize - 1];
        }
        None
    }

    fn remove(&self, table: &mut Table, element: u32) {
        let key = self
            .memory
            .copy(self.key(element), self.shape.key_size as usize);
        let chain = self.chain(table, &key);
        let Some((before, element)) = self.find(table, chain, &key) else {
            return;
        };
        let next = table.next[element as usize - 1];
        if before == NONE {
            table.heads[chain] = next;
        } else {
            table.next[before as usize - 1] = next;
        }
        if self.evicts {
            table.unlink(element);
        }
        table.give(element);
    }
}

impl Table {
    /// An element nobody uses; there must be one.
    fn take(&mut self) -> u32 {
        self.used += 1;
        if self.free == NONE {
            self.touched += 1;
            return self.touched;
        }
        let element = self.free;
        self.free = self.next[element as usize - 1];
        element
    }

    fn give(&mut self, element: u32) {
        self.next[element as usize - 1] = self.free;
        self.free = element;
        self.used -= 1;
    }

    fn link_newest(&mut self, element: u32) {
        let at = element as usize - 1;
        self.older[at] = self.newest;
        self.newer[at] = NONE;
        match self.newest {
            NONE => self.oldest = element,
            newest => self.newer[newest as usize - 1] = element,
        }
        self.newest = element;
    }

    fn unlink(&mut self, element: u32) {
        let at = element as usize - 1;
        let (older, newer) = (self.older[at], self.newer[at]);
        match older {
            NONE => self.oldest = newer,
            older => self.newer[older as usize - 1] = newer,
        }
        match newer {
            NONE => self.newest = older,
            newer => self.older[newer as usize - 1] = older,
        }
    }
}

fn zeroes(count: usize) -> Result<Vec<u32>, Errno> {
    let mut probe = Vec::<u32>::new();
    probe.try_reserve_exact(count).map_err(|_| Errno::ENOMEM)?;
    drop(probe);
    // Zeroed memory from the allocator: pages are used only where they are touched.
    Ok(vec![NONE; count])
}

/// Multiply and fold, eight bytes at a time.
fn hash(seed: u64, key: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * u128::from(FACTOR);
        (product as u64) ^ ((product >> 64) as u64)
    };
    let mut state = seed ^ key.len() as u64;
    let mut words = key.chunks_exact(8);
    for word in &mut words {
        state = fold(state, u64::from_le_bytes(word.try_into().unwrap_or([0; 8])));
    }
    let mut last = [0; 8];
    last[..words.remainder().len()].copy_from_slice(words.remainder());
    fold(fold(state, u64::from_le_bytes(last)), FACTOR)
}
