// SPDX-License-Identifier: GPL-2.0-only
//! Memory below 2 GiB, where 32-bit sign-extended addresses are legal.

use std::io;

use crate::error::LoadError;

/// Bytes of a page.
pub const PAGE: u64 = 4096;
/// Addresses tried start here, well above `vm.mmap_min_addr`.
const FIRST: u64 = 0x1000_0000;
/// Addresses tried end here.
const LIMIT: u64 = 0x7000_0000;
/// Distance between two tries.
const STEP: u64 = 0x40_0000;

/// What may be done with pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read and write.
    ReadWrite,
    /// Read only.
    Read,
    /// Read and execute.
    ReadExecute,
}

/// An anonymous mapping below 2 GiB.
///
/// # Invariants
/// `base..base + len` is mapped and belongs to this value alone until it is dropped.
#[derive(Debug)]
pub struct Window {
    base: u64,
    len: u64,
}

impl Window {
    /// Maps `len` bytes (rounded up to pages), readable and writable, zeroed.
    ///
    /// Never replaces a mapping that is already there.
    pub fn map(len: u64) -> Result<Self, LoadError> {
        let len = len.max(1).next_multiple_of(PAGE);
        let mut base = FIRST;
        while base + len <= LIMIT {
            // SAFETY: MAP_FIXED_NOREPLACE never touches an existing mapping.
            let address = unsafe {
                libc::mmap(
                    base as *mut libc::c_void,
                    len as usize,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE,
                    -1,
                    0,
                )
            };
            if address as u64 == base {
                return Ok(Self { base, len });
            }
            if address == libc::MAP_FAILED {
                let error = io::Error::last_os_error();
                if error.raw_os_error() != Some(libc::EEXIST) {
                    return Err(LoadError::Memory {
                        bytes: len,
                        source: error,
                    });
                }
            } else {
                // A kernel without MAP_FIXED_NOREPLACE takes the address as a hint.
                // SAFETY: this mapping was just made and nothing refers to it.
                unsafe { libc::munmap(address, len as usize) };
            }
            base += STEP;
        }
        Err(LoadError::Memory {
            bytes: len,
            source: io::Error::from_raw_os_error(libc::ENOMEM),
        })
    }

    /// First address.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// Copies `bytes` to `address`; the pages must be writable.
    pub fn write(&mut self, address: u64, bytes: &[u8]) {
        assert!(
            self.holds(address, bytes.len() as u64),
            "write outside the window"
        );
        // SAFETY: the range lies in our own mapping (checked above), and `&mut self`
        // means that no program runs from it yet.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), address as *mut u8, bytes.len());
        }
    }

    /// Changes what may be done with `len` bytes of whole pages at `address`.
    pub fn protect(&mut self, address: u64, len: u64, access: Access) -> Result<(), LoadError> {
        if len == 0 {
            return Ok(());
        }
        let len = len.next_multiple_of(PAGE);
        assert!(self.holds(address, len), "protect outside the window");
        let flags = match access {
            Access::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
            Access::Read => libc::PROT_READ,
            Access::ReadExecute => libc::PROT_READ | libc::PROT_EXEC,
        };
        // SAFETY: the range lies in our own mapping (checked above).
        if unsafe { libc::mprotect(address as *mut libc::c_void, len as usize, flags) } != 0 {
            return Err(LoadError::Memory {
                bytes: len,
                source: io::Error::last_os_error(),
            });
        }
        Ok(())
    }

    fn holds(&self, address: u64, len: u64) -> bool {
        address >= self.base
            && address
                .checked_add(len)
                .is_some_and(|end| end <= self.base + self.len)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // SAFETY: by the type's invariant nothing else refers to this mapping.
        unsafe { libc::munmap(self.base as *mut libc::c_void, self.len as usize) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_low_and_distinct() {
        let mut first = Window::map(10).unwrap();
        let second = Window::map(PAGE * 2000).unwrap();
        assert!(first.base() + first.len <= 0x8000_0000);
        assert!(
            second.base() >= first.base() + first.len || first.base() >= second.base() + second.len
        );
        first.write(first.base() + PAGE - 2, b"ab");
        // SAFETY: the byte was just written inside the mapping.
        assert_eq!(unsafe { *((first.base() + PAGE - 1) as *const u8) }, b'b');
    }

    #[test]
    #[should_panic(expected = "write outside the window")]
    fn writes_outside_are_refused() {
        let mut window = Window::map(1).unwrap();
        window.write(window.base() + PAGE - 1, b"ab");
    }
}
