// SPDX-License-Identifier: GPL-2.0-only
//! Stacks with a guard page, for programs and for signal handlers.

use std::io;

/// Bytes of a program's stack.
pub const STACK: u64 = 64 * 1024;
/// Bytes a program may use before a check ends it.
pub const BUDGET: u64 = rex_abi::REX_STACK_BUDGET as u64;
/// Bytes that unchecked functions may use behind the last check.
pub const SLACK: u64 = rex_abi::REX_STACK_SLACK as u64;
/// Bytes at the top that the dispatcher keeps for itself; what a program uses is counted
/// from there.
pub const KEPT: u64 = 16;
/// Bytes added to the budget while a panic message is formatted.
pub const PANIC_ROOM: u64 = 8 * 1024;
const GUARD: u64 = 4096;
/// What a stack is filled with to see how much of it is used.
const PATTERN: u8 = 0xa7;

/// A mapping with an inaccessible page below it.
///
/// # Invariants
/// `base..base + GUARD + len` is mapped and belongs to this value alone.
#[derive(Debug)]
pub struct Stack {
    base: u64,
    len: u64,
}

impl Stack {
    /// Maps `len` bytes, a multiple of the page size, and the guard page.
    pub fn new(len: u64) -> io::Result<Self> {
        // SAFETY: an anonymous mapping at an address of the kernel's choice.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                (GUARD + len) as usize,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let stack = Self {
            base: base as u64,
            len,
        };
        // SAFETY: the first page of the mapping just made.
        if unsafe { libc::mprotect(base, GUARD as usize, libc::PROT_NONE) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(stack)
    }

    /// Fills all of it with a pattern.
    pub fn fill(&mut self) {
        // SAFETY: by the type's invariant the memory is mapped, writable and this value's.
        unsafe { std::ptr::write_bytes(self.bottom() as *mut u8, PATTERN, self.len as usize) };
    }

    /// Address of the lowest byte that does not hold the pattern.
    pub fn deepest(&self) -> u64 {
        let untouched = (self.bottom()..self.top())
            // SAFETY: by the type's invariant the memory is mapped and this value's.
            .take_while(|at| unsafe { (*at as *const u8).read_volatile() } == PATTERN)
            .count();
        self.bottom() + untouched as u64
    }

    /// Lowest usable address.
    pub fn bottom(&self) -> u64 {
        self.base + GUARD
    }

    /// Address after the highest byte, 16-byte aligned.
    pub fn top(&self) -> u64 {
        self.base + GUARD + self.len
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: by the type's invariant nothing else refers to this mapping.
        unsafe { libc::munmap(self.base as *mut libc::c_void, (GUARD + self.len) as usize) };
    }
}
