// SPDX-License-Identifier: GPL-2.0-only
//! Every function an image may call.
//!
//! Results of type `i64` are 0 or positive, or `-errno`. Map arguments are the `handle` of
//! a [`crate::rex_map_slot`]. All use the System V C calling convention.

/// A type in a prototype, as both languages spell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type {
    /// Rust spelling.
    pub rust: &'static str,
    /// C spelling.
    pub c: &'static str,
}

/// What an import is, which decides how a target provides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportClass {
    /// A helper of the target.
    Helper,
    /// A function the compiler calls on its own (memory, 128-bit division).
    Compiler,
    /// A patch site's placeholder: never called, replaced at load.
    Thunk,
}

/// One import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import {
    /// Symbol.
    pub name: &'static str,
    /// How a target provides it.
    pub class: ImportClass,
    /// Names and types of its parameters.
    pub parameters: &'static [(&'static str, Type)],
    /// Type of its result; [`NOTHING`] and [`NEVER`] included.
    pub result: Type,
    /// One sentence on what it does.
    pub doc: &'static str,
}

/// No result.
pub const NOTHING: Type = Type {
    rust: "()",
    c: "void",
};
/// Does not return.
pub const NEVER: Type = Type {
    rust: "!",
    c: "_Noreturn void",
};

macro_rules! types {
    ($($name:ident = $rust:literal, $c:literal;)*) => {
        $(const $name: Type = Type { rust: $rust, c: $c };)*
    };
}
types! {
    I32 = "i32", "int32_t";
    I64 = "i64", "int64_t";
    U32 = "u32", "uint32_t";
    U64 = "u64", "uint64_t";
    USIZE = "usize", "size_t";
    U128 = "u128", "unsigned __int128";
    I128 = "i128", "__int128";
    BYTES = "*const u8", "const uint8_t *";
    BYTES_MUT = "*mut u8", "uint8_t *";
    VOID = "*const ()", "const void *";
    VOID_MUT = "*mut ()", "void *";
    WORD_MUT = "*mut u32", "uint32_t *";
    COMM = "*mut [u8; 16]", "uint8_t (*)[16]";
    REGS = "*const rex_pt_regs", "const struct rex_pt_regs *";
    REGS_MUT = "*mut rex_pt_regs", "struct rex_pt_regs *";
    XDP_MUT = "*mut rex_xdp_ctx", "struct rex_xdp_ctx *";
    SKB_MUT = "*mut rex_skb_ctx", "struct rex_skb_ctx *";
    PERF = "*const rex_perf_ctx", "const struct rex_perf_ctx *";
    PERF_VALUE_MUT = "*mut rex_perf_value", "struct rex_perf_value *";
}

macro_rules! imports {
    ($($class:ident $name:ident($($parameter:ident: $type:ident),*) -> $result:ident, $doc:literal;)*) => {
        /// Every import, in the order of their slots.
        pub const IMPORTS: &[Import] = &[$(Import {
            name: stringify!($name),
            class: ImportClass::$class,
            parameters: &[$((stringify!($parameter), $type)),*],
            result: $result,
            doc: $doc,
        }),*];
    };
}

