// SPDX-License-Identifier: GPL-2.0-only
//! Says which programs are started and which tasks take turns: tracepoints by name, with a
//! string of any length in the record.

#![no_std]
#![no_main]

use core::ffi::CStr;

use rex::tracepoint::tracepoint;
use rex::{Result, rex_printk, rex_tracepoint};

rex::tracepoint_context! {
    /// A program is started.
    struct Exec: "sched/sched_process_exec" { filename, pid, old_pid }
    /// A CPU goes on with another task.
    struct Switch: "sched/sched_switch" { prev_comm, next_comm, next_pid }
}

#[rex_tracepoint]
fn started(_obj: &tracepoint<Exec>, ctx: &'static Exec) -> Result {
    let file = ctx.filename().to_str().unwrap_or("?");
    if ctx.pid == ctx.old_pid {
        rex_printk!("{} starts {:?}\n", ctx.pid, file)
    } else {
        rex_printk!(
            "{} starts {:?}, from thread {}\n",
            ctx.pid,
            file,
            ctx.old_pid
        )
    }
}

#[rex_tracepoint]
fn switched(_obj: &tracepoint<Switch>, ctx: &'static Switch) -> Result {
    let name = |comm: &'static [u8; 16]| {
        CStr::from_bytes_until_nul(comm)
            .unwrap_or_default()
            .to_str()
            .unwrap_or("?")
    };
    rex_printk!(
        "{} gives way to {} ({})\n",
        name(&ctx.prev_comm),
        name(&ctx.next_comm),
        ctx.next_pid
    )
}
