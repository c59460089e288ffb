// SPDX-License-Identifier: GPL-2.0-only
//! Tasks. A task is named by a number: 1 is the current one, others are resource slots.

use rex_abi::rex_pt_regs;

use crate::errno::{self, Errno};
use crate::invocation::Invocation;
use crate::resources::Resource;
use crate::stop::{Reason, acquired_at, helper};
use crate::task::{Task, thread_group};

const CURRENT: u64 = 1;
const OWNED: u64 = 0x100;

fn with_task<R>(invocation: &Invocation, task: u64, body: impl FnOnce(&Task) -> R) -> Option<R> {
    if task == CURRENT {
        return invocation.task().map(body);
    }
    let held = invocation
        .resources
        .get(task.checked_sub(OWNED)? as usize)?;
    match held.resource {
        Resource::Task(pid) => Some(body(&Task {
            pid,
            tgid: thread_group(pid).unwrap_or(pid),
            ..Task::default()
        })),
        _ => None,
    }
}

/// The current task, 0 if there is none.
pub extern "C" fn rex_task_current() -> u64 {
    helper(|invocation| {
        Ok(if invocation.task().is_some() {
            CURRENT
        } else {
            0
        })
    })
}

/// Thread id, 0 for no task.
pub extern "C" fn rex_task_pid(task: u64) -> i32 {
    helper(|invocation| Ok(with_task(invocation, task, |task| task.pid).unwrap_or(0)))
}

/// Process id, 0 for no task.
pub extern "C" fn rex_task_tgid(task: u64) -> i32 {
    helper(|invocation| Ok(with_task(invocation, task, |task| task.tgid).unwrap_or(0)))
}

/// Time in user mode in nanoseconds.
pub extern "C" fn rex_task_utime(task: u64) -> u64 {
    helper(|invocation| Ok(with_task(invocation, task, Task::utime).unwrap_or(0)))
}

/// Copies the name.
pub unsafe extern "C" fn rex_task_comm(task: u64, out: *mut [u8; 16]) -> i64 {
    helper(|invocation| {
        let comm = with_task(invocation, task, Task::comm);
        // SAFETY: the crate passes an array of its own.
        unsafe { out.write(comm.unwrap_or([0; 16])) };
        Ok(errno::result(comm.map(|_| ()).ok_or(Errno(libc::ESRCH))))
    })
}

/// User registers of the current task, null for others and where the source has none.
pub extern "C" fn rex_task_regs(task: u64) -> *const rex_pt_regs {
    helper(|invocation| {
        Ok(if task == CURRENT {
            invocation.regs.get()
        } else {
            std::ptr::null()
        })
    })
}

/// Takes a reference to a thread of this machine.
pub extern "C" fn rex_task_from_pid(pid: i32) -> u64 {
    helper(|invocation| {
        if Task::find(pid).is_none() {
            return Ok(0);
        }
        let slot = invocation.resources.add(Resource::Task(pid), acquired_at());
        slot.map(|slot| OWNED + slot as u64).ok_or(Reason::NoSlots)
    })
}

/// Gives a reference back.
pub extern "C" fn rex_task_put(task: u64) {
    helper(|invocation| {
        let slot = task.wrapping_sub(OWNED) as usize;
        if let Some(Resource::Task(_)) = invocation.resources.get(slot).map(|held| held.resource) {
            invocation.resources.remove(slot);
        }
        Ok(())
    });
}

/// Address and bytes of this invocation's tracepoint record, null elsewhere.
pub unsafe extern "C" fn rex_record(len: *mut u32) -> *const u8 {
    helper(|invocation| {
        let bytes = invocation.record_len.get();
        // SAFETY: the crate passes a word of its own.
        unsafe { len.write(bytes) };
        Ok(match bytes {
            0 => std::ptr::null(),
            _ => invocation.context.get().cast(),
        })
    })
}

fn traced(invocation: &Invocation) -> Option<&Task> {
    invocation.task().filter(|task| task.traced)
}

/// User id in the low and group id in the high half, all ones without a traced process.
pub extern "C" fn rex_uid_gid() -> u64 {
    helper(|invocation| {
        Ok(traced(invocation)
            .and_then(Task::uid_gid)
            .unwrap_or(u64::MAX))
    })
}

/// Id of the traced process's cgroup of version 2, 0 if it has none.
pub extern "C" fn rex_cgroup_id() -> u64 {
    helper(|invocation| Ok(traced(invocation).and_then(Task::cgroup_id).unwrap_or(0)))
}

/// Sends a signal to the traced process, or to its thread alone.
pub extern "C" fn rex_send_signal(signal: u32, thread: u32) -> i64 {
    const LAST: u32 = 64;
    helper(|invocation| {
        let Some(task) = traced(invocation).filter(|_| (1..=LAST).contains(&signal)) else {
            return Ok(Errno::EINVAL.result());
        };
        let only = if thread == 0 { None } else { Some(task.pid) };
        Ok(errno::result(task.signal(signal as i32, only)))
    })
}
