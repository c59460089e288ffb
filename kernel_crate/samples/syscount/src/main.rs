// SPDX-License-Identifier: GPL-2.0-only
//! Counts system calls, their errors and the time they take, by number.

#![no_std]
#![no_main]

extern crate rex;

use rex::linux::bpf::{BPF_ANY, BPF_NOEXIST};
use rex::map::RexHashMap;
use rex::tracepoint::{RawSyscallsEnterCtx, RawSyscallsExitCtx, tracepoint};
use rex::{Result, rex_map, rex_tracepoint};

/// Largest error number a system call can return (`MAX_ERRNO`).
const MAX_ERRNO: i64 = 4095;

#[rex_map]
static SYSCALL_COUNTS: RexHashMap<u32, u64> = RexHashMap::new(512, 0);

#[rex_map]
static SYSCALL_ERRORS: RexHashMap<u32, u64> = RexHashMap::new(512, 0);

/// Nanoseconds, summed.
#[rex_map]
static SYSCALL_LATENCY: RexHashMap<u32, u64> = RexHashMap::new(512, 0);

/// When each thread entered its call: process id in the high half, thread id in the low.
#[rex_map]
static SYSCALL_START: RexHashMap<u64, u64> = RexHashMap::new(1024, 0);

fn add(
    obj: &tracepoint<RawSyscallsExitCtx>,
    map: &'static RexHashMap<u32, u64>,
    key: u32,
    amount: u64,
) -> Result {
    if let Some(sum) = obj.bpf_map_lookup_elem(map, &key) {
        *sum += amount;
        return Ok(0);
    }
    obj.bpf_map_update_elem(map, &key, &amount, BPF_NOEXIST.into())
}

#[rex_tracepoint]
fn trace_syscall_enter(
    obj: &tracepoint<RawSyscallsEnterCtx>,
    ctx: &'static RawSyscallsEnterCtx,
) -> Result {
    if ctx.id < 0 {
        return Ok(0);
    }
    let task = obj.bpf_get_current_task().ok_or(0i32)?;
    let thread = (task.get_tgid() as u64) << 32 | task.get_pid() as u32 as u64;
    let now = obj.bpf_ktime_get_ns();
    obj.bpf_map_update_elem(&SYSCALL_START, &thread, &now, BPF_ANY as u64)
}

#[rex_tracepoint]
fn trace_syscall_exit(
    obj: &tracepoint<RawSyscallsExitCtx>,
    ctx: &'static RawSyscallsExitCtx,
) -> Result {
    let Ok(number) = u32::try_from(ctx.id) else {
        return Ok(0);
    };
    let task = obj.bpf_get_current_task().ok_or(0i32)?;
    let thread = (task.get_tgid() as u64) << 32 | task.get_pid() as u32 as u64;
    add(obj, &SYSCALL_COUNTS, number, 1)?;
    if (-MAX_ERRNO..0).contains(&ctx.ret) {
        add(obj, &SYSCALL_ERRORS, number, 1)?;
    }
    if let Some(start) = obj.bpf_map_lookup_elem(&SYSCALL_START, &thread) {
        let elapsed = obj.bpf_ktime_get_ns().saturating_sub(*start);
        add(obj, &SYSCALL_LATENCY, number, elapsed)?;
        obj.bpf_map_delete_elem(&SYSCALL_START, &thread)?;
    }
    Ok(0)
}
