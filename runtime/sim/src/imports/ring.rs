// SPDX-License-Identifier: GPL-2.0-only
//! Ring buffers. A reservation is registered before its address is handed out, and only a
//! registered one can be submitted or given up.

use crate::errno::{self, Errno};
use crate::resources::Resource;
use crate::stop::{Reason, acquired_at, helper};

/// Reserves a record, null if there is no room.
pub extern "C" fn rex_ringbuf_reserve(handle: u64, size: u64, flags: u64) -> *mut u8 {
    helper(|invocation| {
        let index = invocation.object.map_index(handle);
        let ring = index.and_then(|index| invocation.object.maps[index].ring());
        let (Some(index), Some(ring)) = (index, ring) else {
            return Ok(std::ptr::null_mut());
        };
        if !invocation.resources.has_room() {
            return Err(Reason::NoSlots);
        }
        let Some(record) = ring.reserve(size, flags) else {
            return Ok(std::ptr::null_mut());
        };
        invocation
            .resources
            .add(Resource::Record(index, record as u64), acquired_at());
        Ok(record)
    })
}

fn commit(record: *mut u8, discard: bool) {
    helper(|invocation| {
        let resources = &invocation.resources;
        let mine = |held| matches!(held, Resource::Record(_, at) if at == record as u64);
        let slot = resources.find(mine);
        if let Some(slot) = slot
            && let Some(Resource::Record(index, _)) = resources.get(slot).map(|held| held.resource)
            && let Some(ring) = invocation.object.maps[index].ring()
        {
            ring.commit(record, discard);
            resources.remove(slot);
        }
        Ok(())
    });
}

/// Publishes a reserved record.
pub extern "C" fn rex_ringbuf_submit(record: *mut u8, _flags: u64) {
    commit(record, false);
}

/// Gives a reserved record up.
pub extern "C" fn rex_ringbuf_discard(record: *mut u8, _flags: u64) {
    commit(record, true);
}

/// Copies a record in.
pub unsafe extern "C" fn rex_ringbuf_output(
    handle: u64,
    data: *const u8,
    len: u64,
    flags: u64,
) -> i64 {
    helper(|invocation| {
        let ring = invocation.object.map(handle).and_then(|map| map.ring());
        Ok(errno::result(ring.ok_or(Errno::EINVAL).and_then(|ring| {
            if len > u64::from(u32::MAX) {
                return Err(Errno::EAGAIN);
            }
            // SAFETY: the crate passes a slice of its own; an empty one may dangle.
            let data = unsafe {
                match len {
                    0 => &[],
                    _ => std::slice::from_raw_parts(data, len as usize),
                }
            };
            ring.output(data, flags)
        })))
    })
}

/// Reads a number about a ring buffer.
pub extern "C" fn rex_ringbuf_query(handle: u64, what: u64) -> u64 {
    helper(|invocation| {
        let ring = invocation.object.map(handle).and_then(|map| map.ring());
        Ok(ring.map_or(0, |ring| ring.query(what)))
    })
}
