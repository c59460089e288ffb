// SPDX-License-Identifier: GPL-2.0-only
//! Safe programs that try to get bytes of the stack out through padding, and to use entries
//! of maps after they are gone. Each is at a system call of its own.

#![no_std]
#![no_main]

use core::hint::black_box;

use rex::kprobe::kprobe;
use rex::map::*;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_map, rex_printk};

/// One byte and seven of padding, twice.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Padded {
    kind: u8,
    number: u64,
    last: u8,
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
pub enum State {
    Off = 0,
    On = 0x77,
}

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Entry {
    state: State,
    marks: [u64; 3],
}

#[rex_map]
static keys: RexHashMap<Padded, u32> = RexHashMap::new(8, 0);
#[rex_map]
static values: RexHashMap<u32, Padded> = RexHashMap::new(8, 0);
#[rex_map]
static array: RexArrayMap<Padded> = RexArrayMap::new(2, 0);
#[rex_map]
static each: RexPerCPUArrayMap<Padded> = RexPerCPUArrayMap::new(1, 0);
#[rex_map]
static queue: RexQueue<Padded> = RexQueue::new(8, 0);
#[rex_map]
static ring: RexRingBuf = RexRingBuf::new(4096, 0);
#[rex_map]
static entries: RexHashMap<u32, Entry> = RexHashMap::new(2, 0);

/// Leaves a pattern all over the stack.
#[inline(never)]
fn dirty() -> u64 {
    let room = black_box([0xa5a5_a5a5_a5a5_a5a5u64; 128]);
    room[black_box(3)]
}

/// Writes its fields into the caller's memory, and nothing in between.
#[inline(never)]
fn padded(number: u64) -> Padded {
    Padded { kind: black_box(1), number, last: black_box(2) }
}

#[inline(never)]
fn insert_key() -> Result {
    keys.insert(black_box(&padded(1)), &1)
}

#[inline(never)]
fn insert_value() -> Result {
    values.insert(&1, black_box(&padded(1)))
}

#[inline(never)]
fn push() -> Result {
    queue.push(black_box(&padded(1)))
}

#[inline(never)]
fn force_push() -> Result {
    queue.force_push(black_box(&padded(2)))
}

#[inline(never)]
fn assign(place: &mut Padded, number: u64) {
    *place = *black_box(&padded(number));
}

#[inline(never)]
fn find() -> bool {
    keys.contains(black_box(&padded(1)))
}

#[rex_kprobe(function = "__x64_sys_getpgrp")]
fn leaks_padding(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    dirty();
    insert_key()?;
    dirty();
    insert_value()?;
    dirty();
    push()?;
    dirty();
    force_push()?;
    values.insert(&2, &Padded { kind: 0, number: 0, last: 0 })?;
    dirty();
    assign(values.get_mut(&2).ok_or(1)?, 2);
    dirty();
    assign(array.get_mut(&1).ok_or(1)?, 3);
    dirty();
    assign(each.get_mut(&0).ok_or(1)?, 4);
    // One key, whatever its padding.
    rex_printk!("{}", find())
}

#[rex_kprobe(function = "__x64_sys_sched_yield")]
fn reads_a_fresh_record(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let mut record = ring.reserve(16).ok_or(1)?;
    record[0] = 9;
    record.submit(0);
    Ok(0)
}

#[rex_kprobe(function = "__x64_sys_sync")]
fn keeps_two_references(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let entry = Entry { state: State::On, marks: [1; 3] };
    entries.insert(&1, &entry)?;
    let (first, second) = (entries.get_mut(&1).ok_or(1)?, entries.get_mut(&1).ok_or(1)?);
    first.state = State::Off;
    second.marks[0] = 5;
    second.state = State::On;
    first.marks[0] += 1;
    rex_printk!("{:?} {}", first.state, second.marks[0])
}

/// A reference that outlives its entry: the key is a constant.
fn kept() -> Option<&'static mut Entry> {
    entries.get_mut(&1)
}

#[rex_kprobe(function = "__x64_sys_alarm")]
fn uses_a_deleted_entry(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let gone = kept().ok_or(1)?;
    entries.delete(&1)?;
    gone.marks[1] = 7;
    // Another key gets the same memory, of the same type, and a good state.
    for key in 10..12 {
        entries.insert(&key, &Entry { state: State::Off, marks: [u64::from(key); 3] })?;
    }
    let state = gone.state;
    gone.state = State::On;
    let mut sum = 0;
    let mut cursor = entries.cursor();
    while let Some((_, entry)) = cursor.next() {
        sum += entry.marks[2];
    }
    rex_printk!("{:?} {} {}", state, entries.contains(&1), sum)
}
