// SPDX-License-Identifier: GPL-2.0-only
//! Programs at kernel tracepoints.

use core::marker::PhantomData;

use crate::helper::{base_helpers, task_helper};
use crate::map::RexPerfEventArray;
use crate::utils::{NoRef, PerfEventMaskedCPU, PerfEventStreamer, Result, Sealed};

/// Context types of tracepoints: those here, and those that
/// [`tracepoint_context!`](crate::tracepoint_context) makes of any other.
///
/// # Safety
/// An implementation promises that the type is `#[repr(C)]` with the layout of its
/// tracepoint's record up to the end of the fields it names, that it is made of numbers, and
/// that no safe code can make a value of it. Only the macro and this crate implement it.
///
/// ```
/// use rex::tracepoint::{TracepointContext, tracepoint};
///
/// fn on_cpu<C: TracepointContext>(obj: &tracepoint<C>) -> i32 {
///     obj.bpf_get_smp_processor_id()
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the context of a tracepoint",
    label = "expected a context type of `rex::tracepoint` or one of `rex::tracepoint_context!`"
)]
pub unsafe trait TracepointContext {
    /// The tracepoint as `category/event`.
    #[doc(hidden)]
    const HOOK: &'static str;
    /// The fields used: bit n is field n of the snapshot's layout, 0 is all of them.
    #[doc(hidden)]
    const FIELDS: u32 = 0;
}

macro_rules! contexts {
    ($($(#[$meta:meta])* $name:ident, $hook:literal { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$meta])*
        #[doc = concat!("\n\nTracepoint `", $hook, "`.")]
        #[doc = concat!(
            "\n\n```\nuse rex::tracepoint::{", stringify!($name), ", tracepoint};\n\n",
            "fn at(obj: &tracepoint<", stringify!($name), ">, _ctx: &'static ", stringify!($name),
            ") -> u64 {\n    obj.bpf_ktime_get_ns()\n}\n```",
        )]
        #[repr(C)]
        #[derive(Copy, Clone)]
        pub struct $name {
            header: u64,
            $($(#[$field_meta])* pub $field: $type,)*
        }

        // Without the header: a kernel keeps the address of its registers there.
        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let mut fields = f.debug_struct(stringify!($name));
                $(fields.field(stringify!($field), &self.$field);)*
                fields.finish()
            }
        }
        impl !NoRef for $name {}
        // SAFETY: The fields are those of the kernel's format file, after the eight bytes
        // common to all; that header is private, so no value can be made.
        unsafe impl TracepointContext for $name {
            const HOOK: &'static str = $hook;
        }
    )*};
}

contexts! {
    /// Entry of `open(2)`.
    SyscallsEnterOpenCtx, "syscalls/sys_enter_open" {
        /// Number of the system call.
        syscall_nr: i64,
        /// Address of the path in user space.
        filename_ptr: i64,
        /// `O_*` flags.
        flags: i64,
        /// Mode of a new file.
        mode: i64,
    }
    /// Entry of `openat(2)`.
    SyscallsEnterOpenatCtx, "syscalls/sys_enter_openat" {
        /// Number of the system call.
        syscall_nr: i64,
        /// Directory descriptor.
        dfd: i64,
        /// Address of the path in user space.
        filename_ptr: i64,
        /// `O_*` flags.
        flags: i64,
        /// Mode of a new file.
        mode: i64,
    }
    /// Return from `open(2)`.
    SyscallsExitOpenCtx, "syscalls/sys_exit_open" {
        /// Number of the system call.
        syscall_nr: i64,
        /// File descriptor or `-errno`.
        ret: i64,
    }
    /// Return from `openat(2)`.
    SyscallsExitOpenatCtx, "syscalls/sys_exit_openat" {
        /// Number of the system call.
        syscall_nr: i64,
        /// File descriptor or `-errno`.
        ret: i64,
    }
    /// Entry of `dup(2)`.
    SyscallsEnterDupCtx, "syscalls/sys_enter_dup" {
        /// Number of the system call.
        syscall_nr: i64,
        /// File descriptor.
        fildes: u64,
    }
    /// Entry of any system call.
    RawSyscallsEnterCtx, "raw_syscalls/sys_enter" {
        /// Number of the system call.
        id: i64,
        /// Arguments.
        args: [u64; 6],
    }
    /// Return from any system call.
    RawSyscallsExitCtx, "raw_syscalls/sys_exit" {
        /// Number of the system call.
        id: i64,
        /// Result or `-errno`.
        ret: i64,
    }
}

/// What a tracepoint program may ask of the kernel.
///
/// ```
/// use rex::tracepoint::{SyscallsExitOpenCtx, tracepoint};
/// use rex::{Result, rex_tracepoint};
///
/// #[rex_tracepoint]
/// fn open_ended(_obj: &tracepoint<SyscallsExitOpenCtx>, ctx: &'static SyscallsExitOpenCtx) -> Result {
///     Ok(ctx.ret as i32)
/// }
/// ```
#[repr(C)]
pub struct tracepoint<C: TracepointContext + 'static> {
    context: PhantomData<C>,
}

impl<C: TracepointContext + 'static> !NoRef for tracepoint<C> {}

impl<C: TracepointContext + 'static> tracepoint<C> {
    pub(crate) const fn object() -> Self {
        Self {
            context: PhantomData,
        }
    }

    base_helpers!();
    task_helper!();
}

impl<C: TracepointContext + 'static> Sealed for tracepoint<C> {}

impl<C: TracepointContext + 'static> PerfEventStreamer for tracepoint<C> {
    type Context = C;

    fn output_event<T: Copy + NoRef>(
        &self,
        ctx: &C,
        map: &'static RexPerfEventArray<T>,
        data: &T,
        cpu: PerfEventMaskedCPU,
    ) -> Result {
        // SAFETY: The only values of context types are those the runtime hands out.
        unsafe { map.send(core::ptr::from_ref(ctx).cast(), data, cpu) }
    }
}
