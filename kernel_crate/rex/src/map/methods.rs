// SPDX-License-Identifier: GPL-2.0-only
//! Methods of the kinds of maps.

use super::{
    LpmKey, RexArrayMap, RexBloomFilter, RexHashMap, RexLpmTrie, RexLruHashMap,
    RexLruPerCPUHashMap, RexPerCPUArrayMap, RexPerCPUHashMap, RexQueue, RexStack,
};
use crate::linux::bpf::{BPF_ANY, BPF_EXIST, BPF_NOEXIST};
use crate::utils::{NoRef, Result};

macro_rules! entries_by_key {
    ($([$($parameter:tt)*] $map:ty, $key:ty, full $full:literal, value $value:literal;)*) => {$(
        impl<$($parameter)*, V> $map
        where
            $key: NoRef,
            V: Copy + NoRef,
        {
            #[doc = concat!("Creates or replaces ", $value, " of `key`.")]
            ///
            #[doc = concat!("Helper: `rex_map_update`. All program types. ", $full)]
            ///
            /// `Err(-errno)` for other reasons the kernel has.
            ///
            /// ```
            /// use rex::map::RexHashMap;
            /// use rex::rex_map;
            ///
            /// #[rex_map]
            /// static inserted: RexHashMap<u32, u64> = RexHashMap::new(64, 0);
            ///
            /// fn begin(pid: u32) -> rex::Result {
            ///     inserted.insert(&pid, &1)
            /// }
            /// ```
            #[inline(always)]
            pub fn insert(&'static self, key: &$key, value: &V) -> Result {
                self.update_entry(key, value, u64::from(BPF_ANY))
            }

            #[doc = concat!("Creates ", $value, " of `key`.")]
            ///
            /// Helper: `rex_map_update`. All program types. `Err(-EEXIST)` if there is one.
            #[doc = $full]
            ///
            /// ```
            /// use rex::map::RexHashMap;
            /// use rex::rex_map;
            ///
            /// #[rex_map]
            /// static inserted_new: RexHashMap<u32, u64> = RexHashMap::new(64, 0);
            ///
            /// fn begin_once(pid: u32) -> rex::Result {
            ///     inserted_new.insert_new(&pid, &1)
            /// }
            /// ```
            #[inline(always)]
            pub fn insert_new(&'static self, key: &$key, value: &V) -> Result {
                self.update_entry(key, value, u64::from(BPF_NOEXIST))
            }

            #[doc = concat!("Replaces ", $value, " of `key`.")]
            ///
            /// Helper: `rex_map_update`. All program types. `Err(-ENOENT)` if there is none.
            ///
            /// ```
            /// use rex::map::RexHashMap;
            /// use rex::rex_map;
            ///
            /// #[rex_map]
            /// static replaced: RexHashMap<u32, u64> = RexHashMap::new(64, 0);
            ///
            /// fn reset(pid: u32) -> rex::Result {
            ///     replaced.update(&pid, &0)
            /// }
            /// ```
            #[inline(always)]
            pub fn update(&'static self, key: &$key, value: &V) -> Result {
                self.update_entry(key, value, u64::from(BPF_EXIST))
            }

            #[doc = concat!("Gives ", $value, " of `key`, in place.")]
            ///
            /// Helper: `rex_map_lookup`. All program types. `None` if there is none.
            ///
            /// ```
            /// use rex::map::RexHashMap;
            /// use rex::rex_map;
            ///
            /// #[rex_map]
            /// static counted: RexHashMap<u32, u64> = RexHashMap::new(64, 0);
            ///
            /// fn count(pid: u32) {
            ///     if let Some(count) = counted.get_mut(&pid) {
            ///         *count += 1;
            ///     }
            /// }
            /// ```
            #[inline(always)]
            pub fn get_mut<'a>(&'static self, key: &'a $key) -> Option<&'a mut V> {
                self.lookup(key)
            }

            /// Whether `get_mut` would find something.
            ///
            /// Helper: `rex_map_lookup`. All program types.
            ///
            /// Cannot fail.
            ///
            /// ```
            /// use rex::map::RexHashMap;
            /// use rex::rex_map;
            ///
            /// #[rex_map]
            /// static known: RexHashMap<u32, u64> = RexHashMap::new(64, 0);
            ///
            /// fn is_known(pid: u32) -> bool {
            ///     known.contains(&pid)
            /// }
            /// ```
            #[inline(always)]
            pub fn contains(&'static self, key: &$key) -> bool {
                !self.find(key).is_null()
            }

            /// Deletes the entry of `key`.
            ///
            /// Helper: `rex_map_delete`. All program types. `Err(-ENOENT)` if there is none.
            ///
            /// ```
            /// use rex::map::RexHashMap;
            /// use rex::rex_map;
            ///
            /// #[rex_map]
            /// static ended: RexHashMap<u32, u64> = RexHashMap::new(64, 0);
            ///
            /// fn end(pid: u32) -> rex::Result {
            ///     ended.delete(&pid)
            /// }
            /// ```
            #[inline(always)]
            pub fn delete(&'static self, key: &$key) -> Result {
                self.delete_entry(key)
            }
        }
    )*};
}

