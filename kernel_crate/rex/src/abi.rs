// SPDX-License-Identifier: GPL-2.0-only
// Generated from runtime/abi/src/layout.rs by rex-abi-generate, do not edit.
//! Structures and numbers shared by an extension's machine code and its target.

/// Version of this contract, stored in every program descriptor.
pub const REX_ABI_VERSION: u32 = 1;

/// Program type: kprobe at a kernel function.
pub const REX_PROG_KPROBE: u32 = 1;
/// Program type: uprobe at a user-space function.
pub const REX_PROG_UPROBE: u32 = 2;
/// Program type: kernel tracepoint.
pub const REX_PROG_TRACEPOINT: u32 = 3;
/// Program type: perf event sample.
pub const REX_PROG_PERF_EVENT: u32 = 4;
/// Program type: XDP.
pub const REX_PROG_XDP: u32 = 5;
/// Program type: traffic control classifier.
pub const REX_PROG_TC: u32 = 6;
/// Program type: return from a kernel function.
pub const REX_PROG_KRETPROBE: u32 = 7;
/// Program type: return from a user-space function.
pub const REX_PROG_URETPROBE: u32 = 8;

/// Length of [`rex_program::name`] in bytes, NUL padded.
pub const REX_PROGRAM_NAME_LEN: usize = 64;
/// Length of [`rex_program::attach`] in bytes, NUL padded.
pub const REX_PROGRAM_ATTACH_LEN: usize = 128;
/// Length of [`rex_program::layout`] in bytes, NUL padded.
pub const REX_PROGRAM_LAYOUT_LEN: usize = 64;
/// Bytes of the buffer that `rex_panic_begin` hands out.
pub const REX_PANIC_BUFFER_LEN: usize = 512;
/// Longest trace message in bytes; longer ones are `-E2BIG`.
pub const REX_TRACE_MAX: usize = 1024;
/// Largest stack frame of one function in bytes.
pub const REX_FRAME_MAX: u32 = 4096;
/// Bytes of stack a program may use before a stack check ends it; one without checks uses
/// no more.
pub const REX_STACK_BUDGET: u32 = 16384;
/// Bytes that functions without a check may use behind the last one.
pub const REX_STACK_SLACK: u32 = 4096;
/// Resources one invocation may hold at once.
pub const REX_RESOURCE_SLOTS: u32 = 64;

/// Map kind: hash table (`BPF_MAP_TYPE_HASH`).
pub const REX_MAP_HASH: u32 = 1;
/// Map kind: array (`BPF_MAP_TYPE_ARRAY`).
pub const REX_MAP_ARRAY: u32 = 2;
/// Map kind: perf event array (`BPF_MAP_TYPE_PERF_EVENT_ARRAY`).
pub const REX_MAP_PERF_EVENT_ARRAY: u32 = 4;
/// Map kind: hash table with one value per CPU (`BPF_MAP_TYPE_PERCPU_HASH`).
pub const REX_MAP_PERCPU_HASH: u32 = 5;
/// Map kind: array with one value per CPU (`BPF_MAP_TYPE_PERCPU_ARRAY`).
pub const REX_MAP_PERCPU_ARRAY: u32 = 6;
/// Map kind: stack traces (`BPF_MAP_TYPE_STACK_TRACE`).
pub const REX_MAP_STACK_TRACE: u32 = 7;
/// Map kind: hash table that evicts (`BPF_MAP_TYPE_LRU_HASH`).
pub const REX_MAP_LRU_HASH: u32 = 9;
/// Map kind: both of that (`BPF_MAP_TYPE_LRU_PERCPU_HASH`).
pub const REX_MAP_LRU_PERCPU_HASH: u32 = 10;
/// Map kind: longest prefix match (`BPF_MAP_TYPE_LPM_TRIE`).
pub const REX_MAP_LPM_TRIE: u32 = 11;
/// Map kind: queue (`BPF_MAP_TYPE_QUEUE`).
pub const REX_MAP_QUEUE: u32 = 22;
/// Map kind: stack (`BPF_MAP_TYPE_STACK`).
pub const REX_MAP_STACK: u32 = 23;
/// Map kind: ring buffer (`BPF_MAP_TYPE_RINGBUF`).
pub const REX_MAP_RINGBUF: u32 = 27;
/// Map kind: bloom filter (`BPF_MAP_TYPE_BLOOM_FILTER`).
pub const REX_MAP_BLOOM_FILTER: u32 = 30;

/// Update flag: create or replace (`BPF_ANY`).
pub const REX_ANY: u64 = 0;
/// Update flag: create only (`BPF_NOEXIST`).
pub const REX_NOEXIST: u64 = 1;
/// Update flag: replace only (`BPF_EXIST`).
pub const REX_EXIST: u64 = 2;

