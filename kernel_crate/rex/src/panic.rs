// SPDX-License-Identifier: GPL-2.0-only
//! What a panic does: the message is formatted into the runtime's buffer while the program
//! still counts as running (so its budget and stack limit hold), then the runtime ends it.

use core::panic::PanicInfo;

use crate::abi::REX_PANIC_BUFFER_LEN;
use crate::format::{Text, by_core};

#[cfg_attr(not(test), panic_handler)]
#[allow(dead_code)]
fn panic(info: &PanicInfo<'_>) -> ! {
    let (file, line, column) = info.location().map_or(("", 0, 0), |place| {
        (place.file(), place.line(), place.column())
    });
    // SAFETY: `file` is valid for its length. The runtime gives a buffer of this length that
    // belongs to this invocation alone.
    let buffer = unsafe {
        let start = crate::ffi::rex_panic_begin(file.as_ptr(), file.len(), line, column);
        core::slice::from_raw_parts_mut(start, REX_PANIC_BUFFER_LEN)
    };
    let mut text = Text::new(buffer);
    by_core(&mut text, format_args!("{}", info.message()));
    let length = text.len();
    // SAFETY: The first `length` bytes of the buffer are the message.
    unsafe { crate::ffi::rex_panic_end(length) }
}
