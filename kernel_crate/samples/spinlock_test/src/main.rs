// SPDX-License-Identifier: GPL-2.0-only
//! Panics while it holds a lock: the runtime gives the lock back.
//!
//! This sample ends badly on purpose. The panic is shown with its message and stack, the
//! program is detached and the next event passes it by.

#![no_std]
#![no_main]

extern crate rex;

use rex::linux::bpf::bpf_spin_lock;
use rex::map::*;
use rex::spinlock::*;
use rex::tracepoint::*;
use rex::{Result, rex_map, rex_printk, rex_tracepoint};

#[repr(C)]
#[derive(Clone, Copy)]
struct MapEntry {
    data: u64,
    lock: bpf_spin_lock,
}

#[rex_map]
static MAP_ARRAY: RexArrayMap<MapEntry> = RexArrayMap::new(256, 0);

fn test1(obj: &tracepoint<SyscallsEnterDupCtx>) {
    if let Some(entry) = obj.bpf_map_lookup_elem(&MAP_ARRAY, &0) {
        let _guard = rex_spinlock_guard::new(&mut entry.lock);
        entry.data = 1;
    }
}

fn test2(obj: &tracepoint<SyscallsEnterDupCtx>) {
    if let Some(entry) = obj.bpf_map_lookup_elem(&MAP_ARRAY, &0) {
        let _guard = rex_spinlock_guard::new(&mut entry.lock);
        entry.data += 1;
        panic!("test\n");
    }
}

#[rex_tracepoint]
fn rex_prog1(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    test1(obj);
    rex_printk!("lock taken and released\n")?;
    test2(obj);
    rex_printk!("never printed\n")
}
