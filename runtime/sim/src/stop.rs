// SPDX-License-Identifier: GPL-2.0-only
//! How a run ends before its program returns.
//!
//! Every stop does the same: note why and from where, then go to the landing pad. Nothing
//! is released and no extension code runs in between; the runner does the rest on its own
//! stack.

use std::sync::atomic::Ordering;

use crate::backtrace;
use crate::dispatch;
use crate::invocation::Invocation;
use crate::thread::{self, EXTENSION, HELPER, KILL, Slot};

/// Why a run was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A panic whose message of this many bytes is in the buffer.
    Panic(usize),
    /// A panic whose message could not be formatted, because formatting was itself ended.
    PanicUnformatted,
    /// The time budget was used up.
    Budget,
    /// The stack budget was used up.
    Stack,
    /// The CPU refused an instruction.
    Fault {
        /// Signal number.
        signal: i32,
        /// Address the instruction referred to, where the signal has one.
        address: u64,
    },
    /// An indirect call to an address that is not a function of the image.
    BadTarget(u64),
    /// A lock was taken by the invocation that holds it.
    LockHeld,
    /// A lock was taken in memory that may be gone before the run is over.
    LockPlace,
    /// All resource slots were taken.
    NoSlots,
}

/// A stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Why.
    pub reason: Reason,
    /// Whether the first address of the trace is an instruction's own, and not a return
    /// address.
    pub exact: bool,
}

/// Runs the body of a helper: marks the thread so that the watchdog waits, and ends the
/// run on the way out if it is to be ended.
///
/// The body must not keep anything alive past its return: the frames below are abandoned
/// when the run is ended.
pub fn helper<R>(body: impl FnOnce(&Invocation) -> Result<R, Reason>) -> R {
    let slot = thread::slot();
    slot.phase.store(HELPER, Ordering::Relaxed);
    let Some(invocation) = thread::invocation() else {
        std::process::abort()
    };
    match body(invocation) {
        Ok(result) => {
            leave(slot, invocation);
            result
        }
        Err(reason) => from_helper(slot, invocation, reason),
    }
}

/// Ends the run if the watchdog asked for it while a helper ran, else lets it go on.
fn leave(slot: &Slot, invocation: &Invocation) {
    // The watchdog's signal is handled on this very thread. One that arrives between the
    // load and the store is lost, and the watchdog sends the next.
    if slot.phase.load(Ordering::Relaxed) == KILL {
        from_helper(slot, invocation, Reason::Budget);
    }
    slot.phase.store(EXTENSION, Ordering::Relaxed);
}

/// Whether the run is to be ended; for helpers that wait.
pub fn kill_pending() -> bool {
    thread::slot().phase.load(Ordering::Relaxed) == KILL
}

/// Ends the run from inside a helper.
pub fn from_helper(slot: &Slot, invocation: &Invocation, reason: Reason) -> ! {
    let frame = slot.frame_pointer.load(Ordering::Relaxed);
    end(invocation, reason, false, &[acquired_at()], frame)
}

/// Return address of the helper call under way, 0 if it cannot be known.
pub fn acquired_at() -> u64 {
    let slot = thread::slot();
    let pointer = slot.stack_pointer.load(Ordering::Relaxed);
    let Some(invocation) = thread::invocation() else {
        return 0;
    };
    if pointer < invocation.bottom || pointer.saturating_add(8) > invocation.top {
        return 0;
    }
    // SAFETY: the word lies in this thread's program stack; the import stub noted the
    // stack pointer right after the call pushed its return address. The stack pointer of
    // soft-float code may be unaligned.
    unsafe { (pointer as *const u64).read_unaligned() }
}

/// Notes a stop. `first` and `frame` are as for [`backtrace::record`].
///
/// A second stop while a panic message is being formatted leaves the panic as the reason
/// and its trace in place.
pub fn note(invocation: &Invocation, reason: Reason, exact: bool, first: &[u64], frame: u64) {
    let formatting = invocation.panic.begun.get();
    let stop = match reason {
        Reason::Panic(_) => Stop {
            reason,
            exact: false,
        },
        _ if formatting => Stop {
            reason: Reason::PanicUnformatted,
            exact: false,
        },
        _ => {
            backtrace::record(invocation, first, frame);
            Stop { reason, exact }
        }
    };
    invocation.stop.set(Some(stop));
}

fn end(invocation: &Invocation, reason: Reason, exact: bool, first: &[u64], frame: u64) -> ! {
    thread::slot().phase.store(HELPER, Ordering::Relaxed);
    note(invocation, reason, exact, first, frame);
    // SAFETY: `top` is what the runner dispatched with; callers own nothing that needs to
    // be dropped, see `helper`.
    unsafe { dispatch::land(invocation.top) }
}

fn end_in_code(reason: Reason, first: [u64; 2], frame: u64) -> ! {
    let Some(invocation) = thread::invocation() else {
        std::process::abort()
    };
    end(invocation, reason, false, &first, frame)
}

/// The stack check failed at `address`, in a function called from `caller`.
pub extern "C" fn stack_overflow(address: u64, caller: u64, frame: u64) -> ! {
    end_in_code(Reason::Stack, [address, caller], frame)
}

/// An indirect call from `caller` was refused.
pub extern "C" fn bad_target(target: u64, caller: u64, frame: u64) -> ! {
    end_in_code(Reason::BadTarget(target), [caller, 0], frame)
}
