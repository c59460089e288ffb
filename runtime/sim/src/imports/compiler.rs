// SPDX-License-Identifier: GPL-2.0-only
//! Functions that the compiler calls on its own.

use std::ffi::c_void;

/// `memcpy(3)`.
pub unsafe extern "C" fn memcpy(dst: *mut c_void, src: *const c_void, len: usize) -> *mut c_void {
    // SAFETY: the caller is compiled code that keeps memcpy's rules.
    unsafe { libc::memcpy(dst, src, len) }
}

/// `memmove(3)`.
pub unsafe extern "C" fn memmove(dst: *mut c_void, src: *const c_void, len: usize) -> *mut c_void {
    // SAFETY: the caller is compiled code that keeps memmove's rules.
    unsafe { libc::memmove(dst, src, len) }
}

/// `memset(3)`.
pub unsafe extern "C" fn memset(dst: *mut c_void, byte: i32, len: usize) -> *mut c_void {
    // SAFETY: the caller is compiled code that keeps memset's rules.
    unsafe { libc::memset(dst, byte, len) }
}

/// `memcmp(3)`.
pub unsafe extern "C" fn memcmp(a: *const c_void, b: *const c_void, len: usize) -> i32 {
    // SAFETY: the caller is compiled code that keeps memcmp's rules.
    unsafe { libc::memcmp(a, b, len) }
}

/// `bcmp(3)`.
pub unsafe extern "C" fn bcmp(a: *const c_void, b: *const c_void, len: usize) -> i32 {
    // SAFETY: the caller is compiled code that keeps bcmp's rules.
    unsafe { libc::memcmp(a, b, len) }
}

/// Unsigned division; the compiler has excluded a zero divisor.
pub extern "C" fn __udivti3(a: u128, b: u128) -> u128 {
    a.checked_div(b).unwrap_or(0)
}

/// Unsigned remainder; the compiler has excluded a zero divisor.
pub extern "C" fn __umodti3(a: u128, b: u128) -> u128 {
    a.checked_rem(b).unwrap_or(0)
}

/// Signed division; the compiler has excluded a zero divisor.
pub extern "C" fn __divti3(a: i128, b: i128) -> i128 {
    if b == 0 { 0 } else { a.wrapping_div(b) }
}

/// Signed remainder; the compiler has excluded a zero divisor.
pub extern "C" fn __modti3(a: i128, b: i128) -> i128 {
    if b == 0 { 0 } else { a.wrapping_rem(b) }
}
