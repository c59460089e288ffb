// SPDX-License-Identifier: GPL-2.0-only
//! Arrays, plain and per CPU.

use rex_abi::Shape;

use super::Entries;
use super::memory::Memory;
use super::values::{New, Values};
use crate::errno::Errno;

const NOEXIST: u64 = rex_abi::REX_NOEXIST;
const EXIST: u64 = rex_abi::REX_EXIST;

/// `BPF_MAP_TYPE_ARRAY` and `BPF_MAP_TYPE_PERCPU_ARRAY`.
pub struct Array {
    memory: Memory,
    shape: Shape,
    values: Values,
}

impl Array {
    /// Creates one, zeroed, for `cpus` CPUs.
    pub fn new(shape: &Shape, cpus: usize) -> Result<Self, Errno> {
        let values = Values::new(shape, cpus);
        let bytes = values
            .bytes()?
            .checked_mul(shape.max_entries.into())
            .ok_or(Errno::E2BIG)?;
        Ok(Self {
            memory: Memory::new(bytes)?,
            shape: *shape,
            values,
        })
    }

    /// Address of element 0 of a plain array.
    pub fn base(&self) -> u64 {
        self.memory.at(0, 0) as u64
    }

    /// Whether an address lies in it.
    pub fn holds(&self, address: u64) -> bool {
        self.memory.holds(address)
    }

    /// Address of a value as `cpu` sees it.
    pub fn lookup(&self, cpu: u32, index: u32) -> Option<*mut u8> {
        Some(self.memory.at(self.at(cpu, index)?, self.values.size))
    }

    /// Copies a CPU's value.
    pub fn read(&self, cpu: u32, index: u32, out: &mut [u8]) -> Result<(), Errno> {
        let at = self.at(cpu, index).ok_or(Errno::ENOENT)?;
        self.values.snapshot(&self.memory, at, out);
        Ok(())
    }

    /// Replaces a value.
    pub fn update(&self, index: u32, value: New<'_>, flags: u64) -> Result<(), Errno> {
        check_update(&self.shape, index, flags)?;
        self.values
            .write(&self.memory, self.offset(index), value, false);
        Ok(())
    }

    /// The index after `index`; the first one for none and for one outside.
    pub fn next(&self, index: Option<u32>) -> Option<u32> {
        let last = self.shape.max_entries - 1;
        match index {
            Some(index) if index == last => None,
            Some(index) if index < last => Some(index + 1),
            _ => Some(0),
        }
    }

    /// The first `most` elements, as bpf(2) gives them.
    pub fn entries(&self, most: u32) -> Entries {
        let value = |index| self.values.copy(&self.memory, self.offset(index));
        (0..self.shape.max_entries.min(most))
            .map(|index| (index.to_ne_bytes().to_vec(), value(index)))
            .collect()
    }

    fn offset(&self, index: u32) -> u64 {
        u64::from(index) * self.values.stride * u64::from(self.values.copies)
    }

    fn at(&self, cpu: u32, index: u32) -> Option<u64> {
        let offset = self.values.of(cpu)?;
        (index < self.shape.max_entries).then(|| self.offset(index) + offset)
    }
}

/// `array_map_update_elem`: flags, then bounds, then existence, which is always given.
fn check_update(shape: &Shape, index: u32, flags: u64) -> Result<(), Errno> {
    if flags > EXIST {
        return Err(Errno::EINVAL);
    }
    if index >= shape.max_entries {
        return Err(Errno::E2BIG);
    }
    if flags == NOEXIST {
        return Err(Errno::EEXIST);
    }
    Ok(())
}
