// SPDX-License-Identifier: GPL-2.0-only
//! Methods that every program object has.

/// Adds the helpers common to all program types to a program object.
macro_rules! base_helpers {
    () => {
        /// The number of the CPU the program runs on.
        ///
        /// Helper: `rex_cpu`. All program types. Cannot fail.
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        ///
        /// fn on_the_first_cpu(obj: &kprobe) -> bool {
        ///     obj.bpf_get_smp_processor_id() == 0
        /// }
        /// ```
        #[inline(always)]
        pub fn bpf_get_smp_processor_id(&self) -> i32 {
            // SAFETY: Takes nothing and has no precondition.
            unsafe { $crate::ffi::rex_cpu() as i32 }
        }

        /// The memory node of the CPU the program runs on.
        ///
        /// Helper: `rex_numa_node`. All program types. Cannot fail.
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        ///
        /// fn on_the_first_node(obj: &kprobe) -> bool {
        ///     obj.bpf_get_numa_node_id() == 0
        /// }
        /// ```
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
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        /// use rex::map::RexHashMap;
        /// use rex::rex_map;
        ///
        /// #[rex_map]
        /// static found: RexHashMap<u32, u64> = RexHashMap::new(64, 0);
        ///
        /// fn count(obj: &kprobe, key: u32) {
        ///     if let Some(count) = obj.bpf_map_lookup_elem(&found, &key) {
        ///         *count += 1;
        ///     }
        /// }
        /// ```
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
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        /// use rex::linux::bpf::BPF_NOEXIST;
        /// use rex::map::RexHashMap;
        /// use rex::rex_map;
        ///
        /// #[rex_map]
        /// static updated: RexHashMap<u32, u64> = RexHashMap::new(64, 0);
        ///
        /// fn begin(obj: &kprobe, key: u32) -> rex::Result {
        ///     obj.bpf_map_update_elem(&updated, &key, &1, u64::from(BPF_NOEXIST))
        /// }
        /// ```
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
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        /// use rex::map::RexHashMap;
        /// use rex::rex_map;
        ///
        /// #[rex_map]
        /// static deleted: RexHashMap<u32, u64> = RexHashMap::new(64, 0);
        ///
        /// fn end(obj: &kprobe, key: u32) -> rex::Result {
        ///     obj.bpf_map_delete_elem(&deleted, &key)
        /// }
        /// ```
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
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        /// use rex::map::RexQueue;
        /// use rex::rex_map;
        ///
        /// #[rex_map]
        /// static pushed: RexQueue<u64> = RexQueue::new(64, 0);
        ///
        /// fn remember(obj: &kprobe, value: u64) -> rex::Result {
        ///     obj.bpf_map_push_elem(&pushed, &value, 0)
        /// }
        /// ```
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
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        /// use rex::map::RexQueue;
        /// use rex::rex_map;
        ///
        /// #[rex_map]
        /// static popped: RexQueue<u64> = RexQueue::new(64, 0);
        ///
        /// fn next(obj: &kprobe) -> Option<u64> {
        ///     obj.bpf_map_pop_elem(&popped)
        /// }
        /// ```
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
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        /// use rex::map::RexQueue;
        /// use rex::rex_map;
        ///
        /// #[rex_map]
        /// static peeked: RexQueue<u64> = RexQueue::new(64, 0);
        ///
        /// fn look_at_the_next(obj: &kprobe) -> Option<u64> {
        ///     obj.bpf_map_peek_elem(&peeked)
        /// }
        /// ```
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
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        /// use rex::pt_regs::PtRegs;
        ///
        /// fn first_word(obj: &kprobe, regs: &PtRegs) -> Result<u64, i32> {
        ///     let mut word = 0_u64;
        ///     obj.bpf_probe_read_kernel(&mut word, regs.rdi() as *const ())?;
        ///     Ok(word)
        /// }
        /// ```
        #[inline(always)]
        pub fn bpf_probe_read_kernel<T>(&self, dst: &mut T, unsafe_ptr: *const ()) -> $crate::Result
        where
            T: Copy + $crate::utils::NoRef,
        {
            $crate::helper::probe_read_kernel(dst, unsafe_ptr)
        }

        /// Reads a string of kernel memory at an address that may not be valid into `buf`: up
        /// to its NUL, and no more than fits, always ended by a NUL.
        ///
        /// Helper: `rex_probe_read_kernel_str`. All program types. `EFAULT` if the memory
        /// cannot be read, `EINVAL` for an empty `buf`; `buf` is zero then.
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        /// use rex::pt_regs::PtRegs;
        /// use rex::{Result, rex_kprobe, rex_printk};
        ///
        /// #[rex_kprobe(function = "__x64_sys_getuid")]
        /// fn reads(obj: &kprobe, ctx: &mut PtRegs) -> Result {
        ///     let mut buf = [0; 64];
        ///     let text = obj.bpf_probe_read_kernel_str(&mut buf, ctx.rdi() as *const ())?;
        ///     rex_printk!("{} bytes\n", text.count_bytes())
        /// }
        /// ```
        ///
        /// `Err` with the error number if the memory cannot be read.
        #[inline(always)]
        pub fn bpf_probe_read_kernel_str<'b>(
            &self,
            buf: &'b mut [u8],
            unsafe_ptr: *const (),
        ) -> $crate::error::Result<&'b core::ffi::CStr> {
            $crate::helper::probe_read_str($crate::ffi::rex_probe_read_kernel_str, buf, unsafe_ptr)
        }

        /// Timer ticks since the machine was started.
        ///
        /// Helper: `rex_jiffies64`. All program types. Cannot fail.
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        ///
        /// fn ticks_since(obj: &kprobe, then: u64) -> u64 {
        ///     obj.bpf_jiffies64() - then
        /// }
        /// ```
        #[inline(always)]
        pub fn bpf_jiffies64(&self) -> u64 {
            // SAFETY: Takes nothing and has no precondition.
            unsafe { $crate::ffi::rex_jiffies64() }
        }

        /// Monotonic time in nanoseconds, without the time the machine was suspended.
        ///
        /// Helper: `rex_ktime_ns`. All program types. Cannot fail.
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        ///
        /// fn now_since(obj: &kprobe, then: u64) -> u64 {
        ///     obj.bpf_ktime_get_ns() - then
        /// }
        /// ```
        #[inline(always)]
        pub fn bpf_ktime_get_ns(&self) -> u64 {
            // SAFETY: Takes nothing and has no precondition.
            unsafe { $crate::ffi::rex_ktime_ns() }
        }

        /// Monotonic time in nanoseconds, with the time the machine was suspended.
        ///
        /// Helper: `rex_ktime_boot_ns`. All program types. Cannot fail.
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        ///
        /// fn since_boot_since(obj: &kprobe, then: u64) -> u64 {
        ///     obj.bpf_ktime_get_boot_ns() - then
        /// }
        /// ```
        #[inline(always)]
        pub fn bpf_ktime_get_boot_ns(&self) -> u64 {
            // SAFETY: Takes nothing and has no precondition.
            unsafe { $crate::ffi::rex_ktime_boot_ns() }
        }

        /// Monotonic time of the last timer tick in nanoseconds: cheaper, less exact.
        ///
        /// Helper: `rex_ktime_coarse_ns`. All program types. Cannot fail.
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        ///
        /// fn about_now_since(obj: &kprobe, then: u64) -> u64 {
        ///     obj.bpf_ktime_get_coarse_ns() - then
        /// }
        /// ```
        #[inline(always)]
        pub fn bpf_ktime_get_coarse_ns(&self) -> u64 {
            // SAFETY: Takes nothing and has no precondition.
            unsafe { $crate::ffi::rex_ktime_coarse_ns() }
        }

        /// A pseudo-random number.
        ///
        /// Helper: `rex_random_u32`. All program types. Cannot fail.
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        ///
        /// fn one_of_a_hundred(obj: &kprobe) -> bool {
        ///     obj.bpf_get_prandom_u32() % 100 == 0
        /// }
        /// ```
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
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        ///
        /// fn label(obj: &kprobe, cpu: u64) -> Result<[u8; 16], i32> {
        ///     let mut text = [0; 16];
        ///     obj.bpf_snprintf(&mut text, "CPU %d", &[cpu])?;
        ///     Ok(text)
        /// }
        /// ```
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

