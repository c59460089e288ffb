// SPDX-License-Identifier: GPL-2.0-only
//! Attributes of the crate `rex`, which re-exports them.
//!
//! What they emit names everything by absolute path (`::rex::…`), so nothing an extension
//! has in scope can change its meaning, and hands the function over as a value of the one
//! function type its program type allows, so the compiler refuses every other signature. An
//! extension whose manifest calls the crate by another name adds
//! `extern crate that_name as rex;` to its root.

mod arguments;
mod diagnostic;
mod item;
mod map;
mod program;

use proc_macro::TokenStream;

use program::Flavour;

/// A program at the entry of a kernel function.
///
/// `#[rex_kprobe]` or `#[rex_kprobe(function = "symbol")]` on
/// `fn(obj: &kprobe, ctx: &mut PtRegs) -> Result`. Without `function` the target is chosen
/// when the program is attached.
#[proc_macro_attribute]
pub fn rex_kprobe(arguments: TokenStream, item: TokenStream) -> TokenStream {
    program::expand(Flavour::Kprobe, arguments, item)
}

/// A program at the entry of a user-space function.
///
/// `#[rex_uprobe]` or `#[rex_uprobe(function = "binary:symbol")]` on
/// `fn(obj: &kprobe, ctx: &mut PtRegs) -> Result`.
#[proc_macro_attribute]
pub fn rex_uprobe(arguments: TokenStream, item: TokenStream) -> TokenStream {
    program::expand(Flavour::Uprobe, arguments, item)
}

/// A program at a kernel tracepoint.
///
/// On `fn(obj: &tracepoint<C>, ctx: &'static C) -> Result`; the context type `C` names the
/// tracepoint.
#[proc_macro_attribute]
pub fn rex_tracepoint(arguments: TokenStream, item: TokenStream) -> TokenStream {
    program::expand(Flavour::Tracepoint, arguments, item)
}

/// A program run for each sample of a perf event.
///
/// On `fn(obj: &perf_event, ctx: &bpf_perf_event_data) -> Result`.
#[proc_macro_attribute]
pub fn rex_perf_event(arguments: TokenStream, item: TokenStream) -> TokenStream {
    program::expand(Flavour::PerfEvent, arguments, item)
}

/// A program run for each packet an interface receives, before the network stack.
///
/// On `fn(obj: &xdp, ctx: &mut xdp_md) -> Result`.
#[proc_macro_attribute]
pub fn rex_xdp(arguments: TokenStream, item: TokenStream) -> TokenStream {
    program::expand(Flavour::Xdp, arguments, item)
}

/// A program run for each packet in traffic control.
///
/// On `fn(obj: &sched_cls, skb: &mut __sk_buff) -> Result`.
#[proc_macro_attribute]
pub fn rex_tc(arguments: TokenStream, item: TokenStream) -> TokenStream {
    program::expand(Flavour::Tc, arguments, item)
}

/// A map.
///
/// On `static NAME: RexHashMap<K, V> = RexHashMap::new(max_entries, flags);` or another map
/// type of `rex::map`. The map is called as the static.
#[proc_macro_attribute]
pub fn rex_map(arguments: TokenStream, item: TokenStream) -> TokenStream {
    map::expand(arguments, item)
}
