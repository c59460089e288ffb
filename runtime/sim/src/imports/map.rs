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

/// Runs an operation on a map that fails with an error number.
fn operation(handle: u64, body: impl FnOnce(&Invocation, &Map) -> Result<(), Errno>) -> i64 {
    helper(|invocation| {
        let map = map(invocation, handle).ok_or(Errno::EINVAL);
        Ok(errno::result(map.and_then(|map| body(invocation, map))))
    })
}

/// Creates or replaces an entry.
pub unsafe extern "C" fn rex_map_update(
    handle: u64,
    key: *const u8,
    value: *const u8,
    flags: u64,
) -> i64 {
    operation(handle, |invocation, map| {
        // SAFETY: the crate passes a key and a value of the map's types.
        let (key, value) = unsafe {
            (
                slice(key, map.shape.key_size),
                slice(value, map.shape.value_size),
            )
        };
        map.update(invocation.cpu, key, value, flags)
    })
}

/// Deletes an entry.
pub unsafe extern "C" fn rex_map_delete(handle: u64, key: *const u8) -> i64 {
    operation(handle, |_, map| {
        // SAFETY: the crate passes a key of the map's key type.
        map.delete(unsafe { slice(key, map.shape.key_size) })
    })
}

/// Copies the key after `key`; the first one if it is null or not there.
pub unsafe extern "C" fn rex_map_next_key(handle: u64, key: *const u8, out: *mut u8) -> i64 {
    operation(handle, |_, map| {
        let size = map.shape.key_size;
        // SAFETY: the crate passes null or a key of the map's key type, and room for one.
        let (key, out) = unsafe {
            let key = (!key.is_null()).then(|| slice(key, size));
            (key, slice_mut(out, size))
        };
        map.next_key(key, out)
    })
}

/// Copies a CPU's value.
pub unsafe extern "C" fn rex_map_read_cpu(
    handle: u64,
    key: *const u8,
    cpu: u32,
    out: *mut u8,
) -> i64 {
    operation(handle, |_, map| {
        // SAFETY: the crate passes a key and room for a value of the map's types.
        let (key, out) = unsafe {
            (
                slice(key, map.shape.key_size),
                slice_mut(out, map.shape.value_size),
            )
        };
        map.read_cpu(key, cpu, out)
    })
}

/// Pushes to a queue, stack or bloom filter.
pub unsafe extern "C" fn rex_map_push(handle: u64, value: *const u8, flags: u64) -> i64 {
    operation(handle, |_, map| {
        // SAFETY: the crate passes a value of the map's value type.
        map.push(unsafe { slice(value, map.shape.value_size) }, flags)
    })
}

/// Looks for a value in a bloom filter.
pub unsafe extern "C" fn rex_map_contains(handle: u64, value: *const u8) -> i64 {
    operation(handle, |_, map| {
        // SAFETY: the crate passes a value of the map's value type.
        map.contains(unsafe { slice(value, map.shape.value_size) })
    })
}

unsafe fn next(handle: u64, out: *mut u8, take: bool) -> i64 {
    operation(handle, |_, map| {
        // SAFETY: the crate passes room for a value of the map's value type.
        map.next(unsafe { slice_mut(out, map.shape.value_size) }, take)
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