/// Adds the helpers about the current task, for programs that run on one's behalf.
macro_rules! task_helper {
    () => {
        /// The task that runs on this CPU.
        ///
        /// Helper: `rex_task_current`. Kprobe, kretprobe, uprobe, uretprobe, tracepoint and
        /// perf event programs. `None` if the target has no current task.
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        ///
        /// fn process(obj: &kprobe) -> Option<i32> {
        ///     Some(obj.bpf_get_current_task()?.get_tgid())
        /// }
        /// ```
        #[inline(always)]
        pub fn bpf_get_current_task(&self) -> Option<$crate::task_struct::TaskStruct> {
            $crate::task_struct::TaskStruct::current()
        }

        /// Reads memory of the current process at an address that may not be valid.
        ///
        /// Helper: `rex_probe_read_user`. Programs with a current task. `EFAULT` if the
        /// memory cannot be read; `dst` is zero then.
        ///
        /// ```
        /// use rex::tracepoint::{SyscallsEnterOpenatCtx, tracepoint};
        /// use rex::{Result, rex_printk, rex_tracepoint};
        ///
        /// #[rex_tracepoint]
        /// fn opens(obj: &tracepoint<SyscallsEnterOpenatCtx>, ctx: &'static SyscallsEnterOpenatCtx) -> Result {
        ///     let mut first = 0u8;
        ///     obj.bpf_probe_read_user(&mut first, ctx.filename_ptr as *const ())?;
        ///     rex_printk!("absolute: {}\n", first == b'/')
        /// }
        /// ```
        ///
        /// `Err` with the error number if the memory cannot be read.
        #[inline(always)]
        pub fn bpf_probe_read_user<T>(
            &self,
            dst: &mut T,
            unsafe_ptr: *const (),
        ) -> $crate::error::Result
        where
            T: Copy + $crate::utils::NoRef,
        {
            $crate::helper::probe_read_user(dst, unsafe_ptr)
        }

        /// Reads a string of the current process at an address that may not be valid into
        /// `buf`: up to its NUL, and no more than fits, always ended by a NUL.
        ///
        /// Helper: `rex_probe_read_user_str`. Programs with a current task. `EFAULT` if the
        /// memory cannot be read, `EINVAL` for an empty `buf`; `buf` is zero then.
        ///
        /// ```
        /// use rex::tracepoint::{SyscallsEnterOpenatCtx, tracepoint};
        /// use rex::{Result, rex_printk, rex_tracepoint};
        ///
        /// #[rex_tracepoint]
        /// fn opens(obj: &tracepoint<SyscallsEnterOpenatCtx>, ctx: &'static SyscallsEnterOpenatCtx) -> Result {
        ///     let mut buf = [0; 64];
        ///     let path = obj.bpf_probe_read_user_str(&mut buf, ctx.filename_ptr as *const ())?;
        ///     rex_printk!("opens {}\n", path.to_str().unwrap_or("?"))
        /// }
        /// ```
        ///
        /// `Err` with the error number if the memory cannot be read.
        #[inline(always)]
        pub fn bpf_probe_read_user_str<'b>(
            &self,
            buf: &'b mut [u8],
            unsafe_ptr: *const (),
        ) -> $crate::error::Result<&'b core::ffi::CStr> {
            $crate::helper::probe_read_str($crate::ffi::rex_probe_read_user_str, buf, unsafe_ptr)
        }

        /// Process id in the high half, thread id in the low half; `-EINVAL` as `u64`
        /// without a current task.
        ///
        /// Helper: `rex_task_tgid` and `rex_task_pid`. Programs with a current task.
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        ///
        /// fn thread(obj: &kprobe) -> u32 {
        ///     obj.bpf_get_current_pid_tgid() as u32
        /// }
        /// ```
        #[inline(always)]
        pub fn bpf_get_current_pid_tgid(&self) -> u64 {
            $crate::task_struct::TaskStruct::current().map_or($crate::helper::INVALID, |task| {
                u64::from(task.get_tgid() as u32) << 32 | u64::from(task.get_pid() as u32)
            })
        }

        /// Group id in the high half, user id in the low half; `-EINVAL` as `u64` without a
        /// current process.
        ///
        /// Helper: `rex_uid_gid`. Programs with a current task.
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        ///
        /// fn is_root(obj: &kprobe) -> bool {
        ///     obj.bpf_get_current_uid_gid() as u32 == 0
        /// }
        /// ```
        #[inline(always)]
        pub fn bpf_get_current_uid_gid(&self) -> u64 {
            // SAFETY: Takes nothing and has no precondition.
            let ids = unsafe { $crate::ffi::rex_uid_gid() };
            if ids == u64::MAX {
                $crate::helper::INVALID
            } else {
                ids
            }
        }

        /// Copies the current task's name, at most 15 bytes, to `buf`.
        ///
        /// Helper: `rex_task_comm`. Programs with a current task. `EINVAL` without one;
        /// `buf` is zero then.
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        /// use rex::pt_regs::PtRegs;
        /// use rex::{Result, rex_kprobe, rex_printk};
        ///
        /// #[rex_kprobe(function = "__x64_sys_dup")]
        /// fn dups(obj: &kprobe, _ctx: &mut PtRegs) -> Result {
        ///     let mut buf = [0; 16];
        ///     let name = obj.bpf_get_current_comm(&mut buf)?;
        ///     rex_printk!("{}\n", name.to_str().unwrap_or("?"))
        /// }
        /// ```
        ///
        /// `Err` with the error number if there is no task.
        #[inline(always)]
        pub fn bpf_get_current_comm<'b>(
            &self,
            buf: &'b mut [u8; 16],
        ) -> $crate::error::Result<&'b core::ffi::CStr> {
            $crate::helper::current_comm(buf)
        }

        /// Id of the current process's cgroup (version 2), 0 if it has none.
        ///
        /// Helper: `rex_cgroup_id`. Programs with a current task.
        ///
        /// Cannot fail.
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        ///
        /// fn is_in(obj: &kprobe, cgroup: u64) -> bool {
        ///     obj.bpf_get_current_cgroup_id() == cgroup
        /// }
        /// ```
        #[inline(always)]
        pub fn bpf_get_current_cgroup_id(&self) -> u64 {
            // SAFETY: Takes nothing and has no precondition.
            unsafe { $crate::ffi::rex_cgroup_id() }
        }

        /// Sends a signal to the current process.
        ///
        /// Helper: `rex_send_signal`. Programs with a current task. `EINVAL` for a number
        /// that is no signal and without a current process, `EPERM` for one that must live.
        ///
        /// `Err` with the error number if the signal cannot be sent.
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        ///
        /// fn stop_the_process(obj: &kprobe) -> rex::error::Result {
        ///     obj.bpf_send_signal(19)
        /// }
        /// ```
        #[inline(always)]
        pub fn bpf_send_signal(&self, signal: u32) -> $crate::error::Result {
            $crate::helper::send_signal(signal, false)
        }

        /// Sends a signal to the current thread.
        ///
        /// Helper: `rex_send_signal`. As [`Self::bpf_send_signal`].
        ///
        /// The same programs. `Err` with the error number if the signal cannot be sent.
        ///
        /// ```
        /// use rex::kprobe::kprobe;
        ///
        /// fn stop_the_thread(obj: &kprobe) -> rex::error::Result {
        ///     obj.bpf_send_signal_thread(19)
        /// }
        /// ```
        #[inline(always)]
        pub fn bpf_send_signal_thread(&self, signal: u32) -> $crate::error::Result {
            $crate::helper::send_signal(signal, true)
        }
    };
}

