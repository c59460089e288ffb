// SPDX-License-Identifier: GPL-2.0-only
//! Values of elements, one each or one per CPU, at fixed addresses.

use std::sync::atomic::{AtomicU64, Ordering};

use super::memory::Memory;
use crate::errno::Errno;
use rex_abi::Shape;

/// A value as it is given to an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum New<'a> {
    /// A program's: that of the CPU it runs on.
    Of(u32, &'a [u8]),
    /// From outside: those of all CPUs, each padded to 8 bytes, as bpf(2) takes them; of a
    /// map without values per CPU the one.
    All(&'a [u8]),
}

/// Where the values of one element lie: `copies` of them, one behind the other.
#[derive(Clone, Copy)]
pub struct Values {
    /// Bytes of a value.
    pub size: usize,
    /// Bytes from one to the next.
    pub stride: u64,
    /// CPUs, or 1.
    pub copies: u32,
}

impl Values {
    /// Those of a map of this shape on a machine of `cpus` CPUs.
    pub fn new(shape: &Shape, cpus: usize) -> Self {
        Self {
            size: shape.value_size as usize,
            stride: shape.stride(),
            copies: match shape.per_cpu() {
                true => u32::try_from(cpus).unwrap_or(u32::MAX),
                false => 1,
            },
        }
    }

    /// Bytes of all of them.
    pub fn bytes(&self) -> Result<u64, Errno> {
        self.stride
            .checked_mul(self.copies.into())
            .ok_or(Errno::E2BIG)
    }

    /// Offset of a CPU's value behind the first.
    pub fn of(&self, cpu: u32) -> Option<u64> {
        match self.copies {
            1 => Some(0),
            copies => (cpu < copies).then(|| u64::from(cpu) * self.stride),
        }
    }

    /// Writes an update to values at `start`. Those of other CPUs become zero if the
    /// element is `fresh`.
    pub fn write(&self, memory: &Memory, start: u64, new: New<'_>, fresh: bool) {
        match new {
            New::Of(cpu, value) => {
                if fresh && self.copies > 1 {
                    memory.zero(start, (self.stride * u64::from(self.copies)) as usize);
                }
                if let Some(offset) = self.of(cpu) {
                    memory.write(start + offset, value);
                }
            }
            New::All(values) if self.copies == 1 => memory.write(start, values),
            New::All(values) => {
                for (cpu, value) in (0..self.copies).zip(values.chunks(self.stride as usize)) {
                    let value = &value[..self.size.min(value.len())];
                    memory.write(start + u64::from(cpu) * self.stride, value);
                }
            }
        }
    }

    /// What bpf(2) gives for values at `start`.
    pub fn copy(&self, memory: &Memory, start: u64) -> Vec<u8> {
        match self.copies {
            1 => memory.copy(start, self.size),
            copies => memory.copy(start, self.stride as usize * copies as usize),
        }
    }

    /// Copies a value word by word: a program may write it at the same time, and a part of
    /// it that is aligned to its size is then the old or the new one, never half of each.
    pub fn snapshot(&self, memory: &Memory, at: u64, out: &mut [u8]) {
        let first = memory.at(at, self.stride as usize);
        for (index, bytes) in out.chunks_mut(8).enumerate() {
            // SAFETY: `at` checked the range, elements are aligned to 8 and a multiple of it.
            let word = unsafe { AtomicU64::from_ptr(first.cast::<u64>().add(index)) };
            let word = word.load(Ordering::Relaxed).to_ne_bytes();
            bytes.copy_from_slice(&word[..bytes.len()]);
        }
    }
}
