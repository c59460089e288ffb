// SPDX-License-Identifier: GPL-2.0-only
//! Prints a line for each `dup(2)`.

#![no_std]
#![no_main]

use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};
use rex::{Result, rex_printk, rex_tracepoint};

#[rex_tracepoint]
fn rex_prog1(obj: &tracepoint<SyscallsEnterDupCtx>, _ctx: &'static SyscallsEnterDupCtx) -> Result {
    let Some(task) = obj.bpf_get_current_task() else {
        return Ok(0);
    };
    let cpu = obj.bpf_get_smp_processor_id();
    let pid = task.get_pid();
    rex_printk!("Rust triggered from PID {} on CPU {}.\n", pid, cpu)
}