pub(crate) use {base_helpers, task_helper};

use core::ffi::CStr;

use crate::error::{self, code};
use crate::made_of::assert_any_bits;
use crate::no_ref::NoRef;

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

/// What the kernel answers as a number where there is no current task.
pub(crate) const INVALID: u64 = (code::EINVAL.to_errno() as i64) as u64;

/// Reads memory of the current process into `dst`.
#[inline(always)]
pub(crate) fn probe_read_user<T: Copy + NoRef>(dst: &mut T, source: *const ()) -> error::Result {
    const { assert_any_bits::<T>() };
    const { assert!(size_of::<T>() <= u32::MAX as usize) };
    // SAFETY: As in `probe_read_kernel`.
    let result = unsafe {
        crate::ffi::rex_probe_read_user(
            core::ptr::from_mut(dst).cast(),
            size_of::<T>() as u32,
            source.cast(),
        )
    };
    error::to_result(result).map(drop)
}

/// Reads a string with one of the two imports for it.
#[inline(always)]
pub(crate) fn probe_read_str(
    read: unsafe extern "C" fn(*mut u8, u32, *const u8) -> i64,
    buf: &mut [u8],
    source: *const (),
) -> error::Result<&CStr> {
    let size = buf.len().min(i32::MAX as usize) as u32;
    // SAFETY: `buf` is valid for writes of `size` bytes, and the helper checks the source.
    error::to_result(unsafe { read(buf.as_mut_ptr(), size, source.cast()) })?;
    CStr::from_bytes_until_nul(buf).map_err(|_| code::EINVAL)
}

/// Copies the current task's name.
pub(crate) fn current_comm(buf: &mut [u8; 16]) -> error::Result<&CStr> {
    *buf = [0; 16];
    // SAFETY: Takes nothing and has no precondition.
    let task = unsafe { crate::ffi::rex_task_current() };
    if task == 0 {
        return Err(code::EINVAL);
    }
    // SAFETY: The handle is the current task's, and `buf` is valid for writes of 16 bytes.
    error::to_result(unsafe { crate::ffi::rex_task_comm(task, buf) })?;
    CStr::from_bytes_until_nul(buf).map_err(|_| code::EINVAL)
}

/// Sends a signal to the current process or thread.
#[inline(always)]
pub(crate) fn send_signal(signal: u32, thread: bool) -> error::Result {
    // SAFETY: Takes numbers only.
    error::to_result(unsafe { crate::ffi::rex_send_signal(signal, u32::from(thread)) }).map(drop)
}
