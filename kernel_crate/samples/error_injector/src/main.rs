// SPDX-License-Identifier: GPL-2.0-only
//! Makes `dup(2)` fail: for the tasks in `pid_to_errno` with the error given there, for
//! everybody else with `EINVAL` when standard input is to be duplicated.

#![no_std]
#![no_main]

use rex::kprobe::kprobe;
use rex::linux::errno::EINVAL;
use rex::map::RexHashMap;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_map, rex_printk};

/// The descriptor whose duplication fails for everybody.
const STDIN: u64 = 0;

/// Error numbers by thread id, to be filled from user space.
#[rex_map]
static pid_to_errno: RexHashMap<i32, u64> = RexHashMap::new(1024, 0);

/// How many errors each thread was given.
#[rex_map]
static injected: RexHashMap<i32, u64> = RexHashMap::new(1024, 0);

#[rex_kprobe(function = "__x64_sys_dup")]
fn err_injector(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    let task = obj.bpf_get_current_task().ok_or(0)?;
    let pid = task.get_pid();
    let chosen = pid_to_errno.get_mut(&pid).map(|errno| *errno);
    let fildes = task.get_pt_regs().rdi();
    let Some(errno) = chosen.or((fildes == STDIN).then_some(u64::from(EINVAL))) else {
        return Ok(0);
    };

    match injected.get_mut(&pid) {
        Some(count) => *count += 1,
        None => {
            injected.insert(&pid, &1)?;
        }
    }
    rex_printk!(
        "dup({}) of PID {} fails with errno {}\n",
        fildes,
        pid,
        errno
    )?;
    obj.bpf_override_return(ctx, errno.wrapping_neg());
    Ok(0)
}
