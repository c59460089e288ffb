// SPDX-License-Identifier: GPL-2.0-only
//! Memory of elements: zeroed, at a fixed address, and used only where it is touched.

use crate::errno::Errno;

/// An anonymous mapping that programs read and write while the runtime does too.
///
/// # Invariants
/// `base..base + len` is mapped until the value is dropped. Access goes through raw
/// pointers only, never through references, since programs write at any time.
pub struct Memory {
    base: *mut u8,
    len: usize,
}

// SAFETY: the value is an address; whoever uses the memory does so through raw pointers and
// orders accesses itself, as the kernel's maps ask of their users.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// Maps `len` bytes.
    pub fn new(len: u64) -> Result<Self, Errno> {
        let len = usize::try_from(len.max(1)).map_err(|_| Errno::E2BIG)?;
        // SAFETY: an anonymous mapping at an address of the kernel's choice.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(Errno::ENOMEM);
        }
        Ok(Self {
            base: base.cast(),
            len,
        })
    }

    /// Address of the byte at `offset`; `offset..offset + len` must lie inside.
    pub fn at(&self, offset: u64, len: usize) -> *mut u8 {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        assert!(
            offset.checked_add(len).is_some_and(|end| end <= self.len),
            "outside the map"
        );
        self.base.wrapping_add(offset)
    }

    /// Copies bytes in.
    pub fn write(&self, offset: u64, bytes: &[u8]) {
        // SAFETY: `at` checked the range; a program may race, as it may in the kernel.
        unsafe {
            std::ptr::copy(bytes.as_ptr(), self.at(offset, bytes.len()), bytes.len());
        }
    }

    /// Makes bytes zero.
    pub fn zero(&self, offset: u64, len: usize) {
        // SAFETY: as for `write`.
        unsafe { std::ptr::write_bytes(self.at(offset, len), 0, len) };
    }

    /// Whether an address lies inside.
    pub fn holds(&self, address: u64) -> bool {
        (self.base as u64..self.base as u64 + self.len as u64).contains(&address)
    }

    /// Copies bytes out.
    pub fn read(&self, offset: u64, out: &mut [u8]) {
        // SAFETY: as for `write`.
        unsafe { std::ptr::copy(self.at(offset, out.len()), out.as_mut_ptr(), out.len()) };
    }

    /// Bytes, copied.
    pub fn copy(&self, offset: u64, len: usize) -> Vec<u8> {
        let mut out = vec![0; len];
        self.read(offset, &mut out);
        out
    }

    /// Whether the bytes at `offset` are these.
    pub fn equals(&self, offset: u64, bytes: &[u8]) -> bool {
        let at = self.at(offset, bytes.len());
        // SAFETY: `at` checked the range; keys are written by the runtime alone, under the
        // table's lock, which the caller holds.
        unsafe { std::slice::from_raw_parts(at, bytes.len()) == bytes }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: by the type's invariant; the object that programs reach it through is gone.
        unsafe { libc::munmap(self.base.cast(), self.len) };
    }
}
