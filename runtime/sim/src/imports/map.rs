// SPDX-License-Identifier: GPL-2.0-only
//! Map operations. A handle that is not one of the object's maps is -EINVAL or null.

use crate::errno::{self, Errno};
use crate::invocation::Invocation;
use crate::maps::Map;
use crate::stop::helper;

fn map(invocation: &Invocation, handle: u64) -> Option<&Map> {
    invocation.object.map(handle)
}

/// # Safety
/// `bytes` must be valid for `len` bytes.
pub(super) unsafe fn slice<'a>(bytes: *const u8, len: u32) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(bytes, len as usize) }
}

/// # Safety
/// `bytes` must be valid for `len` bytes.
pub(super) unsafe fn slice_mut<'a>(bytes: *mut u8, len: u32) -> &'a mut [u8] {
    if len == 0 {
        return &mut [];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(bytes, len as usize) }
}

/// Address of a value, null if there is none.
pub unsafe extern "C" fn rex_map_lookup(handle: u64, key: *const u8) -> *mut u8 {
    helper(|invocation| {
        let found = map(invocation, handle).and_then(|map| {
            // SAFETY: the crate passes a key of the map's key type.
            let key = unsafe { slice(key, map.shape.key_size) };
            map.lookup(invocation.cpu, key)
        });
        Ok(found.unwrap_or(std::ptr::null_mut()))
    })
}

/// Creates or replaces an entry.
pub unsafe extern "C" fn rex_map_update(
    handle: u64,
    key: *const u8,
    value: *const u8,
    flags: u64,
) -> i64 {
    helper(|invocation| {
        Ok(errno::result(
            map(invocation, handle)
                .ok_or(Errno::EINVAL)
                .and_then(|map| {
                    // SAFETY: the crate passes a key and a value of the map's types.
                    let (key, value) = unsafe {
                        (
                            slice(key, map.shape.key_size),
                            slice(value, map.shape.value_size),
                        )
                    };
                    map.update(invocation.cpu, key, value, flags)
                }),
        ))
    })
}

/// Deletes an entry.
pub unsafe extern "C" fn rex_map_delete(handle: u64, key: *const u8) -> i64 {
    helper(|invocation| {
        Ok(errno::result(
            map(invocation, handle)
                .ok_or(Errno::EINVAL)
                .and_then(|map| {
                    // SAFETY: the crate passes a key of the map's key type.
                    map.delete(unsafe { slice(key, map.shape.key_size) })
                }),
        ))
    })
}

/// Pushes to a queue or stack.
pub unsafe extern "C" fn rex_map_push(handle: u64, value: *const u8, flags: u64) -> i64 {
    helper(|invocation| {
        Ok(errno::result(
            map(invocation, handle)
                .ok_or(Errno::EINVAL)
                .and_then(|map| {
                    // SAFETY: the crate passes a value of the map's value type.
                    map.push(unsafe { slice(value, map.shape.value_size) }, flags)
                }),
        ))
    })
}

unsafe fn next(handle: u64, out: *mut u8, take: bool) -> i64 {
    helper(|invocation| {
        Ok(errno::result(
            map(invocation, handle)
                .ok_or(Errno::EINVAL)
                .and_then(|map| {
                    // SAFETY: the crate passes room for a value of the map's value type.
                    map.next(unsafe { slice_mut(out, map.shape.value_size) }, take)
                }),
        ))
    })
}

/// Takes a value from a queue or stack.
pub unsafe extern "C" fn rex_map_pop(handle: u64, out: *mut u8) -> i64 {
    // SAFETY: handed on.
    unsafe { next(handle, out, true) }
}

/// Copies the next value of a queue or stack.
pub unsafe extern "C" fn rex_map_peek(handle: u64, out: *mut u8) -> i64 {
    // SAFETY: handed on.
    unsafe { next(handle, out, false) }
}
