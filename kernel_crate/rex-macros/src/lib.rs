// SPDX-License-Identifier: GPL-2.0-only
//! Attributes of the crate `rex`, which re-exports them.
//!
//! What they emit names everything by absolute path (`::rex::…`), so nothing an extension
//! has in scope can change its meaning, and hands the function over as a value of the one
//! function type its program type allows, so the compiler refuses every other signature. An
//! extension whose manifest calls the crate by another name adds
//! `extern crate that_name as rex;` to its root.

mod arguments;
mod context;
mod diagnostic;
mod format;
mod item;
mod map;
mod near;
mod print;
mod program;
mod snapshot;

use proc_macro::TokenStream;

use program::Flavour;

/// A program at the entry of a kernel function.
///
/// `#[rex_kprobe]` or `#[rex_kprobe(function = "symbol")]` on
/// `fn(obj: &kprobe, ctx: &mut PtRegs) -> Result`. Without `function` the target is chosen
/// when the program is attached.
///
/// ```
/// use rex::kprobe::kprobe;
/// use rex::pt_regs::PtRegs;
/// use rex::{Result, rex_kprobe};
///
/// #[rex_kprobe(function = "__x64_sys_dup")]
/// fn on_dup_call(_obj: &kprobe, ctx: &mut PtRegs) -> Result {
///     Ok(ctx.rdi() as i32)
/// }
/// ```
#[proc_macro_attribute]
pub fn rex_kprobe(arguments: TokenStream, item: TokenStream) -> TokenStream {
    program::expand(Flavour::Kprobe, arguments, item)
}

/// A program at the return from a kernel function.
///
/// `#[rex_kretprobe]` or `#[rex_kretprobe(function = "symbol")]` on
/// `fn(obj: &kretprobe, ctx: &mut PtRegs) -> Result`; `ctx.ret()` is what the function
/// returned.
///
/// ```
/// use rex::kprobe::kretprobe;
/// use rex::pt_regs::PtRegs;
/// use rex::{Result, rex_kretprobe};
///
/// #[rex_kretprobe(function = "__x64_sys_dup")]
/// fn on_dup_return(_obj: &kretprobe, ctx: &mut PtRegs) -> Result {
///     Ok(ctx.rax() as i32)
/// }
/// ```
#[proc_macro_attribute]
pub fn rex_kretprobe(arguments: TokenStream, item: TokenStream) -> TokenStream {
    program::expand(Flavour::Kretprobe, arguments, item)
}

/// A program at the entry of a user-space function.
///
/// `#[rex_uprobe]` or `#[rex_uprobe(function = "binary:symbol")]` on
/// `fn(obj: &kprobe, ctx: &mut PtRegs) -> Result`.
///
/// ```
/// use rex::kprobe::kprobe;
/// use rex::pt_regs::PtRegs;
/// use rex::{Result, rex_uprobe};
///
/// #[rex_uprobe(function = "/bin/bash:readline")]
/// fn on_readline(_obj: &kprobe, ctx: &mut PtRegs) -> Result {
///     Ok(ctx.rdi() as i32)
/// }
/// ```
#[proc_macro_attribute]
pub fn rex_uprobe(arguments: TokenStream, item: TokenStream) -> TokenStream {
    program::expand(Flavour::Uprobe, arguments, item)
}

/// A program at the return from a user-space function.
///
/// `#[rex_uretprobe]` or `#[rex_uretprobe(function = "binary:symbol")]` on
/// `fn(obj: &kretprobe, ctx: &mut PtRegs) -> Result`; `ctx.ret()` is what the function
/// returned.
///
/// ```
/// use rex::kprobe::kretprobe;
/// use rex::pt_regs::PtRegs;
/// use rex::{Result, rex_uretprobe};
///
/// #[rex_uretprobe(function = "/bin/bash:readline")]
/// fn after_readline(_obj: &kretprobe, ctx: &mut PtRegs) -> Result {
///     Ok(ctx.rax() as i32)
/// }
/// ```
#[proc_macro_attribute]
pub fn rex_uretprobe(arguments: TokenStream, item: TokenStream) -> TokenStream {
    program::expand(Flavour::Uretprobe, arguments, item)
}

