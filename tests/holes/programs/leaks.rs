// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Safe ways to keep a destructor from running. The compiler's rules warn; what is missed
//! is given back by the runtime when the invocation ends.
#![no_std]
#![no_main]
#![allow(unused, non_upper_case_globals)]
use core::mem::MaybeUninit;
use rex::linux::bpf::bpf_spin_lock;
use rex::map::*;
use rex::spinlock::rex_spinlock_guard;
use rex::task_struct::OwnedTaskStruct;
use rex::tracepoint::*;
use rex::{Result, rex_map, rex_printk, rex_tracepoint};
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Entry { value: u64, lock: bpf_spin_lock, rest: u32 }
//@ hostile forget
//@ closed-by: rule rex::leak
//@ expect: forget
#[rex_tracepoint]
fn forget(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    if let Some(task) = OwnedTaskStruct::from_pid(1) { core::mem::forget(task); }
    Ok(0)
}
//@ hostile forget_value
//@ closed-by: rule rex::leak
//@ expect: forget
#[rex_tracepoint]
fn forget_value(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    use core::mem::forget as keep;
    OwnedTaskStruct::from_pid(1).map(keep);
    Ok(0)
}
//@ hostile forget_in_macro
//@ closed-by: rule rex::leak
//@ expect: forget
macro_rules! call { ($a:ident $b:ident $c:ident $value:expr) => { $a::$b::$c($value) } }
#[rex_tracepoint]
fn forget_in_macro(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    call!(core mem forget OwnedTaskStruct::from_pid(1));
    Ok(0)
}
//@ hostile manually_drop
//@ closed-by: rule rex::leak
//@ expect: ManuallyDrop
use core::mem::ManuallyDrop as Keep;
#[rex_tracepoint]
fn manually_drop(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    let kept = Keep::new(OwnedTaskStruct::from_pid(1));
    Ok(0)
}
//@ hostile maybe_uninit
//@ closed-by: rule rex::leak
//@ expect: MaybeUninit
#[rex_tracepoint]
fn maybe_uninit(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    let kept = MaybeUninit::new(OwnedTaskStruct::from_pid(1));
    Ok(0)
}
//@ hostile leaked_task
//@ closed-by: run
//@ drive: dup
//@ expect: trace: task true
//@ expect: leak: task reference
#[rex_tracepoint]
fn leaked_task(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    let task = obj.bpf_get_current_task().and_then(|t| OwnedTaskStruct::from_pid(t.get_pid()));
    rex_printk!("task {}", task.is_some())?;
    keeper::keep(task);
    Ok(0)
}
//@ hostile leaked_lock
//@ closed-by: run
//@ drive: dup dup
//@ expect: leak: spin lock
//@ expect: leak: spin lock
#[rex_map]
static locks: RexArrayMap<Entry> = RexArrayMap::new(1, 0);
#[rex_tracepoint]
fn leaked_lock(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    if let Some(entry) = locks.get_mut(&0) {
        keeper::keep(rex_spinlock_guard::new(&mut entry.lock));
    }
    Ok(0)
}
//@ hostile leaked_record
//@ closed-by: run
//@ drive: dup dup
//@ expect: trace: 0 bytes
//@ expect: leak: ring buffer reservation
//@ expect: trace: 4008 bytes
#[rex_map]
static ring: RexRingBuf = RexRingBuf::new(4096, 0);
#[rex_tracepoint]
fn leaked_record(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    rex_printk!("{} bytes", ring.available_bytes().unwrap_or(0))?;
    keeper::keep(ring.reserve(4000));
    Ok(0)
}
//@ hostile too_many_leaked
//@ closed-by: run
//@ drive: dup
//@ expect: panic: the program holds more than 64 resources
#[rex_tracepoint]
fn too_many_leaked(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    let pid = obj.bpf_get_current_task().map_or(0, |task| task.get_pid());
    for _ in 0..100 {
        keeper::keep(OwnedTaskStruct::from_pid(pid));
    }
    Ok(0)
}
//@ hostile array_of_guards
//@ closed-by: run
//@ drive: dup
//@ expect: leak: task reference
#[rex_tracepoint]
fn array_of_guards(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    let pid = obj.bpf_get_current_task().map_or(0, |task| task.get_pid());
    let mut kept = [const { None }; 2];
    for slot in &mut kept { let _ = slot.insert(OwnedTaskStruct::from_pid(pid)); }
    keeper::keep(kept);
    Ok(0)
}
//@ hostile never_polled
//@ closed-by: run
//@ drive: dup
//@ expect: trace: still 16
#[rex_map]
static ring: RexRingBuf = RexRingBuf::new(4096, 0);
#[rex_tracepoint]
fn never_polled(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    let record = ring.reserve(8);
    let waits = async move { if let Some(record) = record { record.submit(0) } };
    let pinned = core::pin::pin!(waits);
    let waker = core::task::Waker::noop();
    let _context = core::task::Context::from_waker(waker);
    rex_printk!("still {}", ring.available_bytes().unwrap_or(9))
}
//@ hostile pending_future
//@ closed-by: run
//@ drive: dup dup
//@ expect: trace: reserved true
//@ expect: trace: reserved true
#[rex_map]
static ring: RexRingBuf = RexRingBuf::new(4096, 0);
#[rex_tracepoint]
fn pending_future(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    let mut waits = core::pin::pin!(async {
        let record = ring.reserve(1000);
        let _ = rex_printk!("reserved {}", record.is_some());
        core::future::pending::<()>().await;
        drop(record);
    });
    let mut context = core::task::Context::from_waker(core::task::Waker::noop());
    let _ = core::future::Future::poll(waits.as_mut(), &mut context);
    Ok(0)
}
//@ hostile loop_in_drop
//@ closed-by: run
//@ drive: dup
//@ expect: terminated
struct Endless(Option<OwnedTaskStruct>);
impl Drop for Endless { fn drop(&mut self) { loop { core::hint::spin_loop() } } }
#[rex_tracepoint]
fn loop_in_drop(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    let _kept = Endless(OwnedTaskStruct::from_pid(1));
    Ok(0)
}
//@ hostile panic_in_drop
//@ closed-by: run
//@ drive: dup
//@ expect: panic: in drop
struct Loud;
impl Drop for Loud { fn drop(&mut self) { panic!("in drop") } }
#[rex_tracepoint]
fn panic_in_drop(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    let _kept = [Loud, Loud];
    Ok(0)
}
//@ hostile refcell_guard
//@ closed-by: run
//@ drive: dup
//@ expect: leak: task reference
#[rex_tracepoint]
fn refcell_guard(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    let pid = obj.bpf_get_current_task().map_or(0, |task| task.get_pid());
    let mut iter = core::array::from_fn::<_, 2, _>(|_| Some(OwnedTaskStruct::from_pid(pid))).into_iter();
    let first = iter.next();
    keeper::keep((core::cell::RefCell::new(first), iter));
    Ok(0)
}
//@ benign own_forget
//@ drive: dup
//@ expect: trace: own forget false
mod mine { pub fn forget<T>(_: T) -> bool { false } }
#[rex_tracepoint]
fn own_forget(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    use mine::forget;
    rex_printk!("own forget {}", forget(OwnedTaskStruct::from_pid(1)))
}
//@ benign taken_and_given_back
//@ drive: dup
//@ expect: trace: value 1
#[rex_map]
static locked_entries: RexArrayMap<Entry> = RexArrayMap::new(1, 0);
#[rex_tracepoint]
fn taken_and_given_back(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    let entry = locked_entries.get_mut(&0).ok_or(0)?;
    let value = {
        let _guard = rex_spinlock_guard::new(&mut entry.lock);
        entry.value += 1;
        entry.value
    };
    drop(OwnedTaskStruct::from_pid(1));
    rex_printk!("value {}", value)
}
//@ benign uninit_of_numbers
//@ drive: dup
//@ expect: trace: sum 3
#[rex_tracepoint]
fn uninit_of_numbers(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    let mut slots: [Option<u64>; 2] = [const { None }; 2];
    slots[0].insert(1);
    slots[1].insert(2);
    rex_printk!("sum {}", slots.into_iter().flatten().sum::<u64>())
}