entries_by_key! {
    [K] RexHashMap<K, V>, K, full "`Err(-E2BIG)` if the map is full.", value "the entry";
    [K] RexLruHashMap<K, V>, K, full "A full map drops an old entry.", value "the entry";
    [K] RexPerCPUHashMap<K, V>, K, full "`Err(-E2BIG)` if the map is full.",
        value "this CPU's value";
    [K] RexLruPerCPUHashMap<K, V>, K, full "A full map drops an old entry.",
        value "this CPU's value";
    [const N: usize] RexLpmTrie<LpmKey<N>, V>, LpmKey<N>,
        full "`Err(-ENOSPC)` if the map is full.",
        value "the entry (for `get_mut` and `contains` that of the longest prefix that fits)";
}

macro_rules! values_by_cpu {
    ($($name:ident)*) => {$(
        impl<K, V> $name<K, V>
        where
            K: NoRef,
            V: Copy + NoRef,
        {
            /// A copy of the value of `key` on another CPU, which may change it at the same
            /// time: fields that are aligned to their size are old or new, not mixed.
            ///
            /// Helper: `rex_map_read_cpu`. All program types. `None` if there is no such key
            /// or CPU.
            ///
            /// ```
            /// use rex::map::RexPerCPUHashMap;
            /// use rex::rex_map;
            ///
            /// #[rex_map]
            /// static by_cpu: RexPerCPUHashMap<u32, u64> = RexPerCPUHashMap::new(64, 0);
            ///
            /// fn on_the_first_cpu(key: u32) -> Option<u64> {
            ///     by_cpu.get_on(&key, 0)
            /// }
            /// ```
            #[inline(always)]
            pub fn get_on(&'static self, key: &K, cpu: u32) -> Option<V> {
                self.read_cpu(key, cpu)
            }
        }
    )*};
}
values_by_cpu!(RexPerCPUHashMap RexLruPerCPUHashMap);

