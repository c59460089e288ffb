// SPDX-License-Identifier: GPL-2.0-only
//! Maps that are filled from outside.

#![no_std]
#![no_main]

use rex::kprobe::kprobe;
use rex::map::*;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_map, rex_printk};

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u16)]
pub enum State {
    Off = 0,
    On = 7,
}

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Entry {
    flag: u8,
    states: [State; 2],
    number: u64,
}

#[rex_map]
static errors: RexHashMap<i32, u64> = RexHashMap::new(2, 0);
#[rex_map]
static entries: RexArrayMap<Entry> = RexArrayMap::new(2, 0);
#[rex_map]
static counts: RexPerCPUArrayMap<u32> = RexPerCPUArrayMap::new(1, 0);
#[rex_map]
static queue: RexQueue<u32> = RexQueue::new(1, 0);
#[rex_map]
static ring: RexRingBuf = RexRingBuf::new(4096, 0);

#[rex_kprobe(function = "__x64_sys_getpgrp")]
fn reads(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let entry = entries.get_mut(&1).ok_or(1)?;
    rex_printk!(
        "{:?} {} {:?} {} {:?} {:?}",
        errors.get_mut(&42),
        entry.flag,
        entry.states,
        entry.number,
        counts.get_mut(&0),
        queue.pop()
    )
}
