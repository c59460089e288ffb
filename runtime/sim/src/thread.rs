// SPDX-License-Identifier: GPL-2.0-only
//! What machine code, signal handlers and helpers know about the running thread.
//!
//! The stubs read and write these words relative to the thread pointer, so they live in
//! the executable's static thread-local storage, at the same offset in every thread.

use std::arch::asm;
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU64, Ordering};

use crate::invocation::Invocation;

/// No program runs on this thread.
pub const OFF: u8 = 0;
/// Extension code runs.
pub const EXTENSION: u8 = 1;
/// A helper or the runtime runs on behalf of a program.
pub const HELPER: u8 = 2;
/// As [`HELPER`], and the program is to be ended when the helper returns.
pub const KILL: u8 = 3;

/// The words of one thread.
#[repr(C)]
pub struct Slot {
    /// Lowest stack pointer a checked function may start with.
    pub limit: AtomicU64,
    /// Stack pointer of the extension at its last helper call.
    pub stack_pointer: AtomicU64,
    /// Frame pointer of the extension at its last helper call.
    pub frame_pointer: AtomicU64,
    /// The invocation that runs on this thread, null if there is none.
    pub invocation: AtomicPtr<Invocation>,
    /// [`OFF`], [`EXTENSION`], [`HELPER`] or [`KILL`].
    pub phase: AtomicU8,
}

struct Cell(UnsafeCell<Slot>);

thread_local! {
    static SLOT: Cell = const {
        Cell(UnsafeCell::new(Slot {
            limit: AtomicU64::new(0),
            stack_pointer: AtomicU64::new(0),
            frame_pointer: AtomicU64::new(0),
            invocation: AtomicPtr::new(std::ptr::null_mut()),
            phase: AtomicU8::new(OFF),
        }))
    };
}

/// This thread's words. Safe in a signal handler: the storage is static and is never
/// initialised lazily or destroyed.
pub fn slot() -> &'static Slot {
    // SAFETY: the slot is const-initialised, has no destructor, is only ever used through
    // shared references to atomics, and callers do not send the reference elsewhere.
    SLOT.with(|cell| unsafe { &*cell.0.get() })
}

/// Distances of the words from the thread pointer, the same in every thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offsets {
    /// Of [`Slot::limit`].
    pub limit: i32,
    /// Of [`Slot::stack_pointer`].
    pub stack_pointer: i32,
    /// Of [`Slot::frame_pointer`].
    pub frame_pointer: i32,
}

/// The offsets as this thread sees them.
pub fn offsets() -> Offsets {
    let pointer: u64;
    // SAFETY: the first word at the thread pointer is the thread pointer itself (System V
    // ABI, x86-64 supplement, thread-local storage).
    unsafe { asm!("mov {}, fs:0", out(reg) pointer, options(nostack, readonly)) };
    let slot = slot();
    let distance = |word: *const AtomicU64| {
        let distance = (word as u64).wrapping_sub(pointer) as i64;
        i32::try_from(distance).expect("thread-local storage lies within 2 GiB")
    };
    Offsets {
        limit: distance(&raw const slot.limit),
        stack_pointer: distance(&raw const slot.stack_pointer),
        frame_pointer: distance(&raw const slot.frame_pointer),
    }
}

/// The invocation of this thread.
pub fn invocation() -> Option<&'static Invocation> {
    let pointer = slot().invocation.load(Ordering::Relaxed);
    // SAFETY: the pointer is set by the runner for the time its invocation is alive, and
    // reset before; an invocation is only changed through cells of its own thread.
    unsafe { pointer.as_ref() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_the_same_in_every_thread() {
        let here = offsets();
        let there = std::thread::spawn(offsets).join().unwrap();
        assert_eq!(here, there);
    }
}
