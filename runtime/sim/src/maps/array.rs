// SPDX-License-Identifier: GPL-2.0-only
//! Arrays, plain and per CPU.

use super::Entries;
use super::memory::Memory;
use super::rules::Shape;
use crate::errno::Errno;

const NOEXIST: u64 = rex_abi::REX_NOEXIST;
const EXIST: u64 = rex_abi::REX_EXIST;

/// `BPF_MAP_TYPE_ARRAY`.
pub struct Array {
    memory: Memory,
    shape: Shape,
}

impl Array {
    /// Creates one, zeroed.
    pub fn new(shape: &Shape) -> Result<Self, Errno> {
        let bytes = shape
            .stride()
            .checked_mul(shape.max_entries.into())
            .ok_or(Errno::E2BIG)?;
        Ok(Self {
            memory: Memory::new(bytes)?,
            shape: *shape,
        })
    }

    /// Address of element 0.
    pub fn base(&self) -> u64 {
        self.memory.at(0, 0) as u64
    }

    /// Bytes from one element to the next.
    pub fn stride(&self) -> u64 {
        self.shape.stride()
    }

    /// Address of a value.
    pub fn lookup(&self, index: u32) -> Option<*mut u8> {
        (index < self.shape.max_entries).then(|| {
            self.memory
                .at(self.offset(index), self.shape.value_size as usize)
        })
    }

    /// Replaces a value.
    pub fn update(&self, index: u32, value: &[u8], flags: u64) -> Result<(), Errno> {
        check_update(&self.shape, index, flags)?;
        self.memory.write(self.offset(index), value);
        Ok(())
    }

    /// The first `most` elements.
    pub fn entries(&self, most: u32) -> Entries {
        let value = |index| {
            self.memory
                .copy(self.offset(index), self.shape.value_size as usize)
        };
        (0..self.shape.max_entries.min(most))
            .map(|index| (index.to_ne_bytes().to_vec(), value(index)))
            .collect()
    }

    fn offset(&self, index: u32) -> u64 {
        u64::from(index) * self.shape.stride()
    }
}

/// `BPF_MAP_TYPE_PERCPU_ARRAY`.
pub struct PerCpuArray {
    memory: Memory,
    shape: Shape,
    cpus: usize,
}

impl PerCpuArray {
    /// Creates one, zeroed, for `cpus` CPUs.
    pub fn new(shape: &Shape, cpus: usize) -> Result<Self, Errno> {
        let bytes = shape
            .stride()
            .checked_mul(shape.max_entries.into())
            .and_then(|bytes| bytes.checked_mul(cpus as u64))
            .ok_or(Errno::E2BIG)?;
        Ok(Self {
            memory: Memory::new(bytes)?,
            shape: *shape,
            cpus,
        })
    }

    /// Address of this CPU's value.
    pub fn lookup(&self, cpu: u32, index: u32) -> Option<*mut u8> {
        (index < self.shape.max_entries && (cpu as usize) < self.cpus).then(|| {
            self.memory
                .at(self.offset(cpu, index), self.shape.value_size as usize)
        })
    }

    /// Replaces this CPU's value.
    pub fn update(&self, cpu: u32, index: u32, value: &[u8], flags: u64) -> Result<(), Errno> {
        check_update(&self.shape, index, flags)?;
        self.memory.write(self.offset(cpu, index), value);
        Ok(())
    }

    /// The first `most` elements; a value is those of all CPUs, each padded to 8 bytes, as
    /// bpf(2) gives them.
    pub fn entries(&self, most: u32) -> Entries {
        let value = |index| {
            let cpus = u32::try_from(self.cpus).unwrap_or(u32::MAX);
            let stride = self.shape.stride() as usize;
            (0..cpus)
                .flat_map(|cpu| self.memory.copy(self.offset(cpu, index), stride))
                .collect()
        };
        (0..self.shape.max_entries.min(most))
            .map(|index| (index.to_ne_bytes().to_vec(), value(index)))
            .collect()
    }

    fn offset(&self, cpu: u32, index: u32) -> u64 {
        let row = u64::from(cpu) * u64::from(self.shape.max_entries);
        (row + u64::from(index)) * self.shape.stride()
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
