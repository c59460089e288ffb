// SPDX-License-Identifier: GPL-2.0-only
//! The committed snapshot of context layouts.
//!
//! Names, offsets, sizes and signs are those of the kernel's tracepoint format files
//! (`events/CATEGORY/EVENT/format` in tracefs, 64-bit x86). An image names the layout it
//! was compiled with; a target compares it with its own before it attaches.

/// One field of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextField {
    /// Name in the kernel's format file.
    pub name: &'static str,
    /// Bytes from the start of the record.
    pub offset: u32,
    /// Bytes.
    pub size: u32,
    /// Whether the kernel calls it signed.
    pub signed: bool,
    /// Whether it is a `__data_loc` descriptor and not the data itself.
    pub data_loc: bool,
}

/// A context as programs see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextSnapshot {
    /// Name an image uses; for tracepoints the `category/event` of the hook.
    pub name: &'static str,
    /// Bytes a program may read.
    pub size: u32,
    /// Fields in ascending offset.
    pub fields: &'static [ContextField],
}

const fn field(name: &'static str, offset: u32, size: u32, signed: bool) -> ContextField {
    ContextField {
        name,
        offset,
        size,
        signed,
        data_loc: false,
    }
}

const SYSCALL_NR: ContextField = field("__syscall_nr", 8, 4, true);
const OPEN: &[ContextField] = &[
    SYSCALL_NR,
    field("filename", 16, 8, false),
    field("flags", 24, 8, false),
    field("mode", 32, 8, false),
];
const OPENAT: &[ContextField] = &[
    SYSCALL_NR,
    field("dfd", 16, 8, false),
    field("filename", 24, 8, false),
    field("flags", 32, 8, false),
    field("mode", 40, 8, false),
];
const EXIT: &[ContextField] = &[SYSCALL_NR, field("ret", 16, 8, true)];
const DUP: &[ContextField] = &[SYSCALL_NR, field("fildes", 16, 8, false)];
const RAW_ENTER: &[ContextField] = &[field("id", 8, 8, true), field("args", 16, 48, false)];
const RAW_EXIT: &[ContextField] = &[field("id", 8, 8, true), field("ret", 16, 8, true)];

/// Every layout a program can be compiled with. Contexts of other program types are part
/// of this contract itself (`pt_regs`, `rex_xdp_ctx`, `rex_skb_ctx`, `rex_perf_ctx`) and
/// have no fields to compare.
pub const CONTEXTS: &[ContextSnapshot] = &[
    ContextSnapshot {
        name: "syscalls/sys_enter_open",
        size: 40,
        fields: OPEN,
    },
    ContextSnapshot {
        name: "syscalls/sys_enter_openat",
        size: 48,
        fields: OPENAT,
    },
    ContextSnapshot {
        name: "syscalls/sys_exit_open",
        size: 24,
        fields: EXIT,
    },
    ContextSnapshot {
        name: "syscalls/sys_exit_openat",
        size: 24,
        fields: EXIT,
    },
    ContextSnapshot {
        name: "syscalls/sys_enter_dup",
        size: 24,
        fields: DUP,
    },
    ContextSnapshot {
        name: "raw_syscalls/sys_enter",
        size: 64,
        fields: RAW_ENTER,
    },
    ContextSnapshot {
        name: "raw_syscalls/sys_exit",
        size: 24,
        fields: RAW_EXIT,
    },
    ContextSnapshot {
        name: "pt_regs",
        size: 168,
        fields: &[],
    },
    ContextSnapshot {
        name: "rex_xdp_ctx",
        size: 48,
        fields: &[],
    },
    ContextSnapshot {
        name: "rex_skb_ctx",
        size: 112,
        fields: &[],
    },
    ContextSnapshot {
        name: "rex_perf_ctx",
        size: 192,
        fields: &[],
    },
];

/// Finds a layout by the name an image uses.
pub fn context(name: &str) -> Option<&'static ContextSnapshot> {
    CONTEXTS.iter().find(|candidate| candidate.name == name)
}
