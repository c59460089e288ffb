// SPDX-License-Identifier: GPL-2.0-only
//! What the attributes expand to. Not part of the interface; names may change.
//!
//! The attributes emit calls of [`__rex_program`](crate::__rex_program) and
//! [`__rex_map`](crate::__rex_map), which can be called by anybody with anything that their
//! patterns take, so they have to hold for that as well.

use core::ffi::c_int;

use crate::abi;
use crate::kprobe::{kprobe, kretprobe};
use crate::perf_event::{bpf_perf_event_data, perf_event};
use crate::pt_regs::PtRegs;
use crate::sched_cls::{__sk_buff, sched_cls};
use crate::tracepoint::{TracepointContext, tracepoint};
use crate::xdp::{xdp, xdp_md};

pub use crate::format::{Base, ByCore, Debug, Display, Integer, Spec, Text, Value, by_core};
pub use crate::log::print;
pub use rex_macros::print_pieces;

/// Entry of a program as the runtime calls it.
pub type Entry = extern "C" fn(*mut ()) -> u32;

/// `rex_program` with the entry as a function pointer, so that the linker fills it in.
#[repr(C)]
pub struct Program {
    version: u32,
    prog_type: u32,
    entry: Entry,
    name: [u8; abi::REX_PROGRAM_NAME_LEN],
    attach: [u8; abi::REX_PROGRAM_ATTACH_LEN],
    layout: [u8; abi::REX_PROGRAM_LAYOUT_LEN],
    fields: u32,
    default_verdict: u32,
}

const _: () = {
    assert!(size_of::<Program>() == size_of::<abi::rex_program>());
    assert!(
        core::mem::offset_of!(Program, entry) == core::mem::offset_of!(abi::rex_program, entry)
    );
    assert!(
        core::mem::offset_of!(Program, default_verdict)
            == core::mem::offset_of!(abi::rex_program, default_verdict)
    );
};

const fn padded<const N: usize>(text: &str) -> [u8; N] {
    let text = text.as_bytes();
    assert!(
        text.len() < N,
        "the name is longer than the field it goes to"
    );
    let mut out = [0; N];
    let mut at = 0;
    while at < text.len() {
        out[at] = text[at];
        at += 1;
    }
    out
}

const fn program(
    kind: u32,
    name: &str,
    attach: &str,
    (layout, fields): (&str, u32),
    entry: Entry,
) -> Program {
    assert_name(name);
    let default_verdict = match kind {
        abi::REX_PROG_XDP => crate::xdp::XDP_PASS,
        abi::REX_PROG_TC => crate::linux::pkt_cls::TC_ACT_UNSPEC as u32,
        _ => 0,
    };
    Program {
        version: abi::REX_ABI_VERSION,
        prog_type: kind,
        entry,
        name: padded(name),
        attach: padded(attach),
        layout: padded(layout),
        fields,
        default_verdict,
    }
}

mod sealed {
    pub trait Verdict {
        fn number(self) -> u32;
    }
}

/// What a program may return: a `Result` with the same integer type on both sides. Both
/// `Ok` and `Err` go to the hook, cut to 32 bits.
#[diagnostic::on_unimplemented(
    message = "a program does not return `{Self}`",
    label = "expected `rex::Result`"
)]
pub trait Verdict: sealed::Verdict {}

macro_rules! verdicts {
    ($($integer:ty)*) => {$(
        impl sealed::Verdict for core::result::Result<$integer, $integer> {
            #[inline(always)]
            // The types are of both signs and several sizes.
            #[allow(clippy::cast_lossless)]
            fn number(self) -> u32 {
                self.unwrap_or_else(|error| error) as u32
            }
        }
        impl Verdict for core::result::Result<$integer, $integer> {}
    )*};
}
verdicts!(u8 u16 u32 u64 usize i8 i16 i64 isize);
verdicts!(c_int);

