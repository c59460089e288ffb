// SPDX-License-Identifier: GPL-2.0-only
//! Methods that every program object has.

/// Adds the helpers common to all program types to a program object.
macro_rules! base_helpers {
    () => {
        /// The number of the CPU the program runs on.
        ///
        /// Helper: `rex_cpu`. All program types. Cannot fail.
        #[inline(always)]
        pub fn bpf_get_smp_processor_id(&self) -> i32 {
            // SAFETY: Takes nothing and has no precondition.
            unsafe { $crate::ffi::rex_cpu() as i32 }
        }

        /// The memory node of the CPU the program runs on.
        ///
        /// Helper: `rex_numa_node`. All program types. Cannot fail.
        #[inline(always)]
        pub fn bpf_get_numa_node_id(&self) -> i32 {
            // SAFETY: Takes nothing and has no precondition.
            unsafe { $crate::ffi::rex_numa_node() }
        }

        /// Looks `key` up in a map and gives the value in place. What is written through
        /// it is seen by other programs and by user space at once.
        ///
        /// Helper: `rex_map_lookup`; arrays are read without a call. All program types.
        /// `None` if the key is not there or the map is not of this target.
        #[inline(always)]
        pub fn bpf_map_lookup_elem<'b, const MT: $crate::linux::bpf::bpf_map_type, K, V>(
            &self,
            map: &'static $crate::map::RexMapHandle<MT, K, V>,
            key: &'b K,
        ) -> Option<&'b mut V>
        where
            K: $crate::utils::NoRef,
            V: Copy + $crate::utils::NoRef,
            $crate::map::capability::Kind<MT>: $crate::map::capability::Lookup,
        {
            map.lookup(key)
        }

        /// Creates or replaces an entry. `flags` is `BPF_ANY`, `BPF_NOEXIST` or
        /// `BPF_EXIST`.
        ///
        /// Helper: `rex_map_update`. All program types. `Err(-errno)`: `-E2BIG` if the map
        /// is full or the index is outside, `-EEXIST` and `-ENOENT` by the flags.
        #[inline(always)]
        pub fn bpf_map_update_elem<const MT: $crate::linux::bpf::bpf_map_type, K, V>(
            &self,
            map: &'static $crate::map::RexMapHandle<MT, K, V>,
            key: &K,
            value: &V,
            flags: u64,
        ) -> $crate::Result
        where
            K: $crate::utils::NoRef,
            V: Copy + $crate::utils::NoRef,
            $crate::map::capability::Kind<MT>: $crate::map::capability::Update,
        {
            map.update_entry(key, value, flags)
        }

        /// Deletes an entry.
        ///
        /// Helper: `rex_map_delete`. All program types. `Err(-ENOENT)` if it is not there,
        /// `Err(-EINVAL)` for arrays, whose entries cannot be deleted.
        #[inline(always)]
        pub fn bpf_map_delete_elem<const MT: $crate::linux::bpf::bpf_map_type, K, V>(
            &self,
            map: &'static $crate::map::RexMapHandle<MT, K, V>,
            key: &K,
        ) -> $crate::Result
        where
            K: $crate::utils::NoRef,
            V: Copy + $crate::utils::NoRef,
            $crate::map::capability::Kind<MT>: $crate::map::capability::Update,
        {
            map.delete_entry(key)
        }

        /// Pushes a value to a queue or stack. With `BPF_EXIST` the oldest value makes
        /// room when it is full.
        ///
        /// Helper: `rex_map_push`. All program types. `Err(-E2BIG)` if it is full.
        #[inline(always)]
        pub fn bpf_map_push_elem<const MT: $crate::linux::bpf::bpf_map_type, K, V>(
            &self,
            map: &'static $crate::map::RexMapHandle<MT, K, V>,
            value: &V,
            flags: u64,
        ) -> $crate::Result
        where
            V: Copy + $crate::utils::NoRef,
            $crate::map::capability::Kind<MT>: $crate::map::capability::PushPop,
        {
            map.push_value(value, flags)
        }

        /// Takes the next value from a queue or stack.
        ///
        /// Helper: `rex_map_pop`. All program types. `None` if it is empty.
        #[inline(always)]
        pub fn bpf_map_pop_elem<const MT: $crate::linux::bpf::bpf_map_type, K, V>(
            &self,
            map: &'static $crate::map::RexMapHandle<MT, K, V>,
        ) -> Option<V>
        where
            V: Copy + $crate::utils::NoRef,
            $crate::map::capability::Kind<MT>: $crate::map::capability::PushPop,
        {
            map.pop_value()
        }

        /// Copies the next value of a queue or stack.
        ///
        /// Helper: `rex_map_peek`. All program types. `None` if it is empty.
        #[inline(always)]
        pub fn bpf_map_peek_elem<const MT: $crate::linux::bpf::bpf_map_type, K, V>(
            &self,
            map: &'static $crate::map::RexMapHandle<MT, K, V>,
        ) -> Option<V>
        where
            V: Copy + $crate::utils::NoRef,
            $crate::map::capability::Kind<MT>: $crate::map::capability::PushPop,
        {
            map.peek_value()
        }

        /// Reads kernel memory at an address that may not be valid.
        ///
        /// Helper: `rex_probe_read_kernel`. All program types. `Err(-EFAULT)` if the memory
        /// cannot be read; `dst` is zero then.
        #[inline(always)]
        pub fn bpf_probe_read_kernel<T>(&self, dst: &mut T, unsafe_ptr: *const ()) -> $crate::Result
        where
            T: Copy + $crate::utils::NoRef,
        {
            $crate::helper::probe_read_kernel(dst, unsafe_ptr)
        }

        /// Timer ticks since the machine was started.
        ///
        /// Helper: `rex_jiffies64`. All program types. Cannot fail.
        #[inline(always)]
        pub fn bpf_jiffies64(&self) -> u64 {
            // SAFETY: Takes nothing and has no precondition.
            unsafe { $crate::ffi::rex_jiffies64() }
        }

        /// Monotonic time in nanoseconds, without the time the machine was suspended.
        ///
        /// Helper: `rex_ktime_ns`. All program types. Cannot fail.
        #[inline(always)]
        pub fn bpf_ktime_get_ns(&self) -> u64 {
            // SAFETY: Takes nothing and has no precondition.
            unsafe { $crate::ffi::rex_ktime_ns() }
        }

        /// Monotonic time in nanoseconds, with the time the machine was suspended.
        ///
        /// Helper: `rex_ktime_boot_ns`. All program types. Cannot fail.
        #[inline(always)]
        pub fn bpf_ktime_get_boot_ns(&self) -> u64 {
            // SAFETY: Takes nothing and has no precondition.
            unsafe { $crate::ffi::rex_ktime_boot_ns() }
        }

        /// Monotonic time of the last timer tick in nanoseconds: cheaper, less exact.
        ///
        /// Helper: `rex_ktime_coarse_ns`. All program types. Cannot fail.
        #[inline(always)]
        pub fn bpf_ktime_get_coarse_ns(&self) -> u64 {
            // SAFETY: Takes nothing and has no precondition.
            unsafe { $crate::ffi::rex_ktime_coarse_ns() }
        }

        /// A pseudo-random number.
        ///
        /// Helper: `rex_random_u32`. All program types. Cannot fail.
        #[inline(always)]
        pub fn bpf_get_prandom_u32(&self) -> u32 {
            // SAFETY: Takes nothing and has no precondition.
            unsafe { $crate::ffi::rex_random_u32() }
        }

        /// Formats numbers as C does into `buf`, cut short if need be and always ended by
        /// a NUL. `fmt` knows `%d %i %u %x %X %o %c %%` with the flags `-` and `0`, a width
        /// and the lengths `l` and `ll`; a 32-bit conversion takes the low half.
        ///
        /// No helper: done here. All program types. `Ok` with the length including the NUL
        /// that the whole text has; `Err(-EINVAL)` for another conversion or if the number
        /// of values differs from what `fmt` asks for.
        #[inline(always)]
        pub fn bpf_snprintf<const N: usize, const M: usize>(
            &self,
            buf: &mut [u8; N],
            fmt: &str,
            data: &[u64; M],
        ) -> $crate::Result {
            $crate::snprintf::snprintf(buf, fmt, data)
        }
    };
}

/// Adds the helper for the current task.
macro_rules! task_helper {
    () => {
        /// The task that runs on this CPU.
        ///
        /// Helper: `rex_task_current`. Kprobe, uprobe, tracepoint and perf event programs.
        /// `None` if the target has no current task.
        #[inline(always)]
        pub fn bpf_get_current_task(&self) -> Option<$crate::task_struct::TaskStruct> {
            $crate::task_struct::TaskStruct::current()
        }
    };
}

pub(crate) use {base_helpers, task_helper};

use crate::no_ref::{NoRef, assert_any_bits};

/// Reads kernel memory into `dst`.
#[inline(always)]
pub(crate) fn probe_read_kernel<T: Copy + NoRef>(dst: &mut T, source: *const ()) -> crate::Result {
    const { assert_any_bits::<T>() };
    const { assert!(size_of::<T>() <= u32::MAX as usize) };
    // SAFETY: `dst` is valid for writes of its size, any bytes are a value of `T`, and the
    // helper checks the source itself.
    let result = unsafe {
        crate::ffi::rex_probe_read_kernel(
            core::ptr::from_mut(dst).cast(),
            size_of::<T>() as u32,
            source.cast(),
        )
    };
    crate::utils::to_result(result)
}
