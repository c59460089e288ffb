// SPDX-License-Identifier: GPL-2.0-only
//! How long calls of libc's `select` take: a probe at its entry, one at its return.

#![no_std]
#![no_main]

use rex::kprobe::{kprobe, kretprobe};
use rex::map::RexHashMap;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_map, rex_printk, rex_uprobe, rex_uretprobe};

#[rex_map]
static STARTED: RexHashMap<u64, u64> = RexHashMap::new(1024, 0);

#[rex_uprobe(function = "libc.so.6:select")]
fn enters(obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    STARTED.insert(&obj.bpf_get_current_pid_tgid(), &obj.bpf_ktime_get_ns())
}

#[rex_uretprobe(function = "libc.so.6:select")]
fn returns(obj: &kretprobe, ctx: &mut PtRegs) -> Result {
    let thread = obj.bpf_get_current_pid_tgid();
    let Some(started) = STARTED.get_mut(&thread) else {
        return Ok(0);
    };
    let took = obj.bpf_ktime_get_ns().saturating_sub(*started) / 1000;
    STARTED.delete(&thread)?;
    rex_printk!("select gave {} after {} us\n", ctx.ret() as i32, took)
}
