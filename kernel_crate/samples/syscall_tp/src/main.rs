// SPDX-License-Identifier: GPL-2.0-only
//! Counts calls of `open(2)` and `openat(2)`, and returns from them.

#![no_std]
#![no_main]

extern crate rex;

use rex::linux::bpf::BPF_NOEXIST;
use rex::map::RexArrayMap;
use rex::tracepoint::*;
use rex::{Result, rex_map, rex_tracepoint};

type SyscallTpMap = RexArrayMap<u32>;

#[rex_map]
static enter_open_map: SyscallTpMap = RexArrayMap::new(1, 0);

#[rex_map]
static exit_open_map: SyscallTpMap = RexArrayMap::new(1, 0);

fn count<C: TracepointContext>(obj: &tracepoint<C>, map: &'static SyscallTpMap) -> Result {
    match obj.bpf_map_lookup_elem(map, &0) {
        Some(value) => {
            *value += 1;
            Ok(0)
        }
        None => obj.bpf_map_update_elem(map, &0, &1, BPF_NOEXIST.into()),
    }
}

#[rex_tracepoint]
fn trace_enter_open(
    obj: &tracepoint<SyscallsEnterOpenCtx>,
    _: &'static SyscallsEnterOpenCtx,
) -> Result {
    count(obj, &enter_open_map)
}

#[rex_tracepoint]
fn trace_enter_open_at(
    obj: &tracepoint<SyscallsEnterOpenatCtx>,
    _: &'static SyscallsEnterOpenatCtx,
) -> Result {
    count(obj, &enter_open_map)
}

#[rex_tracepoint]
fn trace_enter_exit(
    obj: &tracepoint<SyscallsExitOpenCtx>,
    _: &'static SyscallsExitOpenCtx,
) -> Result {
    count(obj, &exit_open_map)
}

#[rex_tracepoint]
fn trace_enter_exit_at(
    obj: &tracepoint<SyscallsExitOpenatCtx>,
    _: &'static SyscallsExitOpenatCtx,
) -> Result {
    count(obj, &exit_open_map)
}
