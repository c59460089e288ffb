// SPDX-License-Identifier: GPL-2.0-only
//! Spin locks: a word in a map value that holds the number of the CPU that took it.
//!
//! The word is memory that programs and map writers can overwrite; that costs exclusion,
//! never anything else, because a lock is released by compare and exchange of its owner.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::invocation::Invocation;
use crate::resources::Resource;
use crate::stop::{Reason, acquired_at, helper, kill_pending};

/// Takes a lock. Waiting is bounded by the time budget.
pub unsafe extern "C" fn rex_spin_lock(lock: *mut u32) {
    helper(|invocation| {
        let held = |resource| resource == Resource::Lock(lock as u64);
        if invocation.resources.find(held).is_some() {
            return Err(Reason::LockHeld);
        }
        if !invocation.resources.has_room() {
            return Err(Reason::NoSlots);
        }
        if !stays(invocation, lock as u64) {
            return Err(Reason::LockPlace);
        }
        // SAFETY: the word is valid and aligned to 4, as the crate passes a reference, and
        // stays mapped until the run is over.
        let word = unsafe { AtomicU32::from_ptr(lock) };
        let owner = owner(invocation.cpu);
        while word
            .compare_exchange_weak(0, owner, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            if kill_pending() {
                return Err(Reason::Budget);
            }
            std::thread::yield_now();
        }
        invocation
            .resources
            .add(Resource::Lock(lock as u64), acquired_at());
        Ok(())
    });
}

/// Releases a lock this invocation holds.
pub unsafe extern "C" fn rex_spin_unlock(lock: *mut u32) {
    helper(|invocation| {
        let mine = |resource| resource == Resource::Lock(lock as u64);
        if let Some(slot) = invocation.resources.find(mine) {
            // SAFETY: only the address of a lock word that was taken is registered.
            unsafe { release(lock as u64, invocation.cpu) };
            invocation.resources.remove(slot);
        }
        Ok(())
    });
}

/// Releases a registered lock.
///
/// # Safety
/// `lock` must be the address of a lock word in a map of an object that is still loaded, or
/// on the stack of a runner that is still there.
pub unsafe fn release(lock: u64, cpu: u32) {
    // SAFETY: the caller's promise.
    let word = unsafe { AtomicU32::from_ptr(lock as *mut u32) };
    let _ = word.compare_exchange(owner(cpu), 0, Ordering::Release, Ordering::Relaxed);
}

/// Whether the word is still there when the run ends and its locks are released, even if
/// the guard was leaked: a packet or a record may be gone by then.
fn stays(invocation: &Invocation, word: u64) -> bool {
    let stack = invocation.bottom..invocation.top;
    stack.contains(&word) || invocation.object.maps.iter().any(|map| map.holds(word))
}

fn owner(cpu: u32) -> u32 {
    cpu + 1
}
