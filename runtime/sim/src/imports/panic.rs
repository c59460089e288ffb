// SPDX-License-Identifier: GPL-2.0-only
//! A panic: first it announces its location and gets a buffer, then the extension formats
//! its message there, then it ends the run.

use std::sync::atomic::Ordering;

use rex_abi::REX_PANIC_BUFFER_LEN;

use crate::backtrace;
use crate::invocation::FILE_LEN;
use crate::stack::PANIC_ROOM;
use crate::stop::{self, Reason, helper};
use crate::thread;

/// Notes location and call trace; a second panic while the first one's message is being
/// formatted ends the run.
pub unsafe extern "C" fn rex_panic_begin(
    file: *const u8,
    file_len: usize,
    line: u32,
    column: u32,
) -> *mut u8 {
    helper(|invocation| {
        let panic = &invocation.panic;
        if panic.begun.get() {
            return Err(Reason::PanicUnformatted);
        }
        let len = file_len.min(FILE_LEN);
        // SAFETY: the crate passes a slice of its own, and the buffer belongs to this
        // thread's invocation.
        unsafe { file.copy_to(panic.file.get().cast::<u8>(), len) };
        panic.file_len.set(len);
        panic.line.set(line);
        panic.column.set(column);
        let slot = thread::slot();
        let frame = slot.frame_pointer.load(Ordering::Relaxed);
        backtrace::record(invocation, &[stop::acquired_at()], frame);
        let limit = slot.limit.load(Ordering::Relaxed);
        slot.limit.store(limit - PANIC_ROOM, Ordering::Relaxed);
        panic.begun.set(true);
        Ok(panic.buffer.get().cast::<u8>())
    })
}

/// Ends the run with the first `len` bytes of the buffer as the message.
pub extern "C" fn rex_panic_end(len: usize) -> ! {
    helper(|_| Err(Reason::Panic(len.min(REX_PANIC_BUFFER_LEN))))
}