/// A program at a kernel tracepoint.
///
/// On `fn(obj: &tracepoint<C>, ctx: &'static C) -> Result`; the context type `C` names the
/// tracepoint: one of `rex::tracepoint`, or one made by [`tracepoint_context!`].
///
/// ```
/// use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};
/// use rex::{Result, rex_tracepoint};
///
/// #[rex_tracepoint]
/// fn at_dup(_obj: &tracepoint<SyscallsEnterDupCtx>, ctx: &'static SyscallsEnterDupCtx) -> Result {
///     Ok(ctx.fildes as i32)
/// }
/// ```
#[proc_macro_attribute]
pub fn rex_tracepoint(arguments: TokenStream, item: TokenStream) -> TokenStream {
    program::expand(Flavour::Tracepoint, arguments, item)
}

/// Context types of any tracepoint.
///
/// ```text
/// rex::tracepoint_context! {
///     /// A task gets a CPU.
///     pub struct SchedSwitch: "sched/sched_switch" { prev_comm, prev_pid, next_comm, next_pid }
/// }
/// ```
///
/// Fields are named as in the kernel's format file (`/sys/kernel/tracing/events`), `..`
/// stands for all. A number is a public field of its size and sign, an array of bytes is
/// `[u8; N]`; a `__data_loc` string is a method that gives `&CStr`, other such data one that
/// gives `&[u8]`. Offsets are those of the committed snapshot of Linux 6.1; a target whose
/// fields lie elsewhere refuses to attach the program.
#[proc_macro]
pub fn tracepoint_context(input: TokenStream) -> TokenStream {
    context::expand(input)
}

/// A program run for each sample of a perf event.
///
/// On `fn(obj: &perf_event, ctx: &bpf_perf_event_data) -> Result`.
///
/// ```
/// use rex::perf_event::{bpf_perf_event_data, perf_event};
/// use rex::{Result, rex_perf_event};
///
/// #[rex_perf_event]
/// fn at_sample(_obj: &perf_event, ctx: &bpf_perf_event_data) -> Result {
///     Ok(ctx.sample_period() as i32)
/// }
/// ```
#[proc_macro_attribute]
pub fn rex_perf_event(arguments: TokenStream, item: TokenStream) -> TokenStream {
    program::expand(Flavour::PerfEvent, arguments, item)
}

/// A program run for each packet an interface receives, before the network stack.
///
/// On `fn(obj: &xdp, ctx: &mut xdp_md) -> Result`.
///
/// ```
/// use rex::xdp::{XDP_DROP, XDP_PASS, xdp, xdp_md};
/// use rex::{Result, rex_xdp};
///
/// #[rex_xdp]
/// fn drop_the_short(_obj: &xdp, ctx: &mut xdp_md) -> Result {
///     Ok(if ctx.data_length() < 60 { XDP_DROP } else { XDP_PASS } as i32)
/// }
/// ```
#[proc_macro_attribute]
pub fn rex_xdp(arguments: TokenStream, item: TokenStream) -> TokenStream {
    program::expand(Flavour::Xdp, arguments, item)
}

/// A program run for each packet in traffic control.
///
/// On `fn(obj: &sched_cls, skb: &mut __sk_buff) -> Result`.
///
/// ```
/// use rex::sched_cls::{TC_ACT_OK, TC_ACT_SHOT, __sk_buff, sched_cls};
/// use rex::{Result, rex_tc};
///
/// #[rex_tc]
/// fn shoot_the_marked(_obj: &sched_cls, skb: &mut __sk_buff) -> Result {
///     Ok(if skb.mark() == 7 { TC_ACT_SHOT } else { TC_ACT_OK } as i32)
/// }
/// ```
#[proc_macro_attribute]
pub fn rex_tc(arguments: TokenStream, item: TokenStream) -> TokenStream {
    program::expand(Flavour::Tc, arguments, item)
}

/// A map.
///
/// On `static NAME: RexHashMap<K, V> = RexHashMap::new(max_entries, flags);` or another map
/// type of `rex::map`. The map is called as the static.
///
/// ```
/// use rex::map::RexArrayMap;
/// use rex::rex_map;
///
/// /// Calls in all.
/// #[rex_map]
/// static total: RexArrayMap<u64> = RexArrayMap::new(1, 0);
/// ```
#[proc_macro_attribute]
pub fn rex_map(arguments: TokenStream, item: TokenStream) -> TokenStream {
    map::expand(arguments, item)
}

/// What `rex_printk!` expands to: the crate in parentheses, a literal, expressions.
#[doc(hidden)]
#[proc_macro]
pub fn print_pieces(input: TokenStream) -> TokenStream {
    print::expand(input)
}
