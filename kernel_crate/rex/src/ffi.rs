// SPDX-License-Identifier: GPL-2.0-only
// Generated from runtime/abi/src/imports.rs by rex-abi-generate, do not edit.
//! Functions the runtime provides to an image.

use crate::abi::{rex_perf_ctx, rex_perf_value, rex_pt_regs, rex_skb_ctx, rex_xdp_ctx};

#[rustfmt::skip]
unsafe extern "C" {
    /// Writes one trace message.
    pub(crate) fn rex_trace(msg: *const u8, len: usize) -> i64;
    /// Announces a panic at a source position; gives this invocation's 512-byte message buffer.
    pub(crate) fn rex_panic_begin(file: *const u8, file_len: usize, line: u32, col: u32) -> *mut u8;
    /// Ends the invocation; the first `len` bytes of the buffer are the message.
    pub(crate) fn rex_panic_end(len: usize) -> !;
    /// This CPU.
    pub(crate) fn rex_cpu() -> u32;
    /// This CPU's memory node.
    pub(crate) fn rex_numa_node() -> i32;
    /// Monotonic time in nanoseconds.
    pub(crate) fn rex_ktime_ns() -> u64;
    /// Time since boot, suspend included, in nanoseconds.
    pub(crate) fn rex_ktime_boot_ns() -> u64;
    /// Monotonic time of the last tick in nanoseconds.
    pub(crate) fn rex_ktime_coarse_ns() -> u64;
    /// Ticks since boot.
    pub(crate) fn rex_jiffies64() -> u64;
    /// A pseudo-random number.
    pub(crate) fn rex_random_u32() -> u32;
    /// The current task, 0 if there is none.
    pub(crate) fn rex_task_current() -> u64;
    /// A task's thread id.
    pub(crate) fn rex_task_pid(task: u64) -> i32;
    /// A task's process id.
    pub(crate) fn rex_task_tgid(task: u64) -> i32;
    /// A task's time in user mode in nanoseconds.
    pub(crate) fn rex_task_utime(task: u64) -> u64;
    /// Copies a task's name, NUL padded.
    pub(crate) fn rex_task_comm(task: u64, out: *mut [u8; 16]) -> i64;
    /// A task's user registers, null if it has none.
    pub(crate) fn rex_task_regs(task: u64) -> *const rex_pt_regs;
    /// Takes a reference to a task by thread id, 0 if there is none.
    pub(crate) fn rex_task_from_pid(pid: i32) -> u64;
    /// Gives a task's reference back.
    pub(crate) fn rex_task_put(task: u64);
    /// Address of a value, null if the key is not there.
    pub(crate) fn rex_map_lookup(map: u64, key: *const u8) -> *mut u8;
    /// Creates or replaces an entry.
    pub(crate) fn rex_map_update(map: u64, key: *const u8, value: *const u8, flags: u64) -> i64;
    /// Deletes an entry.
    pub(crate) fn rex_map_delete(map: u64, key: *const u8) -> i64;
    /// Copies the key after `key`; the first one if it is null or not there.
    pub(crate) fn rex_map_next_key(map: u64, key: *const u8, out: *mut u8) -> i64;
    /// Copies a CPU's value.
    pub(crate) fn rex_map_read_cpu(map: u64, key: *const u8, cpu: u32, out: *mut u8) -> i64;
    /// Pushes to a queue or stack.
    pub(crate) fn rex_map_push(map: u64, value: *const u8, flags: u64) -> i64;
    /// Takes a value from a queue or stack.
    pub(crate) fn rex_map_pop(map: u64, out: *mut u8) -> i64;
    /// Copies the next value of a queue or stack.
    pub(crate) fn rex_map_peek(map: u64, out: *mut u8) -> i64;
    /// Looks for a value in a bloom filter.
    pub(crate) fn rex_map_contains(map: u64, value: *const u8) -> i64;
    /// Reserves a record, null if there is no room.
    pub(crate) fn rex_ringbuf_reserve(map: u64, size: u64, flags: u64) -> *mut u8;
    /// Publishes a reserved record.
    pub(crate) fn rex_ringbuf_submit(record: *mut u8, flags: u64);
    /// Gives a reserved record up.
    pub(crate) fn rex_ringbuf_discard(record: *mut u8, flags: u64);
    /// Copies a record into a ring buffer.
    pub(crate) fn rex_ringbuf_output(map: u64, data: *const u8, len: u64, flags: u64) -> i64;
    /// Reads a number about a ring buffer (`BPF_RB_*`).
    pub(crate) fn rex_ringbuf_query(map: u64, what: u64) -> u64;
    /// Reads kernel memory that may not be there.
    pub(crate) fn rex_probe_read_kernel(dst: *mut u8, size: u32, src: *const u8) -> i64;
    /// Reads a string of kernel memory; gives its bytes with the NUL.
    pub(crate) fn rex_probe_read_kernel_str(dst: *mut u8, size: u32, src: *const u8) -> i64;
    /// Reads memory of the current process that may not be there.
    pub(crate) fn rex_probe_read_user(dst: *mut u8, size: u32, src: *const u8) -> i64;
    /// Reads a string of the current process; gives its bytes with the NUL.
    pub(crate) fn rex_probe_read_user_str(dst: *mut u8, size: u32, src: *const u8) -> i64;
    /// This invocation's tracepoint record and its bytes in all; null elsewhere.
    pub(crate) fn rex_record(len: *mut u32) -> *const u8;
    /// User id in the low and group id in the high half of the current process; all ones without one.
    pub(crate) fn rex_uid_gid() -> u64;
    /// Id of the current process's cgroup of version 2; 0 if it has none.
    pub(crate) fn rex_cgroup_id() -> u64;
    /// Sends a signal to the current process, or to its thread alone.
    pub(crate) fn rex_send_signal(signal: u32, thread: u32) -> i64;
    /// Makes the probed function return `rc` at once.
    pub(crate) fn rex_override_return(regs: *mut rex_pt_regs, rc: u64) -> i64;
    /// Grows or shrinks a packet at its end.
    pub(crate) fn rex_xdp_adjust_tail(ctx: *mut rex_xdp_ctx, delta: i32) -> i64;
    /// Moves the start of a packet and its metadata.
    pub(crate) fn rex_xdp_adjust_head(ctx: *mut rex_xdp_ctx, delta: i32) -> i64;
    /// Moves the start of a packet's metadata.
    pub(crate) fn rex_xdp_adjust_meta(ctx: *mut rex_xdp_ctx, delta: i32) -> i64;
    /// Copies bytes out of a packet.
    pub(crate) fn rex_xdp_load_bytes(
        ctx: *mut rex_xdp_ctx,
        offset: u32,
        to: *mut u8,
        len: u32,
    ) -> i64;
    /// Copies bytes into a packet.
    pub(crate) fn rex_xdp_store_bytes(
        ctx: *mut rex_xdp_ctx,
        offset: u32,
        from: *const u8,
        len: u32,
    ) -> i64;
    /// Notes where the packet goes and gives the verdict that sends it there.
    pub(crate) fn rex_redirect(ifindex: u32, flags: u64) -> u32;
    /// Copies bytes out of a packet; zeros if it fails.
    pub(crate) fn rex_skb_load_bytes(
        ctx: *mut rex_skb_ctx,
        offset: u32,
        to: *mut u8,
        len: u32,
    ) -> i64;
    /// Copies bytes into a packet.
    pub(crate) fn rex_skb_store_bytes(
        ctx: *mut rex_skb_ctx,
        offset: u32,
        from: *const u8,
        len: u32,
        flags: u64,
    ) -> i64;
    /// Changes a network checksum in a packet as a field of it changed.
    pub(crate) fn rex_l3_csum_replace(
        ctx: *mut rex_skb_ctx,
        offset: u32,
        from: u64,
        to: u64,
        flags: u64,
    ) -> i64;
    /// Changes a transport checksum in a packet as a field of it changed.
    pub(crate) fn rex_l4_csum_replace(
        ctx: *mut rex_skb_ctx,
        offset: u32,
        from: u64,
        to: u64,
        flags: u64,
    ) -> i64;
    /// Makes the first bytes of a packet linear.
    pub(crate) fn rex_skb_pull_data(ctx: *mut rex_skb_ctx, len: u32) -> i64;
    /// Changes the length of a packet at its end.
    pub(crate) fn rex_skb_change_tail(ctx: *mut rex_skb_ctx, len: u32, flags: u64) -> i64;
    /// Takes a lock; taking one this invocation holds is a panic.
    pub(crate) fn rex_spin_lock(lock: *mut u32);
    /// Releases a lock.
    pub(crate) fn rex_spin_unlock(lock: *mut u32);
    /// Stores the current stack and gives its id.
    pub(crate) fn rex_stack_id(ctx: *const (), map: u64, flags: u64) -> i64;
    /// Reads the counter of the sampled event.
    pub(crate) fn rex_perf_read_value(
        ctx: *const rex_perf_ctx,
        out: *mut rex_perf_value,
        size: u32,
    ) -> i64;
    /// Sends a record to a perf event array.
    pub(crate) fn rex_perf_output(
        ctx: *const (),
        map: u64,
        flags: u64,
        data: *const u8,
        len: u64,
    ) -> i64;
    /// Sends a copy of a packet through an interface.
    pub(crate) fn rex_clone_redirect(ctx: *mut rex_skb_ctx, ifindex: u32, flags: u64) -> i64;
}

