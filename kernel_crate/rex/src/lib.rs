// SPDX-License-Identifier: GPL-2.0-only
//! The safe kernel interface of Rex extensions.
//!
//! An extension is a `#![no_std] #![no_main]` program in safe Rust. A function with one of
//! the attributes [`rex_kprobe`], [`rex_kretprobe`], [`rex_uprobe`], [`rex_uretprobe`],
//! [`rex_tracepoint`], [`rex_perf_event`], [`rex_xdp`] and [`rex_tc`] is a program; a static with [`rex_map`] is a map. A program
//! gets two arguments: an object of its program type, whose methods are what it may ask of
//! the kernel, and its context. Names and signatures are those of upstream Rex.
//!
//! Everything here compiles to calls of a fixed list of functions that the target provides.
//! No layout of a kernel-internal structure is used.

#![no_std]
#![feature(
    auto_traits,
    cfg_version,
    core_intrinsics,
    negative_impls,
    nonzero_internals
)]
#![cfg_attr(not(version("1.97")), feature(type_info))]
// Two of them are internal to the library. `nonzero_internals` is used to name the integers
// that `NonZero` can hold, `core_intrinsics` to ask whether a type has a value at all.
#![allow(internal_features)]
#![allow(non_camel_case_types)]

// A generated copy of the whole contract, of which this crate needs a part.
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[allow(dead_code, unreachable_pub)]
mod abi;
#[rustfmt::skip] // Generated.
mod ffi;
mod format;
mod helper;
mod log;
mod made_of;
mod no_ref;
mod panic;
mod record;
mod snprintf;

pub mod error;
#[doc = include_str!("holes.md")]
pub mod holes {}
pub mod kprobe;
pub mod linux;
pub mod map;
pub mod perf_event;
pub mod pt_regs;
pub mod sched_cls;
pub mod spinlock;
pub mod task_struct;
pub mod tracepoint;
pub mod utils;
pub mod xdp;

pub use log::rex_trace_printk;
pub use rex_macros::{
    rex_kprobe, rex_kretprobe, rex_map, rex_perf_event, rex_tc, rex_tracepoint, rex_uprobe,
    rex_uretprobe, rex_xdp, tracepoint_context,
};
pub use utils::Result;
