// SPDX-License-Identifier: GPL-2.0-only
//! Programs that abuse spin locks with safe code, each at a system call of its own.

#![no_std]
#![no_main]

use core::hint::black_box;
use core::mem::MaybeUninit;

use rex::kprobe::kprobe;
use rex::map::*;
use rex::pt_regs::PtRegs;
use rex::spinlock::{bpf_spin_lock, rex_spinlock_guard};
use rex::utils::convert_slice_to_struct_mut;
use rex::{Result, rex_kprobe, rex_map, rex_printk};

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Locked {
    lock: bpf_spin_lock,
    data: u32,
}

#[rex_map]
static LOCKS: RexArrayMap<Locked> = RexArrayMap::new(8, 0);
#[rex_map]
static RING: RexRingBuf = RexRingBuf::new(4096, 0);

/// The same element again, which the borrow checker takes for another.
fn alias(index: &u32) -> core::result::Result<&mut Locked, i32> {
    LOCKS.get_mut(index).ok_or(1)
}

#[rex_kprobe(function = "__x64_sys_getpgrp")]
fn frees_it_and_locks_again(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let _guard = rex_spinlock_guard::new(&mut alias(&0)?.lock);
    alias(&0)?.lock.val = 0;
    let _second = rex_spinlock_guard::new(&mut alias(&0)?.lock); // locks again
    Ok(0)
}

#[rex_kprobe(function = "__x64_sys_sched_yield")]
fn overwrites_it(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let guard = rex_spinlock_guard::new(&mut alias(&1)?.lock);
    alias(&1)?.lock.val = 0xdead_beef;
    drop(guard);
    rex_printk!("{:#x}", alias(&1)?.lock.val)
}

#[rex_kprobe(function = "__x64_sys_sync")]
fn waits_for_it(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let _guard = rex_spinlock_guard::new(&mut alias(&1)?.lock); // waits
    Ok(0)
}

#[inline(never)]
fn leaks_one_on_the_stack() {
    let mut lock = bpf_spin_lock::default();
    let _leaked = MaybeUninit::new(rex_spinlock_guard::new(&mut lock)); // leaks
    black_box(&lock);
}

#[rex_kprobe(function = "__x64_sys_alarm")]
fn locks_its_stack(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let mut lock = bpf_spin_lock::default();
    drop(rex_spinlock_guard::new(&mut lock));
    let value = lock.val;
    leaks_one_on_the_stack();
    // Whatever is released at the end must not be found here.
    let room = black_box([7u64; 32]);
    rex_printk!("{} {}", value, room.iter().sum::<u64>())
}

#[rex_kprobe(function = "__x64_sys_getpgid")]
fn locks_a_record(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let mut record = RING.reserve(8).ok_or(1)?;
    record.fill(0);
    let mut lock = convert_slice_to_struct_mut::<bpf_spin_lock>(&mut record);
    let _leaked = MaybeUninit::new(rex_spinlock_guard::new(&mut lock)); // locks a record
    drop(lock);
    record.submit(0);
    Ok(0)
}

#[rex_kprobe(function = "__x64_sys_getsid")]
fn nests(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let first = rex_spinlock_guard::new(&mut alias(&2)?.lock);
    let second = rex_spinlock_guard::new(&mut alias(&3)?.lock);
    drop(first);
    alias(&3)?.data += 1;
    drop(second);
    rex_printk!("{} {}", alias(&2)?.lock.val, alias(&3)?.lock.val)
}

/// Takes two locks, slowly.
fn both(first: &u32, second: &u32) -> Result {
    let _first = rex_spinlock_guard::new(&mut alias(first)?.lock);
    for turn in 0..20_000_000u64 {
        black_box(turn);
    }
    let _second = rex_spinlock_guard::new(&mut alias(second)?.lock);
    rex_printk!("both")
}

#[rex_kprobe(function = "__x64_sys_getuid")]
fn one_way(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    both(&4, &5)
}

#[rex_kprobe(function = "__x64_sys_geteuid")]
fn other_way(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    both(&5, &4)
}
