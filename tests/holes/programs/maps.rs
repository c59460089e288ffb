// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Maps used as what they are not, at odd places, and with odd sizes.
#![no_std]
#![no_main]
#![allow(unused, non_upper_case_globals)]
use rex::linux::bpf::*;
use rex::map::*;
use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};
use rex::{Result, rex_map, rex_printk, rex_tracepoint};
type Obj = tracepoint<SyscallsEnterDupCtx>;
//@ hostile push_on_hash
//@ closed-by: bound
//@ expect: this kind of map has no push, pop and peek
#[rex_map]
static hash: RexHashMap<u32, u64> = RexHashMap::new(1, 0);
fn push(obj: &Obj) { let _ = obj.bpf_map_push_elem(&hash, &1, 0); }
//@ hostile lookup_on_stacks
//@ closed-by: bound
//@ expect: this kind of map has no lookup
#[rex_map]
static stacks: RexStackTrace<u32, [u64; 127]> = RexStackTrace::new(1, 0);
fn lookup(obj: &Obj) { let _ = obj.bpf_map_lookup_elem(&stacks, &1); }
//@ hostile lookup_on_events
//@ closed-by: bound
//@ expect: this kind of map has no lookup
#[rex_map]
static events: RexPerfEventArray<u64> = RexPerfEventArray::new(1, 0);
fn lookup(obj: &Obj) { let _ = obj.bpf_map_lookup_elem(&events, &1); }
//@ hostile array_of_maps
//@ closed-by: bound
//@ expect: this kind of map is not supported
static nested: RexMapHandle<BPF_MAP_TYPE_ARRAY_OF_MAPS, u32, u32> = RexMapHandle::new(1, 0);
//@ hostile socket_map
//@ closed-by: bound
//@ expect: this kind of map is not supported
static sockets: RexMapHandle<BPF_MAP_TYPE_SOCKMAP, u32, u32> = RexMapHandle::new(1, 0);
//@ hostile unknown_kind
//@ closed-by: bound
//@ expect: this kind of map is not supported
static unknown: RexMapHandle<0xffff_ffff, u32, u32> = RexMapHandle::new(1, 0);
//@ hostile update_on_events
//@ closed-by: bound
//@ expect: this kind of map has no entries to update or delete
#[rex_map]
static events: RexPerfEventArray<u64> = RexPerfEventArray::new(1, 0);
fn update(obj: &Obj) { let _ = obj.bpf_map_update_elem(&events, &1, &1, 0); }
//@ hostile two_results_alive
//@ closed-by: run
//@ drive: dup
//@ expect: trace: 7 8 8
#[rex_map]
static array: RexArrayMap<u64> = RexArrayMap::new(1, 0);
#[rex_tracepoint]
fn two_results_alive(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    let (one, two) = (array.get_mut(&0).ok_or(0)?, array.get_mut(&0).ok_or(0)?);
    *one = 7;
    let before = *two;
    *two = 8;
    let after = *one;
    rex_printk!("{} {} {}", before, after, *two)
}
//@ hostile used_after_delete
//@ closed-by: run
//@ drive: dup
//@ expect: trace: true
#[rex_map]
static hash: RexHashMap<u32, u64> = RexHashMap::new(2, 0);
#[rex_tracepoint]
fn used_after_delete(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    hash.insert(&1, &5)?;
    let kept: &'static mut u64 = hash.get_mut(&1).ok_or(0)?;
    hash.delete(&1)?;
    hash.insert(&2, &6)?;
    hash.insert(&3, &7)?;
    // Whatever it holds, it is memory of the map until the invocation ends.
    *kept = 9;
    rex_printk!("{}", *kept == 9)
}
//@ hostile kept_across_invocations
//@ closed-by: bound
//@ expect: cannot be shared between threads safely
static KEPT: core::cell::Cell<Option<&'static mut u64>> = core::cell::Cell::new(None);
//@ hostile kept_in_a_once_cell
//@ closed-by: bound
//@ expect: cannot be shared between threads safely
static KEPT: core::cell::OnceCell<&'static u64> = core::cell::OnceCell::new();
//@ hostile map_on_the_stack
//@ closed-by: bound
//@ expect: borrowed value does not live long enough
fn local(obj: &Obj) -> Option<&'static mut u64> {
    let array: RexArrayMap<u64> = RexArrayMap::new(1, 0);
    array.get_mut(&0)
}
//@ hostile map_without_the_attribute
//@ closed-by: run
//@ drive: dup
//@ expect: trace: none true
static bare: RexArrayMap<u64> = RexArrayMap::new(1 << 30, 0);
static bare_hash: RexHashMap<u32, u64> = RexHashMap::new(1, 0);
#[rex_tracepoint]
fn map_without_the_attribute(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    rex_printk!("none {}", bare.get_mut(&5).is_none() && bare_hash.get_mut(&1).is_none() && bare_hash.insert(&1, &1).is_err())
}
//@ hostile map_in_a_constant
//@ closed-by: bound
//@ expect: interior mutable
const MADE: &RexArrayMap<u64> = &RexArrayMap::new(1, 0);
#[rex_tracepoint]
fn map_in_a_constant(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    rex_printk!("none {}", MADE.get_mut(&0).is_none())
}
//@ hostile map_moved_out_of_its_static
//@ closed-by: bound
//@ expect: cannot move out of
#[rex_map]
static array: RexArrayMap<u64> = RexArrayMap::new(1, 0);
fn moved() { let taken = array; }
//@ hostile array_of_handles
//@ closed-by: bound
//@ expect: is not a map
#[rex_map]
static several: [RexArrayMap<u64>; 2] = [const { RexArrayMap::new(1, 0) }; 2];
//@ hostile map_in_a_struct
//@ closed-by: bound
//@ expect: is not a map
struct Both { a: RexArrayMap<u64>, b: RexArrayMap<u64> }
#[rex_map]
static both: Both = Both { a: RexArrayMap::new(1, 0), b: RexArrayMap::new(1, 0) };
//@ hostile map_initialised_by_another
//@ closed-by: bound
//@ expect: E0
#[rex_map]
static one: RexArrayMap<u64> = RexArrayMap::new(1, 0);
#[rex_map]
static two: RexArrayMap<u64> = one;
//@ hostile empty_value
//@ closed-by: bound
//@ expect: its values one byte
static empty: RexArrayMap<()> = RexArrayMap::new(1, 0);
//@ hostile empty_key
//@ closed-by: bound
//@ expect: a key has at least one byte
static empty: RexHashMap<(), u64> = RexHashMap::new(1, 0);
//@ hostile wide_index
//@ closed-by: bound
//@ expect: the key of this kind of map has 4 bytes
static wide: RexMapHandle<BPF_MAP_TYPE_ARRAY, u64, u32> = RexMapHandle::new(1, 0);
//@ hostile value_of_4_gib
//@ closed-by: bound
//@ expect: smaller than 4 GiB
static huge: RexArrayMap<[u8; 1 << 32]> = RexArrayMap::new(1, 0);
//@ hostile value_that_rounds_up_to_4_gib
//@ closed-by: bound
//@ expect: smaller than 4 GiB
static huge: RexArrayMap<[u8; 0xffff_ffff]> = RexArrayMap::new(1, 0);
//@ hostile size_of_all_entries_overflows
//@ closed-by: load
//@ expect: map
#[rex_map]
static huge: RexArrayMap<[u64; 1 << 20]> = RexArrayMap::new(0xffff_ffff, 0);
#[rex_tracepoint]
fn size_of_all_entries_overflows(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    Ok(huge.get_mut(&0xffff_fffe).map_or(0, |value| value[0] as i32))
}
//@ hostile no_entries
//@ closed-by: bound
//@ expect: E0080
#[rex_map]
static none: RexArrayMap<u64> = RexArrayMap::new(0, 0);
#[rex_tracepoint]
fn no_entries(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    Ok(none.get_mut(&0).is_some() as i32)
}
//@ hostile unknown_flags
//@ closed-by: bound
//@ expect: flags
#[rex_map]
static flagged: RexArrayMap<u64> = RexArrayMap::new(1, 0x8000_0000);
#[rex_tracepoint]
fn unknown_flags(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    Ok(flagged.get_mut(&0).is_some() as i32)
}
//@ hostile index_outside
//@ closed-by: run
//@ drive: dup
//@ expect: trace: none true
#[rex_map]
static array: RexArrayMap<[u64; 4]> = RexArrayMap::new(3, 0);
#[rex_tracepoint]
fn index_outside(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    rex_printk!("none {}", array.get_mut(&3).is_none() && array.get_mut(&u32::MAX).is_none())
}
//@ hostile reservation_too_large
//@ closed-by: run
//@ drive: dup
//@ expect: trace: none true
#[rex_map]
static ring: RexRingBuf = RexRingBuf::new(4096, 0);
#[rex_tracepoint]
fn reservation_too_large(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    let sizes = [usize::MAX, usize::MAX - 7, 1 << 32, (1 << 32) + 8, 4097];
    rex_printk!("none {}", sizes.iter().all(|size| ring.reserve(*size).is_none()))
}
//@ hostile record_after_submit
//@ closed-by: bound
//@ expect: borrow of moved value
#[rex_map]
static ring: RexRingBuf = RexRingBuf::new(4096, 0);
fn late() { if let Some(mut record) = ring.reserve(8) { record.submit(0); record[0] = 1; } }
//@ hostile bytes_after_submit
//@ closed-by: bound
//@ expect: cannot move out of `record` because it is borrowed
#[rex_map]
static ring: RexRingBuf = RexRingBuf::new(4096, 0);
fn late() { if let Some(mut record) = ring.reserve(8) { let bytes = &mut record[..]; record.submit(0); bytes[0] = 1; } }
//@ hostile record_across_a_panic
//@ closed-by: run
//@ drive: dup
//@ expect: panic: with a record
#[rex_map]
static ring: RexRingBuf = RexRingBuf::new(4096, 0);
#[rex_tracepoint]
fn record_across_a_panic(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    let record = ring.reserve(8);
    panic!("with a record {}", record.is_some());
}
//@ hostile writer_of_the_record
//@ closed-by: run
//@ drive: dup
//@ expect: trace: too long true
#[rex_map]
static ring: RexRingBuf = RexRingBuf::new(4096, 0);
#[rex_tracepoint]
fn writer_of_the_record(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    use core::fmt::Write;
    let mut record = ring.reserve(8).ok_or(0)?;
    let fits = write!(record, "1234567").is_ok();
    let long = write!(record, "8").is_err();
    rex_printk!("too long {}", fits && long && record[6] == b'7' && record[7] == 0)
}
//@ hostile padding_in_a_key
//@ closed-by: run
//@ drive: dup
//@ expect: trace: found true
#[repr(C)]
#[derive(Clone, Copy)]
struct Padded { small: u8, large: u32 }
#[rex_map]
static padded: RexHashMap<Padded, u64> = RexHashMap::new(4, 0);
#[inline(never)]
fn key(garbage: u8, large: u32) -> Padded {
    let mut bytes = core::hint::black_box([garbage; 64]);
    let mut key = core::hint::black_box(Padded { small: bytes[0], large: u32::from_ne_bytes([garbage; 4]) });
    key.small = 1;
    key.large = large;
    core::hint::black_box(key)
}
#[rex_tracepoint]
fn padding_in_a_key(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    padded.insert(&key(0xaa, 7), &1)?;
    rex_printk!("found {}", padded.get_mut(&key(0x55, 7)).is_some())
}
//@ hostile registers_outlive_the_task
//@ closed-by: run
//@ drive: dup
//@ expect: trace: still 0
#[rex_tracepoint]
fn registers_outlive_the_task(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    let pid = obj.bpf_get_current_task().map_or(0, |task| task.get_pid());
    let task = rex::task_struct::OwnedTaskStruct::from_pid(pid).ok_or(0)?;
    let registers = task.get_pt_regs();
    drop(task);
    rex_printk!("still {}", registers.rip())
}
//@ hostile name_that_changes
//@ closed-by: run
//@ drive: dup
//@ expect: trace: one copy true
#[rex_tracepoint]
fn name_that_changes(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    // The kernel changes a name in place; what is lent is a copy made once.
    let task = obj.bpf_get_current_task().ok_or(0)?;
    let (one, two) = (task.get_comm(), task.get_comm());
    rex_printk!("one copy {}", one.is_ok() && one == two && one.is_ok_and(|a| two.is_ok_and(|b| core::ptr::eq(a, b))))
}
//@ hostile name_that_outlives_the_task
//@ closed-by: bound
//@ expect: cannot return value referencing local variable
fn name(obj: &Obj) -> Option<&'static core::ffi::CStr> { let task = obj.bpf_get_current_task()?; task.get_comm().ok() }
//@ benign record_submitted
//@ drive: dup
//@ expect: trace: record 1
#[rex_map]
static records: RexRingBuf = RexRingBuf::new(4096, 0);
#[rex_tracepoint]
fn record_submitted(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    let mut record = records.reserve(8).ok_or(0)?;
    record[0] = 1;
    let first = record[0];
    record.submit(0);
    rex_printk!("record {}", first)
}
//@ benign task_asked_for_its_name
//@ drive: dup
//@ expect: trace: named 2
#[rex_tracepoint]
fn task_asked_for_its_name(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    let task = obj.bpf_get_current_task().ok_or(0)?;
    rex_printk!("named {}", task.get_comm().map_or(0, |name| name.count_bytes()))
}
//@ benign every_kind
//@ drive: dup
//@ expect: trace: every kind 3
#[rex_map]
static kind_hash: RexHashMap<[u8; 3], u64> = RexHashMap::new(4, 0);
#[rex_map]
static kind_queue: RexQueue<u16> = RexQueue::new(4, 0);
#[rex_map]
static kind_stack: RexStack<u16> = RexStack::new(4, 0);
#[rex_map]
static kind_cpus: RexPerCPUArrayMap<u64> = RexPerCPUArrayMap::new(4, 0);
#[rex_tracepoint]
fn every_kind(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    kind_hash.insert(&[1; 3], &1)?;
    kind_queue.push(&1)?;
    kind_stack.push(&1)?;
    *obj.bpf_map_lookup_elem(&kind_cpus, &0).ok_or(0)? += 1;
    let sum = kind_hash.get_mut(&[1; 3]).map_or(0, |v| *v) + u64::from(kind_queue.pop().unwrap_or(0)) + u64::from(kind_stack.pop().unwrap_or(0));
    rex_printk!("every kind {}", sum)
}
//@ benign map_as_an_argument
//@ drive: dup
//@ expect: trace: argument 4
type Counters = RexArrayMap<u32>;
#[rex_map]
static counters: Counters = Counters::new(1, 0);
fn bump(map: &'static Counters) -> Option<u32> { let c = map.get_mut(&0)?; *c = 4; Some(*c) }
#[rex_tracepoint]
fn map_as_an_argument(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { rex_printk!("argument {}", bump(&counters).unwrap_or(0)) }