/// Symbols of everything an image can import.
#[rustfmt::skip]
pub(crate) const NAMES: &[&str] = &[
    "rex_trace",
    "rex_panic_begin",
    "rex_panic_end",
    "rex_cpu",
    "rex_numa_node",
    "rex_ktime_ns",
    "rex_ktime_boot_ns",
    "rex_ktime_coarse_ns",
    "rex_jiffies64",
    "rex_random_u32",
    "rex_task_current",
    "rex_task_pid",
    "rex_task_tgid",
    "rex_task_utime",
    "rex_task_comm",
    "rex_task_regs",
    "rex_task_from_pid",
    "rex_task_put",
    "rex_map_lookup",
    "rex_map_update",
    "rex_map_delete",
    "rex_map_next_key",
    "rex_map_read_cpu",
    "rex_map_push",
    "rex_map_pop",
    "rex_map_peek",
    "rex_map_contains",
    "rex_ringbuf_reserve",
    "rex_ringbuf_submit",
    "rex_ringbuf_discard",
    "rex_ringbuf_output",
    "rex_ringbuf_query",
    "rex_probe_read_kernel",
    "rex_probe_read_kernel_str",
    "rex_probe_read_user",
    "rex_probe_read_user_str",
    "rex_record",
    "rex_uid_gid",
    "rex_cgroup_id",
    "rex_send_signal",
    "rex_override_return",
    "rex_xdp_adjust_tail",
    "rex_xdp_adjust_head",
    "rex_xdp_adjust_meta",
    "rex_xdp_load_bytes",
    "rex_xdp_store_bytes",
    "rex_redirect",
    "rex_skb_load_bytes",
    "rex_skb_store_bytes",
    "rex_l3_csum_replace",
    "rex_l4_csum_replace",
    "rex_skb_pull_data",
    "rex_skb_change_tail",
    "rex_spin_lock",
    "rex_spin_unlock",
    "rex_stack_id",
    "rex_perf_read_value",
    "rex_perf_output",
    "rex_clone_redirect",
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "bcmp",
    "__udivti3",
    "__umodti3",
    "__divti3",
    "__modti3",
    "__x86_return_thunk",
    "__x86_indirect_thunk_r11",
];
