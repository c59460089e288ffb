// SPDX-License-Identifier: GPL-2.0-only
//! One program for each kind of map, each at a system call of its own; they say what they
//! find.

#![no_std]
#![no_main]

use rex::kprobe::kprobe;
use rex::linux::bpf::BPF_F_NO_PREALLOC;
use rex::map::*;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_map, rex_printk};

#[rex_map]
static recent: RexLruHashMap<u32, u64> = RexLruHashMap::new(8, 0);
#[rex_map]
static each: RexPerCPUHashMap<u32, u64> = RexPerCPUHashMap::new(8, 0);
#[rex_map]
static both: RexLruPerCPUHashMap<u32, u64> = RexLruPerCPUHashMap::new(8, 0);
#[rex_map]
static routes: RexLpmTrie<LpmKey<4>, u32> = RexLpmTrie::new(8, BPF_F_NO_PREALLOC);
#[rex_map]
static seen: RexBloomFilter<u64> = RexBloomFilter::new(100, 0);
#[rex_map]
static table: RexHashMap<u32, u64> = RexHashMap::new(16, 0);
#[rex_map]
static plain: RexArrayMap<u32> = RexArrayMap::new(4, 0);
#[rex_map]
static slots: RexPerCPUArrayMap<u32> = RexPerCPUArrayMap::new(3, 0);

#[rex_kprobe(function = "__x64_sys_getpgrp")]
fn evicts(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    for key in 0..20 {
        recent.insert_new(&key, &u64::from(key))?;
        both.insert_new(&key, &1)?;
        // Stays in use.
        recent.contains(&0);
    }
    let (mut entries, mut sum) = (0, 0);
    let mut cursor = recent.cursor();
    while let Some((key, value)) = cursor.next() {
        entries += 1;
        sum += *value - u64::from(key);
    }
    rex_printk!("{} {} {} {:?}", entries, sum, recent.contains(&0), recent.insert_new(&0, &0))
}

#[rex_kprobe(function = "__x64_sys_sched_yield")]
fn per_cpu(obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let cpu = obj.bpf_get_smp_processor_id() as u32;
    each.insert_new(&7, &1)?;
    *each.get_mut(&7).ok_or(1)? += 4;
    *slots.get_mut(&2).ok_or(1)? = 6;
    let others = (0..64).filter(|other| *other != cpu);
    let others = others.filter_map(|other| each.get_on(&7, other)).sum::<u64>();
    rex_printk!(
        "{:?} {} {:?} {:?} {:?} {:?}",
        each.get_on(&7, cpu),
        others,
        each.get_on(&7, 1 << 31),
        each.get_on(&8, cpu),
        slots.get_on(&2, cpu),
        slots.get_on(&3, cpu)
    )
}

#[rex_kprobe(function = "__x64_sys_sync")]
fn prefixes(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    routes.insert(&LpmKey::prefix(8, [10, 0, 0, 0])?, &1)?;
    routes.insert(&LpmKey::prefix(12, [10, 16, 0, 0])?, &2)?;
    let mut find = |data| routes.get_mut(&LpmKey::full(data)).map(|value| *value);
    let found = (find([10, 17, 1, 1]), find([10, 32, 1, 1]), find([11, 0, 0, 0]));
    let mut cursor = routes.cursor();
    let mut bits = 0;
    while let Some((key, value)) = cursor.next() {
        bits += key.length() * *value;
    }
    rex_printk!("{:?} {} {:?}", found, bits, LpmKey::prefix(33, [0; 4]).map(|key| key.length()))
}

#[rex_kprobe(function = "__x64_sys_alarm")]
fn remembers(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    for value in 0..50 {
        seen.push(&value)?;
    }
    let wrong = (1000..1050).filter(|value| seen.contains(value)).count();
    rex_printk!("{} {}", (0..50).all(|value| seen.contains(&value)), wrong < 10)
}

#[rex_kprobe(function = "__x64_sys_getpgid")]
fn walks(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    for key in 0..10 {
        table.insert(&key, &1)?;
    }
    // The current entry goes, and others come.
    let (mut met, mut added) = (0, 100);
    let mut cursor = table.cursor();
    while let Some((key, value)) = cursor.next() {
        met += *value;
        table.delete(&key)?;
        added += 1;
        let _ = table.insert_new(&added, &0);
    }
    let mut indices = 0;
    let mut cursor = plain.cursor();
    while let Some((index, value)) = cursor.next() {
        *value = index * index;
        indices += 1;
    }
    let mut last = 0;
    let mut cursor = slots.cursor();
    while let Some((index, value)) = cursor.next() {
        last = index;
        *value += 1;
    }
    rex_printk!("{} {} {} {:?}", met, indices, last, plain.get_mut(&3))
}