impl<V> RexArrayMap<V>
where
    V: Copy + NoRef,
{
    /// Replaces the value at index `key`.
    ///
    /// Helper: `rex_map_update`. All program types. `Err(-E2BIG)` if the index is outside.
    ///
    /// ```
    /// use rex::map::RexArrayMap;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static slots: RexArrayMap<u64> = RexArrayMap::new(64, 0);
    ///
    /// fn reset(index: u32) -> rex::Result {
    ///     slots.insert(&index, &0)
    /// }
    /// ```
    #[inline(always)]
    pub fn insert(&'static self, key: &u32, value: &V) -> Result {
        self.update_entry(key, value, u64::from(BPF_ANY))
    }

    /// Whether the map has an index `key`.
    ///
    /// No helper. All program types.
    ///
    /// Cannot fail.
    ///
    /// ```
    /// use rex::map::RexArrayMap;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static bounds: RexArrayMap<u64> = RexArrayMap::new(64, 0);
    ///
    /// fn is_inside(index: u32) -> bool {
    ///     bounds.contains(&index)
    /// }
    /// ```
    #[inline(always)]
    pub fn contains(&'static self, key: &u32) -> bool {
        !self.find(key).is_null()
    }

    /// The value at index `key`, in place.
    ///
    /// No helper: read through the address the loader stored. All program types. `None` if
    /// the index is outside.
    ///
    /// ```
    /// use rex::map::RexArrayMap;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static cells: RexArrayMap<u64> = RexArrayMap::new(64, 0);
    ///
    /// fn count(index: u32) {
    ///     if let Some(count) = cells.get_mut(&index) {
    ///         *count += 1;
    ///     }
    /// }
    /// ```
    #[inline(always)]
    pub fn get_mut<'a>(&'static self, key: &'a u32) -> Option<&'a mut V> {
        self.lookup(key)
    }

    /// Always `Err(-EINVAL)`: entries of an array cannot be deleted.
    ///
    /// Helper: `rex_map_delete`. All program types.
    ///
    /// ```
    /// use rex::map::RexArrayMap;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static fixed: RexArrayMap<u64> = RexArrayMap::new(64, 0);
    ///
    /// fn cannot(index: u32) -> bool {
    ///     fixed.delete(&index).is_err()
    /// }
    /// ```
    #[inline(always)]
    pub fn delete(&'static self, key: &u32) -> Result {
        self.delete_entry(key)
    }
}

impl<V> RexPerCPUArrayMap<V>
where
    V: Copy + NoRef,
{
    /// Replaces this CPU's value at index `key`.
    ///
    /// Helper: `rex_map_update`. All program types. `Err(-E2BIG)` if the index is outside.
    ///
    /// ```
    /// use rex::map::RexPerCPUArrayMap;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static own: RexPerCPUArrayMap<u64> = RexPerCPUArrayMap::new(4, 0);
    ///
    /// fn reset(index: u32) -> rex::Result {
    ///     own.insert(&index, &0)
    /// }
    /// ```
    #[inline(always)]
    pub fn insert(&'static self, key: &u32, value: &V) -> Result {
        self.update_entry(key, value, u64::from(BPF_ANY))
    }

    /// This CPU's value at index `key`, in place.
    ///
    /// Helper: `rex_map_lookup`. All program types. `None` if the index is outside.
    ///
    /// ```
    /// use rex::map::RexPerCPUArrayMap;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static packets: RexPerCPUArrayMap<u64> = RexPerCPUArrayMap::new(1, 0);
    ///
    /// fn on_two_cpus() -> u64 {
    ///     if let Some(count) = packets.get_mut(&0) {
    ///         *count += 1;
    ///     }
    ///     (0..2).filter_map(|cpu| packets.get_on(&0, cpu)).sum()
    /// }
    /// ```
    #[inline(always)]
    pub fn get_mut<'a>(&'static self, key: &'a u32) -> Option<&'a mut V> {
        self.lookup(key)
    }

    /// A copy of the value at index `key` on another CPU, which may change it at the same
    /// time: fields that are aligned to their size are old or new, not mixed.
    ///
    /// Helper: `rex_map_read_cpu`. All program types. `None` if there is no such index or
    /// CPU.
    ///
    /// ```
    /// use rex::map::RexPerCPUArrayMap;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static others: RexPerCPUArrayMap<u64> = RexPerCPUArrayMap::new(4, 0);
    ///
    /// fn on_the_first_cpu(index: u32) -> Option<u64> {
    ///     others.get_on(&index, 0)
    /// }
    /// ```
    #[inline(always)]
    pub fn get_on(&'static self, key: &u32, cpu: u32) -> Option<V> {
        self.read_cpu(key, cpu)
    }
}