type KprobeFn<R> = fn(&'static kprobe, &'static mut PtRegs) -> R;
type KretprobeFn<R> = fn(&'static kretprobe, &'static mut PtRegs) -> R;
type TracepointFn<C, R> = fn(&'static tracepoint<C>, &'static C) -> R;
type PerfEventFn<R> = fn(&'static perf_event, &'static bpf_perf_event_data) -> R;
type XdpFn<R> = for<'a, 'p> fn(&'static xdp, &'a mut xdp_md<'p>) -> R;
type TcFn<R> = for<'a, 'p> fn(&'static sched_cls, &'a mut __sk_buff<'p>) -> R;

macro_rules! describe {
    ($($name:ident: $kind:ident, $layout:literal;)*) => {$(
        #[doc(hidden)]
        pub const fn $name<F: Copy>(name: &str, attach: &str, entry: Entry, _: F) -> Program {
            program(abi::$kind, name, attach, ($layout, 0), entry)
        }
    )*};
}

describe! {
    describe_kprobe: REX_PROG_KPROBE, "pt_regs";
    describe_kretprobe: REX_PROG_KRETPROBE, "pt_regs";
    describe_uprobe: REX_PROG_UPROBE, "pt_regs";
    describe_uretprobe: REX_PROG_URETPROBE, "pt_regs";
    describe_perf_event: REX_PROG_PERF_EVENT, "rex_perf_ctx";
    describe_xdp: REX_PROG_XDP, "rex_xdp_ctx";
    describe_tc: REX_PROG_TC, "rex_skb_ctx";
}

/// Describes a tracepoint program. The function is given for the type of its context only;
/// that it is a program at all is for [`run_tracepoint`] to check, and to be told once.
#[doc(hidden)]
pub const fn describe_tracepoint<O, C: TracepointContext, R>(
    name: &str,
    _: &str,
    entry: Entry,
    _: fn(&'static O, &'static C) -> R,
) -> Program {
    let layout = (C::HOOK, C::FIELDS);
    program(abi::REX_PROG_TRACEPOINT, name, C::HOOK, layout, entry)
}

macro_rules! fits {
    ($($name:ident $(<$context:ident>)?: $kind:ident;)*) => {$(
        /// The program as the one function type of its program type.
        #[doc(hidden)]
        #[inline(always)]
        pub const fn $name<$($context: TracepointContext,)? R: Verdict>(
            program: $kind<$($context,)? R>,
        ) -> $kind<$($context,)? R> {
            program
        }
    )*};
}

fits! {
    fits_kprobe: KprobeFn;
    fits_kretprobe: KretprobeFn;
    fits_tracepoint<C>: TracepointFn;
    fits_perf_event: PerfEventFn;
    fits_xdp: XdpFn;
    fits_tc: TcFn;
}

/// Runs a kprobe or uprobe program.
///
/// # Safety
/// `ctx` is the context the runtime gave to this invocation's entry: registers that only
/// this invocation uses until it ends.
#[inline(always)]
pub unsafe fn run_kprobe<R: Verdict>(ctx: *mut (), program: KprobeFn<R>) -> u32 {
    static OBJECT: kprobe = kprobe::object();
    // SAFETY: By the contract of this function; `PtRegs` has the layout of the registers.
    program(&OBJECT, unsafe { &mut *ctx.cast() }).number()
}

/// Runs a kretprobe or uretprobe program.
///
/// # Safety
/// As for [`run_kprobe`].
#[inline(always)]
pub unsafe fn run_kretprobe<R: Verdict>(ctx: *mut (), program: KretprobeFn<R>) -> u32 {
    static OBJECT: kretprobe = kretprobe::object();
    // SAFETY: By the contract of this function; `PtRegs` has the layout of the registers.
    program(&OBJECT, unsafe { &mut *ctx.cast() }).number()
}

/// Runs a tracepoint program.
///
/// # Safety
/// `ctx` is the context the runtime gave to this invocation's entry: a record with the
/// layout that the program's descriptor names, which the target compared with its own.
#[inline(always)]
pub unsafe fn run_tracepoint<C: TracepointContext, R: Verdict>(
    ctx: *mut (),
    program: TracepointFn<C, R>,
) -> u32 {
    // SAFETY: By the contract of this function.
    program(const { &tracepoint::object() }, unsafe { &*ctx.cast() }).number()
}

/// Runs a perf event program.
///
/// # Safety
/// `ctx` is the context the runtime gave to this invocation's entry, a `rex_perf_ctx`.
#[inline(always)]
pub unsafe fn run_perf_event<R: Verdict>(ctx: *mut (), program: PerfEventFn<R>) -> u32 {
    static OBJECT: perf_event = perf_event::object();
    // SAFETY: By the contract of this function.
    program(&OBJECT, unsafe { &*ctx.cast() }).number()
}

/// Runs an XDP program.
///
/// # Safety
/// `ctx` is the context the runtime gave to this invocation's entry, a `rex_xdp_ctx` whose
/// packet only this invocation uses.
#[inline(always)]
pub unsafe fn run_xdp<R: Verdict>(ctx: *mut (), program: XdpFn<R>) -> u32 {
    static OBJECT: xdp = xdp::object();
    // SAFETY: By the contract of this function.
    program(&OBJECT, &mut unsafe { xdp_md::new(ctx.cast()) }).number()
}

/// Runs a TC program.
///
/// # Safety
/// `ctx` is the context the runtime gave to this invocation's entry, a `rex_skb_ctx` whose
/// linear part only this invocation uses.
#[inline(always)]
pub unsafe fn run_tc<R: Verdict>(ctx: *mut (), program: TcFn<R>) -> u32 {
    static OBJECT: sched_cls = sched_cls::object();
    // SAFETY: By the contract of this function.
    program(&OBJECT, &mut unsafe { __sk_buff::new(ctx.cast()) }).number()
}

/// Asserts that a static with `#[rex_map]` is a map.
#[doc(hidden)]
pub const fn assert_map<M: crate::map::capability::Map>(name: &str) {
    assert_name(name);
}

/// Asserts that a symbol may have this name: programs and maps are symbols of the image, and
/// must not take the place of what the image imports.
const fn assert_name(name: &str) {
    let name = name.as_bytes();
    let mut at = 0;
    while at < crate::ffi::NAMES.len() {
        assert!(
            !same(name, crate::ffi::NAMES[at].as_bytes()),
            "a program or map cannot have the name of a function that the kernel provides"
        );
        at += 1;
    }
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

pub use crate::record::{record_data, record_text};

macro_rules! program_macro {
    ($d:tt $($attribute:ident: $describe:ident, $fits:ident, $run:ident;)*) => {
        /// What an attribute of a program adds to its function. Which description belongs to
        /// which way to run is not for the caller to say.
        #[doc(hidden)]
        #[macro_export]
        macro_rules! __rex_program {$(
            ($attribute $d name:literal $d attach:literal $d entry:ident $d target:tt) => {
                const _: () = {
                    #[unsafe(export_name = $d name)]
                    extern "C" fn $d entry(ctx: *mut ()) -> u32 {
                        // Whatever stands here is no unsafe code: it is outside of the block.
                        let program = $crate::__private::$fits($d target);
                        unsafe { $crate::__private::$run(ctx, program) }
                    }
                    #[used]
                    #[unsafe(link_section = ".rex.progs")]
                    static PROGRAM: $crate::__private::Program =
                        $crate::__private::$describe($d name, $d attach, $d entry, $d target);
                };
            };
        )*}
    };
}
program_macro! { $
    rex_kprobe: describe_kprobe, fits_kprobe, run_kprobe;
    rex_kretprobe: describe_kretprobe, fits_kretprobe, run_kretprobe;
    rex_uprobe: describe_uprobe, fits_kprobe, run_kprobe;
    rex_uretprobe: describe_uretprobe, fits_kretprobe, run_kretprobe;
    rex_tracepoint: describe_tracepoint, fits_tracepoint, run_tracepoint;
    rex_perf_event: describe_perf_event, fits_perf_event, run_perf_event;
    rex_xdp: describe_xdp, fits_xdp, run_xdp;
    rex_tc: describe_tc, fits_tc, run_tc;
}

/// A static with `#[rex_map]`.
#[doc(hidden)]
#[macro_export]
macro_rules! __rex_map {
    ($name:literal $(#[$attribute:meta])* $visibility:vis static $map:ident: $kind:ty = $value:expr;) => {
        #[used]
        #[unsafe(link_section = ".maps")]
        #[unsafe(export_name = $name)]
        #[allow(non_upper_case_globals)]
        $(#[$attribute])*
        $visibility static $map: $kind = {
            $crate::__private::assert_map::<$kind>($name);
            $value
        };
    };
}

/// The path of the function around the one whose path is given.
#[doc(hidden)]
pub const fn enclosing(inner: &'static str) -> &'static str {
    let bytes = inner.as_bytes();
    let mut at = bytes.len();
    while at >= 2 {
        if bytes[at - 1] == b':' && bytes[at - 2] == b':' {
            return inner.split_at(at - 2).0;
        }
        at -= 1;
    }
    inner
}
