// SPDX-License-Identifier: GPL-2.0-only
//! Locks inside map values.

use core::marker::PhantomData;

pub use crate::linux::bpf::bpf_spin_lock;
use crate::utils::NoRef;

/// A held lock; dropping it releases the lock.
///
/// While it is held interrupts are off. A program that ends while it holds one gives it
/// back through the runtime.
///
/// ```
/// use rex::map::RexArrayMap;
/// use rex::rex_map;
/// use rex::spinlock::{bpf_spin_lock, rex_spinlock_guard};
///
/// #[repr(C)]
/// #[derive(Clone, Copy)]
/// struct Counter {
///     lock: bpf_spin_lock,
///     value: u32,
/// }
///
/// #[rex_map]
/// static guarded: RexArrayMap<Counter> = RexArrayMap::new(1, 0);
///
/// fn count() {
///     if let Some(counter) = guarded.get_mut(&0) {
///         let _guard = rex_spinlock_guard::new(&mut counter.lock);
///         counter.value += 1;
///     }
/// }
/// ```
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct rex_spinlock_guard<'a> {
    lock: &'a mut bpf_spin_lock,
    // Belongs to the invocation that took it.
    not_send: PhantomData<*mut ()>,
}

impl !NoRef for rex_spinlock_guard<'_> {}

impl<'a> rex_spinlock_guard<'a> {
    /// Takes a lock.
    ///
    /// Helper: `rex_spin_lock`. All program types but not in NMI context. Taking a lock that
    /// this invocation holds already ends the program.
    ///
    /// ```
    /// use rex::map::RexArrayMap;
    /// use rex::rex_map;
    /// use rex::spinlock::{bpf_spin_lock, rex_spinlock_guard};
    ///
    /// #[repr(C)]
    /// #[derive(Clone, Copy)]
    /// struct Counter {
    ///     lock: bpf_spin_lock,
    ///     value: u32,
    /// }
    ///
    /// #[rex_map]
    /// static locked: RexArrayMap<Counter> = RexArrayMap::new(1, 0);
    ///
    /// fn count() {
    ///     if let Some(counter) = locked.get_mut(&0) {
    ///         let _guard = rex_spinlock_guard::new(&mut counter.lock);
    ///         counter.value += 1;
    ///     }
    /// }
    /// ```
    #[inline(always)]
    pub fn new(lock: &'a mut bpf_spin_lock) -> Self {
        // SAFETY: The word is valid and aligned for as long as the guard lives. The runtime
        // does not trust what is in it.
        unsafe { crate::ffi::rex_spin_lock(&raw mut lock.val) }
        Self {
            lock,
            not_send: PhantomData,
        }
    }
}

impl Drop for rex_spinlock_guard<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: `new` took this lock.
        unsafe { crate::ffi::rex_spin_unlock(&raw mut self.lock.val) }
    }
}
