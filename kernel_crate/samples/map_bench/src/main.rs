// SPDX-License-Identifier: GPL-2.0-only
//! Times the replacement and lookup of a hash entry at each `dup(2)`.

#![no_std]
#![no_main]

extern crate rex;

use rex::kprobe::*;
use rex::linux::bpf::*;
use rex::map::*;
use rex::pt_regs::*;
use rex::{Result, rex_kprobe, rex_map, rex_printk};

#[rex_map]
static MAP_HASH: RexHashMap<u32, u64> = RexHashMap::new(5000, 0);

/// The same size without hashing; part of the comparison, no entry is used.
#[rex_map]
static MAP_ARRAY: RexArrayMap<u64> = RexArrayMap::new(5000, 0);

#[rex_kprobe(function = "__x64_sys_dup")]
fn rex_prog1(obj: &kprobe, _: &mut PtRegs) -> Result {
    let key = obj.bpf_get_prandom_u32() % 5000;
    let value = u64::from(key) * 2;
    let start = obj.bpf_ktime_get_ns();
    obj.bpf_map_update_elem(&MAP_HASH, &key, &value, BPF_ANY as u64)?;
    let found = obj.bpf_map_lookup_elem(&MAP_HASH, &key).cloned();
    let end = obj.bpf_ktime_get_ns();
    if found != Some(value) {
        return rex_printk!("key {} holds {:?}, not {}", key, found, value);
    }
    rex_printk!("Time elapsed: {}", end - start)
}
