// SPDX-License-Identifier: GPL-2.0-only
//! Walks a hash map and an array through lookup, update and delete at each `dup(2)`, with
//! the helpers of the program object.

#![no_std]
#![no_main]

extern crate rex;

use rex::linux::bpf::{BPF_ANY, BPF_EXIST};
use rex::linux::errno::{EINVAL, ENOENT};
use rex::map::*;
use rex::tracepoint::*;
use rex::{Result, rex_map, rex_printk, rex_tracepoint};

#[rex_map]
static MAP_HASH: RexHashMap<u32, i64> = RexHashMap::new(1024, 0);

#[rex_map]
static MAP_ARRAY: RexArrayMap<u64> = RexArrayMap::new(256, 0);

fn map_test1(obj: &tracepoint<SyscallsEnterDupCtx>) -> Result {
    let key: u32 = 0;
    rex_printk!("Map Testing 1 Start with key {}\n", key)?;

    match obj.bpf_map_lookup_elem(&MAP_HASH, &key) {
        None => {
            rex_printk!("Not found.\n")?;
        }
        Some(val) => {
            rex_printk!("Found Val={}.\n", *val)?;
        }
    }

    let pid = if let Some(task) = obj.bpf_get_current_task() {
        task.get_pid()
    } else {
        -1
    };
    rex_printk!("Rust program triggered from PID {}\n", pid)?;

    obj.bpf_map_update_elem(&MAP_HASH, &key, &(pid as i64), BPF_ANY as u64)?;
    match obj.bpf_map_lookup_elem(&MAP_HASH, &key) {
        None => {
            rex_printk!("Not found.\n")?;
        }
        Some(val) => {
            rex_printk!("Found Val={}.\n", *val)?;
        }
    }
    obj.bpf_map_delete_elem(&MAP_HASH, &key)?;

    // The entry is gone: deleting and replacing it say so.
    obj.bpf_map_delete_elem(&MAP_HASH, &key).or_else(|error| {
        if error == -(ENOENT as i32) {
            Ok(0)
        } else {
            Err(error)
        }
    })?;
    obj.bpf_map_update_elem(&MAP_HASH, &key, &1, BPF_EXIST.into())
        .or_else(|error| {
            if error == -(ENOENT as i32) {
                Ok(0)
            } else {
                Err(error)
            }
        })
}

fn map_test2(obj: &tracepoint<SyscallsEnterDupCtx>) -> Result {
    let key = 0;
    rex_printk!("Map Testing 2 Start with key {}\n", key)?;
    let pid = obj.bpf_get_current_task().ok_or(-1)?.get_pid();
    rex_printk!("Rust program triggered from PID {}\n", pid)?;

    obj.bpf_map_update_elem(&MAP_ARRAY, &key, &(pid as u64), BPF_ANY as u64)
        .inspect_err(|error| {
            let _ = rex_printk!("update failed: {}\n", error);
        })?;
    match obj.bpf_map_lookup_elem(&MAP_ARRAY, &key) {
        Some(val) => rex_printk!("Found Val={}.\n", *val)?,
        None => rex_printk!("Not found.\n")?,
    };
    // Elements of an array cannot be deleted, and there are 256 of them.
    let refused = obj.bpf_map_delete_elem(&MAP_ARRAY, &key) == Err(-(EINVAL as i32));
    let outside = obj.bpf_map_lookup_elem(&MAP_ARRAY, &256).is_none();
    rex_printk!("delete refused: {}, outside: {}\n", refused, outside)
}

#[rex_tracepoint]
fn rex_prog1(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    map_test1(obj).or_else(|error| rex_printk!("map_test1 failed with {}\n", error))?;
    map_test2(obj).or_else(|error| rex_printk!("map_test2 failed with {}\n", error))
}
