// SPDX-License-Identifier: GPL-2.0-only
//! Counts the kernel and user stacks of a sampled event.

#![no_std]
#![no_main]

extern crate rex;

use rex::linux::bpf::*;
use rex::linux::perf_event::PERF_MAX_STACK_DEPTH;
use rex::map::*;
use rex::perf_event::*;
use rex::{Result, rex_map, rex_perf_event, rex_printk};

const TASK_COMM_LEN: usize = 16;

#[repr(C)]
#[derive(Clone, Copy)]
struct KeyT {
    comm: [u8; TASK_COMM_LEN],
    kernstack: u32,
    userstack: u32,
}

#[rex_map]
static counts: RexHashMap<KeyT, u64> = RexHashMap::new(10000, 0);

#[rex_map]
static stackmap: RexStackTrace<u32, [u64; PERF_MAX_STACK_DEPTH as usize]> =
    RexStackTrace::new(10000, 0);

const KERN_STACKID_FLAGS: u64 = BPF_F_FAST_STACK_CMP as u64;
const USER_STACKID_FLAGS: u64 = (BPF_F_FAST_STACK_CMP | BPF_F_USER_STACK) as u64;

#[rex_perf_event]
fn rex_prog1(obj: &perf_event, ctx: &bpf_perf_event_data) -> Result {
    let cpu = obj.bpf_get_smp_processor_id();
    let mut value = bpf_perf_event_value {
        counter: 0,
        enabled: 0,
        running: 0,
    };
    let mut key = KeyT {
        comm: [0; TASK_COMM_LEN],
        kernstack: 0,
        userstack: 0,
    };

    // The first samples of a frequency come while its period is still being found.
    if ctx.sample_period() < 10000 {
        return Ok(0);
    }
    let task = obj.bpf_get_current_task().ok_or(0i32)?;
    let comm = task.get_comm().unwrap_or_default();
    let length = comm.count_bytes();
    if length < TASK_COMM_LEN {
        key.comm[..=length].copy_from_slice(comm.to_bytes_with_nul());
    }

    match (
        obj.bpf_get_stackid_pe(ctx, &stackmap, KERN_STACKID_FLAGS),
        obj.bpf_get_stackid_pe(ctx, &stackmap, USER_STACKID_FLAGS),
    ) {
        (Err(_), Err(error)) => {
            return rex_printk!(
                "CPU-{} period {} ip {:x} without a stack: {}",
                cpu,
                ctx.sample_period(),
                ctx.regs().rip(),
                error
            );
        }
        (kernel, user) => {
            key.kernstack = kernel.unwrap_or(-1) as u32;
            key.userstack = user.unwrap_or(-1) as u32;
        }
    }

    match obj.bpf_perf_prog_read_value(ctx, &mut value) {
        Ok(_) => rex_printk!(
            "Time Enabled: {}, Time Running: {}",
            value.enabled,
            value.running
        )?,
        Err(error) => rex_printk!("Get Time Failed, ErrCode: {}", error)?,
    };
    if ctx.addr() != 0 {
        rex_printk!("Address recorded on event: {:x}", ctx.addr())?;
    }

    match obj.bpf_map_lookup_elem(&counts, &key) {
        Some(count) => *count += 1,
        None => {
            obj.bpf_map_update_elem(&counts, &key, &1, BPF_NOEXIST as u64)?;
        }
    }
    Ok(0)
}