/// A map as it stands in section `.maps`, one symbol per map, named as the map.
///
/// The first five words come from the extension; the loader fills bytes 24 to 64 before a
/// program runs. 64 bytes, aligned to 8.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub struct rex_map_slot {
    /// Kind of map, a `REX_MAP_*` number.
    pub map_type: u32,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value.
    pub value_size: u32,
    /// Most entries, or bytes of a ring buffer.
    pub max_entries: u32,
    /// `BPF_F_*` creation flags.
    pub map_flags: u32,
    /// Zero.
    pub _pad: u32,
    /// What the target calls this map: opaque, never a pointer an extension could use.
    pub handle: u64,
    /// Address of element 0 for `REX_MAP_ARRAY`, 0 for every other kind.
    pub base: u64,
    /// Bytes from one element to the next for `REX_MAP_ARRAY`: the value size rounded up to a
    /// multiple of 8, which extensions rely on; else 0.
    pub stride: u64,
    /// Number of elements for `REX_MAP_ARRAY`, else 0.
    pub count: u32,
    /// Zero.
    pub _r: u32,
    /// Zero.
    pub _r2: u64,
}

/// A program as it stands in section `.rex.progs`; never loaded. 280 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub struct rex_program {
    /// [`REX_ABI_VERSION`].
    pub version: u32,
    /// A `REX_PROG_*` number.
    pub prog_type: u32,
    /// Address of the entry function, `extern "C" fn(ctx: *mut ()) -> u32`.
    pub entry: u64,
    /// Function name, NUL padded.
    pub name: [u8; REX_PROGRAM_NAME_LEN],
    /// Attach target (kernel symbol or `category/event`), NUL padded, may be empty.
    pub attach: [u8; REX_PROGRAM_ATTACH_LEN],
    /// Name of the context layout the program was compiled with, NUL padded.
    pub layout: [u8; REX_PROGRAM_LAYOUT_LEN],
    /// Fields of that layout the program uses: bit n is field n; 0 is all of them.
    pub fields: u32,
    /// Verdict after a stop: what the hook is told when the program was ended.
    pub default_verdict: u32,
}

/// `struct pt_regs` of x86-64: the context of kprobe and uprobe programs.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(non_camel_case_types, missing_docs)]
pub struct rex_pt_regs {
    pub r15: u64,
    pub r14: u64,
    pub r13: u64,
    pub r12: u64,
    pub rbp: u64,
    pub rbx: u64,
    pub r11: u64,
    pub r10: u64,
    pub r9: u64,
    pub r8: u64,
    pub rax: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rsi: u64,
    pub rdi: u64,
    pub orig_rax: u64,
    pub rip: u64,
    pub cs: u64,
    pub eflags: u64,
    pub rsp: u64,
    pub ss: u64,
}

/// Context of an XDP program. `data..data_end` is the packet's linear part.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub struct rex_xdp_ctx {
    /// Address of the first packet byte.
    pub data: u64,
    /// Address after the last packet byte.
    pub data_end: u64,
    /// Address of the metadata area in front of the packet, or `data`.
    pub data_meta: u64,
    /// What the target calls this packet.
    pub handle: u64,
    /// Interface the packet came in on.
    pub ingress_ifindex: u32,
    /// Receive queue.
    pub rx_queue_index: u32,
    /// Interface the packet leaves on; 0 outside devmap programs.
    pub egress_ifindex: u32,
    /// Zero.
    pub _pad: u32,
}

/// Context of a TC program. `data..data_end` is the linear part, made private already.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub struct rex_skb_ctx {
    /// Address of the first packet byte.
    pub data: u64,
    /// Address after the last byte of the linear part.
    pub data_end: u64,
    /// Address of the metadata area in front of the packet, or `data`.
    pub data_meta: u64,
    /// What the target calls this packet.
    pub handle: u64,
    /// Length of the whole packet in bytes.
    pub len: u32,
    /// Bytes outside the linear part.
    pub data_len: u32,
    /// Ethernet protocol, network byte order.
    pub protocol: u16,
    /// VLAN protocol, network byte order, 0 without VLAN.
    pub vlan_proto: u16,
    /// VLAN tag control information.
    pub vlan_tci: u16,
    /// Transmit queue.
    pub queue_mapping: u16,
    /// Packet priority.
    pub priority: u32,
    /// Interface.
    pub ifindex: u32,
    /// Interface the packet came in on.
    pub ingress_ifindex: u32,
    /// Flow hash, 0 if none was computed.
    pub hash: u32,
    /// Packet mark.
    pub mark: u32,
    /// `PACKET_*` type.
    pub pkt_type: u32,
    /// 1 with a VLAN tag.
    pub vlan_present: u32,
    /// Class id.
    pub tc_classid: u32,
    /// NAPI instance.
    pub napi_id: u32,
    /// Traffic control index.
    pub tc_index: u16,
    /// Zero.
    pub _pad: u16,
    /// The first 20 bytes of the control block.
    pub cb: [u8; 20],
    /// Zero.
    pub _pad2: u32,
}

/// Context of a perf event program.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub struct rex_perf_ctx {
    /// Registers at the sample.
    pub regs: rex_pt_regs,
    /// Sampling period in events.
    pub sample_period: u64,
    /// Data address of the sample, 0 if the event has none.
    pub addr: u64,
    /// What the target calls this sample.
    pub handle: u64,
}

/// Counter value with its times, as `struct bpf_perf_event_value`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub struct rex_perf_value {
    /// Events counted.
    pub counter: u64,
    /// Nanoseconds the event was enabled.
    pub enabled: u64,
    /// Nanoseconds the event was on the hardware.
    pub running: u64,
}
