// SPDX-License-Identifier: GPL-2.0-only
//! Methods of hash tables, arrays, stacks and queues.

use super::{RexArrayMap, RexHashMap, RexQueue, RexStack};
use crate::linux::bpf::{BPF_ANY, BPF_EXIST, BPF_NOEXIST};
use crate::utils::{NoRef, Result};

impl<K, V> RexHashMap<K, V>
where
    K: NoRef,
    V: Copy + NoRef,
{
    /// Creates or replaces the entry of `key`.
    ///
    /// Helper: `rex_map_update`. All program types. `Err(-E2BIG)` if the map is full.
    #[inline(always)]
    pub fn insert(&'static self, key: &K, value: &V) -> Result {
        self.update_entry(key, value, u64::from(BPF_ANY))
    }

    /// Creates the entry of `key`.
    ///
    /// Helper: `rex_map_update`. All program types. `Err(-EEXIST)` if there is one,
    /// `Err(-E2BIG)` if the map is full.
    #[inline(always)]
    pub fn insert_new(&'static self, key: &K, value: &V) -> Result {
        self.update_entry(key, value, u64::from(BPF_NOEXIST))
    }

    /// Replaces the entry of `key`.
    ///
    /// Helper: `rex_map_update`. All program types. `Err(-ENOENT)` if there is none.
    #[inline(always)]
    pub fn update(&'static self, key: &K, value: &V) -> Result {
        self.update_entry(key, value, u64::from(BPF_EXIST))
    }

    /// The value of `key`, in place.
    ///
    /// Helper: `rex_map_lookup`. All program types. `None` if there is none.
    #[inline(always)]
    pub fn get_mut<'a>(&'static self, key: &'a K) -> Option<&'a mut V> {
        self.lookup(key)
    }

    /// Deletes the entry of `key`.
    ///
    /// Helper: `rex_map_delete`. All program types. `Err(-ENOENT)` if there is none.
    #[inline(always)]
    pub fn delete(&'static self, key: &K) -> Result {
        self.delete_entry(key)
    }
}

impl<V> RexArrayMap<V>
where
    V: Copy + NoRef,
{
    /// Replaces the value at index `key`.
    ///
    /// Helper: `rex_map_update`. All program types. `Err(-E2BIG)` if the index is outside.
    #[inline(always)]
    pub fn insert(&'static self, key: &u32, value: &V) -> Result {
        self.update_entry(key, value, u64::from(BPF_ANY))
    }

    /// The value at index `key`, in place.
    ///
    /// No helper: read through the address the loader stored. All program types. `None` if
    /// the index is outside.
    #[inline(always)]
    pub fn get_mut<'a>(&'static self, key: &'a u32) -> Option<&'a mut V> {
        self.lookup(key)
    }

    /// Always `Err(-EINVAL)`: entries of an array cannot be deleted.
    ///
    /// Helper: `rex_map_delete`. All program types.
    #[inline(always)]
    pub fn delete(&'static self, key: &u32) -> Result {
        self.delete_entry(key)
    }
}

macro_rules! push_and_pop {
    ($name:ident, $end:literal) => {
        impl<V> $name<V>
        where
            V: Copy + NoRef,
        {
            /// Adds a value.
            ///
            /// Helper: `rex_map_push`. All program types. `Err(-E2BIG)` if it is full.
            #[inline(always)]
            pub fn push(&'static self, value: &V) -> Result {
                self.push_value(value, u64::from(BPF_ANY))
            }

            /// Adds a value; if it is full the oldest one makes room.
            ///
            /// Helper: `rex_map_push`. All program types.
            #[inline(always)]
            pub fn force_push(&'static self, value: &V) -> Result {
                self.push_value(value, u64::from(BPF_EXIST))
            }

            #[doc = concat!("Takes the ", $end, " value.")]
            ///
            /// Helper: `rex_map_pop`. All program types. `None` if it is empty.
            #[inline(always)]
            pub fn pop(&'static self) -> Option<V> {
                self.pop_value()
            }

            #[doc = concat!("Copies the ", $end, " value.")]
            ///
            /// Helper: `rex_map_peek`. All program types. `None` if it is empty.
            #[inline(always)]
            pub fn peek(&'static self) -> Option<V> {
                self.peek_value()
            }
        }
    };
}
push_and_pop!(RexStack, "newest");
push_and_pop!(RexQueue, "oldest");
