// SPDX-License-Identifier: GPL-2.0-only
//! One program for each way a run can end, each at a system call of its own. The lines that
//! are to be blamed end in a mark.

#![no_std]
#![no_main]

use core::fmt;
use core::hint::black_box;
use core::mem::forget;

use rex::kprobe::kprobe;
use rex::map::{RexArrayMap, RexRingBuf};
use rex::pt_regs::PtRegs;
use rex::spinlock::{bpf_spin_lock, rex_spinlock_guard};
use rex::task_struct::OwnedTaskStruct;
use rex::{Result, rex_kprobe, rex_map, rex_printk};

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Locked {
    lock: bpf_spin_lock,
    data: u32,
}

#[rex_map]
static LOCKS: RexArrayMap<Locked> = RexArrayMap::new(2, 0);
#[rex_map]
static RING: RexRingBuf = RexRingBuf::new(4096, 0);

#[rex_kprobe(function = "__x64_sys_getpid")]
fn panics_with_a_lock(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let entry = LOCKS.get_mut(&0).ok_or(1)?;
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    let values = [1, 2, 3];
    Ok(values[black_box(3)]) // panics here
}

#[rex_kprobe(function = "__x64_sys_getppid")]
fn loops(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let mut count = 0u64;
    loop { count = black_box(count + 1); } // loops here
}

#[inline(never)]
fn deeper(depth: u64) -> u64 {
    let room = black_box([depth; 16]);
    if room[0] == u64::MAX { 0 } else { room[1] + deeper(depth + 1) }
}

#[rex_kprobe(function = "__x64_sys_getuid")]
fn recurses(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    Ok(deeper(black_box(0)) as i32)
}

#[rex_kprobe(function = "__x64_sys_getgid")]
fn reads_null(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let address = black_box(8usize) as *const i32;
    Ok(unsafe { address.read_volatile() }) // faults here
}

#[rex_kprobe(function = "__x64_sys_geteuid")]
fn illegal(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    unsafe { core::arch::asm!("ud2") };
    Ok(0)
}

#[rex_kprobe(function = "__x64_sys_getegid")]
fn leaks(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let entry = LOCKS.get_mut(&1).ok_or(1)?;
    forget(rex_spinlock_guard::new(&mut entry.lock)); // leaks a lock
    forget(RING.reserve(8)); // leaks a record
    forget(OwnedTaskStruct::from_pid(1)); // leaks a task
    Ok(0)
}

#[rex_kprobe(function = "__x64_sys_gettid")]
fn takes_too_much(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    for _ in 0..65 {
        forget(RING.reserve(8)); // runs out of slots
    }
    Ok(0)
}

#[rex_kprobe(function = "__x64_sys_getpgrp")]
fn locks_twice(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let entry = LOCKS.get_mut(&0).ok_or(1)?;
    forget(rex_spinlock_guard::new(&mut entry.lock));
    let entry = LOCKS.get_mut(&0).ok_or(1)?;
    forget(rex_spinlock_guard::new(&mut entry.lock)); // locks twice
    Ok(0)
}

struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        loop {
            black_box(0);
        }
    }
}

#[rex_kprobe(function = "__x64_sys_sched_yield")]
fn formats_for_ever(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    panic!("{}", Endless) // cannot be formatted
}

struct Nested;

impl fmt::Display for Nested {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("inside")
    }
}

#[rex_kprobe(function = "__x64_sys_pause")]
fn panics_twice(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    panic!("{}", Nested) // panics twice
}

#[rex_kprobe(function = "__x64_sys_sync")]
fn calls_nowhere(_obj: &kprobe, ctx: &mut PtRegs) -> Result {
    let address = black_box(calls_helpers as *const () as usize) + 8;
    let function: fn(&mut PtRegs) -> i32 = unsafe { core::mem::transmute(address) };
    Ok(black_box(function)(ctx)) // calls nowhere
}

#[inline(never)]
fn calls_helpers() {
    loop {
        black_box(RING.size()); // loops in a helper
    }
}

#[rex_kprobe(function = "__x64_sys_getpgid")]
fn loops_in_helpers(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    calls_helpers();
    Ok(0)
}

#[rex_kprobe(function = "__x64_sys_alarm")]
fn survives(obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let task = obj.bpf_get_current_task().ok_or(1)?;
    for index in 0..2 {
        let entry = LOCKS.get_mut(&index).ok_or(1)?;
        let _guard = rex_spinlock_guard::new(&mut entry.lock);
        entry.data += 1;
    }
    let free = RING.available_bytes().ok_or(1)?;
    rex_printk!("still here as {}, {} bytes\n", task.get_pid(), free)
}