impl<V> RexBloomFilter<V>
where
    V: Copy + NoRef,
{
    /// Puts a value in; it cannot be taken out.
    ///
    /// Helper: `rex_map_push`. All program types. Cannot fail.
    ///
    /// ```
    /// use rex::map::RexBloomFilter;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static maybe: RexBloomFilter<u32> = RexBloomFilter::new(64, 0);
    ///
    /// fn note(address: u32) -> rex::Result {
    ///     maybe.push(&address)
    /// }
    /// ```
    #[inline(always)]
    pub fn push(&'static self, value: &V) -> Result {
        self.push_value(value, u64::from(BPF_ANY))
    }

    /// Whether a value was put in. `false` is certain, `true` is wrong about once in fifty
    /// when the filter holds as many values as it was made for.
    ///
    /// Helper: `rex_map_contains`. All program types.
    ///
    /// ```
    /// use rex::map::RexBloomFilter;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static seen: RexBloomFilter<u32> = RexBloomFilter::new(1024, 0);
    ///
    /// fn first_time(address: u32) -> bool {
    ///     let new = !seen.contains(&address);
    ///     new && seen.push(&address).is_ok()
    /// }
    /// ```
    #[inline(always)]
    pub fn contains(&'static self, value: &V) -> bool {
        self.holds_value(value)
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
            ///
            /// ```
            /// use rex::map::RexStack;
            /// use rex::rex_map;
            ///
            /// #[rex_map]
            /// static stacked: RexStack<u64> = RexStack::new(64, 0);
            ///
            /// fn remember(value: u64) -> rex::Result {
            ///     stacked.push(&value)
            /// }
            /// ```
            #[inline(always)]
            pub fn push(&'static self, value: &V) -> Result {
                self.push_value(value, u64::from(BPF_ANY))
            }

            /// Adds a value; if it is full the oldest one makes room.
            ///
            /// Helper: `rex_map_push`. All program types.
            ///
            /// `Err(-errno)` for other reasons the kernel has.
            ///
            /// ```
            /// use rex::map::RexStack;
            /// use rex::rex_map;
            ///
            /// #[rex_map]
            /// static forced: RexStack<u64> = RexStack::new(64, 0);
            ///
            /// fn remember(value: u64) -> rex::Result {
            ///     forced.force_push(&value)
            /// }
            /// ```
            #[inline(always)]
            pub fn force_push(&'static self, value: &V) -> Result {
                self.push_value(value, u64::from(BPF_EXIST))
            }

            #[doc = concat!("Takes the ", $end, " value.")]
            ///
            /// Helper: `rex_map_pop`. All program types. `None` if it is empty.
            ///
            /// ```
            /// use rex::map::RexStack;
            /// use rex::rex_map;
            ///
            /// #[rex_map]
            /// static taken: RexStack<u64> = RexStack::new(64, 0);
            ///
            /// fn latest() -> Option<u64> {
            ///     taken.pop()
            /// }
            /// ```
            #[inline(always)]
            pub fn pop(&'static self) -> Option<V> {
                self.pop_value()
            }

            #[doc = concat!("Copies the ", $end, " value.")]
            ///
            /// Helper: `rex_map_peek`. All program types. `None` if it is empty.
            ///
            /// ```
            /// use rex::map::RexStack;
            /// use rex::rex_map;
            ///
            /// #[rex_map]
            /// static seen_on_top: RexStack<u64> = RexStack::new(64, 0);
            ///
            /// fn latest() -> Option<u64> {
            ///     seen_on_top.peek()
            /// }
            /// ```
            #[inline(always)]
            pub fn peek(&'static self) -> Option<V> {
                self.peek_value()
            }
        }
    };
}
push_and_pop!(RexStack, "newest");
push_and_pop!(RexQueue, "oldest");
