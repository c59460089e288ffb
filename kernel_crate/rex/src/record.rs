// SPDX-License-Identifier: GPL-2.0-only
//! Data of variable length in the record of a tracepoint.

use core::ffi::CStr;

/// Bytes at the start of every record that are the kernel's own.
const COMMON: usize = 8;

/// The bytes that a `__data_loc` descriptor names: its low half is an offset from the start
/// of the record, its high half a length. Empty unless all of them lie in the record of
/// this invocation, whatever the descriptor is and wherever it comes from.
#[doc(hidden)]
pub fn record_data(descriptor: u32) -> &'static [u8] {
    let (offset, length) = ((descriptor & 0xffff) as usize, (descriptor >> 16) as usize);
    let mut available = 0;
    // SAFETY: `available` is valid for writes.
    let record = unsafe { crate::ffi::rex_record(&raw mut available) };
    if record.is_null() || offset < COMMON || offset + length > available as usize {
        return &[];
    }
    // SAFETY: The runtime answers the address of this invocation's record, of which
    // `available` bytes can be read and do not change until the invocation ends.
    unsafe { core::slice::from_raw_parts(record.add(offset), length) }
}

/// The string that a `__data_loc` descriptor names, as [`record_data`]; empty without NUL.
#[doc(hidden)]
pub fn record_text(descriptor: u32) -> &'static CStr {
    CStr::from_bytes_until_nul(record_data(descriptor)).unwrap_or_default()
}
