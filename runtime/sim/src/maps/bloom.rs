// SPDX-License-Identifier: GPL-2.0-only
//! Bloom filters (`kernel/bpf/bloom_filter.c`): values once put in are found, others are
//! too, now and then.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use rex_abi::Shape;

use crate::errno::Errno;

/// Hash functions, the kernel's default.
const HASHES: u64 = 5;

/// `BPF_MAP_TYPE_BLOOM_FILTER`.
pub struct Bloom {
    bits: Vec<AtomicU64>,
    state: RandomState,
}

impl Bloom {
    /// Creates an empty one: at `max_entries` values one other in fifty is found, or fewer.
    pub fn new(shape: &Shape) -> Self {
        // The kernel's size: entries * hashes / ln 2, to the next power of two.
        let bits = (u64::from(shape.max_entries) * HASHES / 5 * 7).next_power_of_two();
        let words = (bits / 64).max(1) as usize;
        Self {
            bits: (0..words).map(|_| AtomicU64::new(0)).collect(),
            state: RandomState::new(),
        }
    }

    /// `bloom_map_push_elem`.
    pub fn push(&self, value: &[u8], flags: u64) -> Result<(), Errno> {
        if flags != rex_abi::REX_ANY {
            return Err(Errno::EINVAL);
        }
        for (word, mask) in self.places(value) {
            self.bits[word].fetch_or(mask, Ordering::Relaxed);
        }
        Ok(())
    }

    /// `bloom_map_peek_elem`.
    pub fn contains(&self, value: &[u8]) -> Result<(), Errno> {
        let mut places = self.places(value);
        let set = places.all(|(word, mask)| self.bits[word].load(Ordering::Relaxed) & mask != 0);
        set.then_some(()).ok_or(Errno::ENOENT)
    }

    fn places(&self, value: &[u8]) -> impl Iterator<Item = (usize, u64)> {
        let bits = self.bits.len() as u64 * 64;
        (0..HASHES).map(move |number| {
            let bit = self.state.hash_one((number, value)) % bits;
            ((bit / 64) as usize, 1 << (bit % 64))
        })
    }
}
