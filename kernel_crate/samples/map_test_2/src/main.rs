// SPDX-License-Identifier: GPL-2.0-only
//! Uses each kind of map through its own methods at each `dup(2)`.

#![no_std]
#![no_main]

extern crate rex;

use rex::map::*;
use rex::tracepoint::*;
use rex::utils::convert_slice_to_struct_mut;
use rex::{Result, rex_map, rex_printk, rex_tracepoint};

#[rex_map]
static MAP_HASH: RexHashMap<u32, i64> = RexHashMap::new(1024, 0);

#[rex_map]
static ARRAY: RexArrayMap<i64> = RexArrayMap::new(256, 0);

#[rex_map]
static STACK: RexStack<i64> = RexStack::new(256, 0);

#[rex_map]
static QUEUE: RexQueue<i64> = RexQueue::new(256, 0);

#[rex_map]
static RINGBUF: RexRingBuf = RexRingBuf::new(4096, 0);

type Program = tracepoint<SyscallsEnterDupCtx>;

fn pid_of(obj: &Program) -> Result {
    let pid = if let Some(task) = obj.bpf_get_current_task() {
        task.get_pid()
    } else {
        -1
    };
    rex_printk!("Rust program triggered from PID {}\n", pid)?;
    Ok(pid)
}

fn hash(obj: &Program) -> Result {
    let key: u32 = 0;
    match MAP_HASH.get_mut(&key) {
        None => rex_printk!("Not found.\n")?,
        Some(val) => rex_printk!("Found Val={}.\n", *val)?,
    };
    MAP_HASH.insert(&key, &(pid_of(obj)? as i64))?;
    match MAP_HASH.get_mut(&key) {
        None => rex_printk!("Not found.\n")?,
        Some(val) => rex_printk!("Found Val={}.\n", *val)?,
    };
    MAP_HASH.delete(&key)
}

fn array(obj: &Program) -> Result {
    let key: u32 = 0;
    let pid = pid_of(obj)?;
    if let Some(val) = ARRAY.get_mut(&key) {
        *val += pid as i64;
    }
    match ARRAY.get_mut(&key) {
        None => rex_printk!("Not found.\n"),
        Some(val) => rex_printk!("Found Val={}.\n", *val),
    }
}

fn stack(obj: &Program) -> Result {
    let pid = pid_of(obj)? as i64;
    STACK.push(&pid)?;
    STACK.push(&(pid + 1))?;
    match STACK.peek() {
        None => rex_printk!("Not found.\n")?,
        Some(top) => rex_printk!("Top of stack: {}.\n", top)?,
    };
    STACK.pop();
    match STACK.peek() {
        None => rex_printk!("Not found.\n"),
        Some(top) => rex_printk!("Next top of stack: {}.\n", top),
    }
}

fn queue(obj: &Program) -> Result {
    let pid = pid_of(obj)? as i64;
    QUEUE.push(&pid)?;
    QUEUE.force_push(&(pid + 1))?;
    match QUEUE.peek() {
        None => rex_printk!("Not found.\n")?,
        Some(front) => rex_printk!("Front of queue: {}.\n", front)?,
    };
    QUEUE.pop();
    match QUEUE.peek() {
        None => rex_printk!("Not found.\n"),
        Some(front) => rex_printk!("Next front of queue: {}.\n", front),
    }
}

fn ring(obj: &Program) -> Result {
    let pid = pid_of(obj)? as i64;
    rex_printk!(
        "Available bytes in ringbuf: {}.\n",
        RINGBUF.available_bytes().ok_or(-1)?
    )?;
    let mut entry = match RINGBUF.reserve(core::mem::size_of::<i64>()) {
        None => {
            rex_printk!("Unable to reserve ringbuf.\n")?;
            return Err(0);
        }
        Some(entry) => entry,
    };
    *convert_slice_to_struct_mut::<i64>(&mut entry) = pid;
    entry.submit(0);
    // A record that is given up takes its room but is not handed over.
    if let Some(entry) = RINGBUF.reserve(16) {
        entry.discard(0);
    }
    rex_printk!(
        "Available bytes in ringbuf: {}.\n",
        RINGBUF.available_bytes().ok_or(-1)?
    )
}

#[rex_tracepoint]
fn rex_prog1(obj: &Program, _: &'static SyscallsEnterDupCtx) -> Result {
    hash(obj).map_err(|_| 1)?;
    array(obj).map_err(|_| 2)?;
    stack(obj).map_err(|_| 3)?;
    queue(obj).map_err(|_| 4)?;
    ring(obj).map_err(|_| 5)
}
