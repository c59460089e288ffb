// SPDX-License-Identifier: GPL-2.0-only
//! Going through the entries of a map.

use core::mem::MaybeUninit;

use super::capability::{Iterate, Kind};
use super::{RexMapHandle, bpf_map_type};
use crate::ffi;
use crate::linux::bpf::{BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PERCPU_ARRAY};
use crate::utils::NoRef;

impl<const MT: bpf_map_type, K, V> RexMapHandle<MT, K, V>
where
    K: Copy + NoRef,
    V: Copy + NoRef,
    Kind<MT>: Iterate,
{
    /// Starts at the first entry. Arrays are gone through by index, other kinds in no
    /// particular order.
    ///
    /// Helper: `rex_map_next_key`, arrays none. All program types.
    ///
    /// ```
    /// use rex::map::RexHashMap;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static hits: RexHashMap<u32, u64> = RexHashMap::new(64, 0);
    ///
    /// fn forget_the_idle() -> rex::Result {
    ///     let mut cursor = hits.cursor();
    ///     while let Some((key, count)) = cursor.next() {
    ///         if *count == 0 {
    ///             hits.delete(&key)?;
    ///         } else {
    ///             *count = 0;
    ///         }
    ///     }
    ///     Ok(0)
    /// }
    /// ```
    ///
    /// Cannot fail.
    #[inline(always)]
    pub fn cursor(&'static self) -> Cursor<MT, K, V> {
        Cursor {
            map: self,
            next: self.key_after(None),
            left: self.max_entries(),
        }
    }

    /// The key after `key`, or the first.
    #[inline(always)]
    fn key_after(&'static self, key: Option<&K>) -> Option<K> {
        let mut out = MaybeUninit::<K>::uninit();
        if const { MT == BPF_MAP_TYPE_ARRAY || MT == BPF_MAP_TYPE_PERCPU_ARRAY } {
            // SAFETY: Keys of arrays have four bytes, `new` asserts it, and any are a key:
            // a `K` with an enum inside is refused when the image is made.
            unsafe {
                let index = match key {
                    Some(key) => core::ptr::from_ref(key).cast::<u32>().read_unaligned() + 1,
                    None => 0,
                };
                out.as_mut_ptr().cast::<u32>().write_unaligned(index);
                return (index < self.max_entries()).then(|| out.assume_init());
            }
        }
        let key = key.map_or(core::ptr::null(), |key| core::ptr::from_ref(key).cast());
        // SAFETY: `key` is null or valid for reads, `out` for writes of the map's key size;
        // on success the helper wrote a key that was put into the map.
        unsafe {
            let answer = ffi::rex_map_next_key(self.handle(), key, out.as_mut_ptr().cast());
            (answer == 0).then(|| out.assume_init())
        }
    }
}

/// A place in a map, from [`cursor`](RexMapHandle::cursor).
///
/// Entries may come and go meanwhile, the current one included. It gives at most as many
/// entries as the map can hold. An entry that is there all the time is met once; where
/// another CPU deletes the entry that would have been next, the cursor starts again, and
/// some entries are met twice or not at all. An LRU map counts being met as use.
///
/// ```
/// use rex::map::RexArrayMap;
/// use rex::rex_map;
///
/// #[rex_map]
/// static gone_through: RexArrayMap<u64> = RexArrayMap::new(16, 0);
///
/// fn sum() -> u64 {
///     let mut cursor = gone_through.cursor();
///     let mut sum = 0;
///     while let Some((_, value)) = cursor.next() {
///         sum += *value;
///     }
///     sum
/// }
/// ```
pub struct Cursor<const MT: bpf_map_type, K: 'static, V: 'static>
where
    V: Copy + NoRef,
{
    map: &'static RexMapHandle<MT, K, V>,
    // Found before the current entry is handed out, which may then be deleted.
    next: Option<K>,
    left: u32,
}

impl<const MT: bpf_map_type, K, V> Cursor<MT, K, V>
where
    K: Copy + NoRef,
    V: Copy + NoRef,
    Kind<MT>: Iterate,
{
    /// The next entry: its key, and its value in place (of a map with a value per CPU,
    /// this CPU's).
    ///
    /// Helpers: `rex_map_next_key` and `rex_map_lookup`, arrays as for `get_mut`. All
    /// program types. `None` behind the last entry.
    ///
    /// ```
    /// use rex::map::RexArrayMap;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static stepped_through: RexArrayMap<u64> = RexArrayMap::new(16, 0);
    ///
    /// fn sum() -> u64 {
    ///     let mut cursor = stepped_through.cursor();
    ///     let mut sum = 0;
    ///     while let Some((_, value)) = cursor.next() {
    ///         sum += *value;
    ///     }
    ///     sum
    /// }
    /// ```
    // Not an iterator: a value is lent until the next step, so that there are never two.
    #[expect(
        clippy::should_implement_trait,
        reason = "items borrow from the cursor"
    )]
    #[inline(always)]
    pub fn next(&mut self) -> Option<(K, &mut V)> {
        while self.left > 0 {
            self.left -= 1;
            let key = self.next?;
            self.next = self.map.key_after(Some(&key));
            let value = self.map.find(&key);
            // SAFETY: As for `lookup`; the value is lent until the next step.
            if let Some(value) = unsafe { value.as_mut() } {
                return Some((key, value));
            }
        }
        None
    }
}
