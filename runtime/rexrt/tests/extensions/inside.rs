// SPDX-License-Identifier: GPL-2.0-only
//! Programs for hooks and contexts that only a kernel has. The lines that are to be blamed
//! end in a mark.

#![no_std]
#![no_main]

use core::hint::black_box;

use rex::kprobe::{kprobe, kretprobe};
use rex::map::RexArrayMap;
use rex::perf_event::{bpf_perf_event_data, perf_event};
use rex::pt_regs::PtRegs;
use rex::spinlock::{bpf_spin_lock, rex_spinlock_guard};
use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};
use rex::{
    Result, rex_kprobe, rex_kretprobe, rex_map, rex_perf_event, rex_printk, rex_tracepoint,
};

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Counted {
    lock: bpf_spin_lock,
    count: u32,
}

#[rex_map]
static COUNTED: RexArrayMap<Counted> = RexArrayMap::new(1, 0);

#[rex_tracepoint]
fn enters(_obj: &tracepoint<SyscallsEnterDupCtx>, ctx: &'static SyscallsEnterDupCtx) -> Result {
    rex_printk!("call {} with {}", ctx.syscall_nr, ctx.fildes)
}

#[rex_kretprobe(function = "__x64_sys_getpid")]
fn returns(obj: &kretprobe, ctx: &mut PtRegs) -> Result {
    let task = obj.bpf_get_current_task().ok_or(1)?;
    rex_printk!("{}", ctx.ret() as i32 == task.get_tgid())
}

#[rex_kprobe(function = "__x64_sys_dup")]
fn injects(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    Ok(obj.bpf_override_return(ctx, 5u64.wrapping_neg()))
}

#[rex_kprobe(function = "__x64_sys_getuid")]
fn loops_with_a_lock(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let entry = COUNTED.get_mut(&0).ok_or(1)?;
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    loop { entry.count = black_box(entry.count + 1) & 0xff; } // loops with a lock
}

#[rex_kprobe(function = "__x64_sys_getppid")]
fn counts(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let entry = COUNTED.get_mut(&0).ok_or(1)?;
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    entry.count += 1;
    Ok(0)
}

#[rex_kprobe(function = "__x64_sys_getgid")]
fn tells(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let entry = COUNTED.get_mut(&0).ok_or(1)?;
    rex_printk!("{} {}", entry.count, black_box(7i128 << 70) / black_box(-3))
}

#[rex_perf_event]
fn samples_for_ever(_obj: &perf_event, ctx: &bpf_perf_event_data) -> Result {
    let mut count = ctx.sample_period();
    loop { count = black_box(count + 1); } // samples for ever
}