imports! {
    Helper rex_trace(msg: BYTES, len: USIZE) -> I64, "Writes one trace message.";
    Helper rex_panic_begin(file: BYTES, file_len: USIZE, line: U32, col: U32) -> BYTES_MUT,
        "Announces a panic at a source position; gives this invocation's 512-byte message buffer.";
    Helper rex_panic_end(len: USIZE) -> NEVER, "Ends the invocation; the first `len` bytes of the buffer are the message.";
    Helper rex_cpu() -> U32, "This CPU.";
    Helper rex_numa_node() -> I32, "This CPU's memory node.";
    Helper rex_ktime_ns() -> U64, "Monotonic time in nanoseconds.";
    Helper rex_ktime_boot_ns() -> U64, "Time since boot, suspend included, in nanoseconds.";
    Helper rex_ktime_coarse_ns() -> U64, "Monotonic time of the last tick in nanoseconds.";
    Helper rex_jiffies64() -> U64, "Ticks since boot.";
    Helper rex_random_u32() -> U32, "A pseudo-random number.";
    Helper rex_task_current() -> U64, "The current task, 0 if there is none.";
    Helper rex_task_pid(task: U64) -> I32, "A task's thread id.";
    Helper rex_task_tgid(task: U64) -> I32, "A task's process id.";
    Helper rex_task_utime(task: U64) -> U64, "A task's time in user mode in nanoseconds.";
    Helper rex_task_comm(task: U64, out: COMM) -> I64, "Copies a task's name, NUL padded.";
    Helper rex_task_regs(task: U64) -> REGS, "A task's user registers, null if it has none.";
    Helper rex_task_from_pid(pid: I32) -> U64, "Takes a reference to a task by thread id, 0 if there is none.";
    Helper rex_task_put(task: U64) -> NOTHING, "Gives a task's reference back.";
    Helper rex_map_lookup(map: U64, key: BYTES) -> BYTES_MUT, "Address of a value, null if the key is not there.";
    Helper rex_map_update(map: U64, key: BYTES, value: BYTES, flags: U64) -> I64, "Creates or replaces an entry.";
    Helper rex_map_delete(map: U64, key: BYTES) -> I64, "Deletes an entry.";
    Helper rex_map_next_key(map: U64, key: BYTES, out: BYTES_MUT) -> I64, "Copies the key after `key`; the first one if it is null or not there.";
    Helper rex_map_read_cpu(map: U64, key: BYTES, cpu: U32, out: BYTES_MUT) -> I64, "Copies a CPU's value.";
    Helper rex_map_push(map: U64, value: BYTES, flags: U64) -> I64, "Pushes to a queue or stack.";
    Helper rex_map_pop(map: U64, out: BYTES_MUT) -> I64, "Takes a value from a queue or stack.";
    Helper rex_map_peek(map: U64, out: BYTES_MUT) -> I64, "Copies the next value of a queue or stack.";
    Helper rex_map_contains(map: U64, value: BYTES) -> I64, "Looks for a value in a bloom filter.";
    Helper rex_ringbuf_reserve(map: U64, size: U64, flags: U64) -> BYTES_MUT, "Reserves a record, null if there is no room.";
    Helper rex_ringbuf_submit(record: BYTES_MUT, flags: U64) -> NOTHING, "Publishes a reserved record.";
    Helper rex_ringbuf_discard(record: BYTES_MUT, flags: U64) -> NOTHING, "Gives a reserved record up.";
    Helper rex_ringbuf_output(map: U64, data: BYTES, len: U64, flags: U64) -> I64, "Copies a record into a ring buffer.";
    Helper rex_ringbuf_query(map: U64, what: U64) -> U64, "Reads a number about a ring buffer (`BPF_RB_*`).";
    Helper rex_probe_read_kernel(dst: BYTES_MUT, size: U32, src: BYTES) -> I64, "Reads kernel memory that may not be there.";
    Helper rex_probe_read_kernel_str(dst: BYTES_MUT, size: U32, src: BYTES) -> I64,
        "Reads a string of kernel memory; gives its bytes with the NUL.";
    Helper rex_probe_read_user(dst: BYTES_MUT, size: U32, src: BYTES) -> I64, "Reads memory of the current process that may not be there.";
    Helper rex_probe_read_user_str(dst: BYTES_MUT, size: U32, src: BYTES) -> I64,
        "Reads a string of the current process; gives its bytes with the NUL.";
    Helper rex_record(len: WORD_MUT) -> BYTES, "This invocation's tracepoint record and its bytes in all; null elsewhere.";
    Helper rex_uid_gid() -> U64, "User id in the low and group id in the high half of the current process; all ones without one.";
    Helper rex_cgroup_id() -> U64, "Id of the current process's cgroup of version 2; 0 if it has none.";
    Helper rex_send_signal(signal: U32, thread: U32) -> I64, "Sends a signal to the current process, or to its thread alone.";
    Helper rex_override_return(regs: REGS_MUT, rc: U64) -> I64, "Makes the probed function return `rc` at once.";
    Helper rex_xdp_adjust_tail(ctx: XDP_MUT, delta: I32) -> I64, "Grows or shrinks a packet at its end.";
    Helper rex_xdp_adjust_head(ctx: XDP_MUT, delta: I32) -> I64, "Moves the start of a packet and its metadata.";
    Helper rex_xdp_adjust_meta(ctx: XDP_MUT, delta: I32) -> I64, "Moves the start of a packet's metadata.";
    Helper rex_xdp_load_bytes(ctx: XDP_MUT, offset: U32, to: BYTES_MUT, len: U32) -> I64, "Copies bytes out of a packet.";
    Helper rex_xdp_store_bytes(ctx: XDP_MUT, offset: U32, from: BYTES, len: U32) -> I64, "Copies bytes into a packet.";
    Helper rex_redirect(ifindex: U32, flags: U64) -> U32, "Notes where the packet goes and gives the verdict that sends it there.";
    Helper rex_skb_load_bytes(ctx: SKB_MUT, offset: U32, to: BYTES_MUT, len: U32) -> I64, "Copies bytes out of a packet; zeros if it fails.";
    Helper rex_skb_store_bytes(ctx: SKB_MUT, offset: U32, from: BYTES, len: U32, flags: U64) -> I64,
        "Copies bytes into a packet.";
    Helper rex_l3_csum_replace(ctx: SKB_MUT, offset: U32, from: U64, to: U64, flags: U64) -> I64,
        "Changes a network checksum in a packet as a field of it changed.";
    Helper rex_l4_csum_replace(ctx: SKB_MUT, offset: U32, from: U64, to: U64, flags: U64) -> I64,
        "Changes a transport checksum in a packet as a field of it changed.";
    Helper rex_skb_pull_data(ctx: SKB_MUT, len: U32) -> I64, "Makes the first bytes of a packet linear.";
    Helper rex_skb_change_tail(ctx: SKB_MUT, len: U32, flags: U64) -> I64, "Changes the length of a packet at its end.";
    Helper rex_spin_lock(lock: WORD_MUT) -> NOTHING, "Takes a lock; taking one this invocation holds is a panic.";
    Helper rex_spin_unlock(lock: WORD_MUT) -> NOTHING, "Releases a lock.";
    Helper rex_stack_id(ctx: VOID, map: U64, flags: U64) -> I64, "Stores the current stack and gives its id.";
    Helper rex_perf_read_value(ctx: PERF, out: PERF_VALUE_MUT, size: U32) -> I64, "Reads the counter of the sampled event.";
    Helper rex_perf_output(ctx: VOID, map: U64, flags: U64, data: BYTES, len: U64) -> I64, "Sends a record to a perf event array.";
    Helper rex_clone_redirect(ctx: SKB_MUT, ifindex: U32, flags: U64) -> I64, "Sends a copy of a packet through an interface.";
    Compiler memcpy(dst: VOID_MUT, src: VOID, len: USIZE) -> VOID_MUT, "Copies memory that does not overlap.";
    Compiler memmove(dst: VOID_MUT, src: VOID, len: USIZE) -> VOID_MUT, "Copies memory that may overlap.";
    Compiler memset(dst: VOID_MUT, byte: I32, len: USIZE) -> VOID_MUT, "Fills memory.";
    Compiler memcmp(a: VOID, b: VOID, len: USIZE) -> I32, "Compares memory.";
    Compiler bcmp(a: VOID, b: VOID, len: USIZE) -> I32, "Compares memory for equality.";
    Compiler __udivti3(a: U128, b: U128) -> U128, "Divides unsigned 128-bit numbers.";
    Compiler __umodti3(a: U128, b: U128) -> U128, "Remainder of unsigned 128-bit numbers.";
    Compiler __divti3(a: I128, b: I128) -> I128, "Divides signed 128-bit numbers.";
    Compiler __modti3(a: I128, b: I128) -> I128, "Remainder of signed 128-bit numbers.";
    Thunk __x86_return_thunk() -> NOTHING, "Stands for a return.";
    Thunk __x86_indirect_thunk_r11() -> NOTHING, "Stands for a call or jump to the address in r11.";
}

/// Finds an import by symbol.
pub fn import(name: &str) -> Option<&'static Import> {
    IMPORTS.iter().find(|candidate| candidate.name == name)
}
