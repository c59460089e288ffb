// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Locks, panics, printing, recursion: what runs when a program is stopped, and for how long.
#![no_std]
#![no_main]
#![allow(unused, non_upper_case_globals, unconditional_recursion)]
use core::fmt;
use rex::linux::bpf::bpf_spin_lock;
use rex::map::*;
use rex::spinlock::rex_spinlock_guard;
use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};
use rex::{Result, rex_map, rex_printk, rex_tracepoint};
type Obj = tracepoint<SyscallsEnterDupCtx>;
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Entry { value: u64, lock: bpf_spin_lock, rest: u32 }
//@ hostile lock_word_overwritten
//@ closed-by: run
//@ drive: dup dup
//@ expect: trace: twice 2
#[rex_map]
static locked: RexArrayMap<Entry> = RexArrayMap::new(1, 0);
#[rex_tracepoint]
fn lock_word_overwritten(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    let one = locked.get_mut(&0).ok_or(0)?;
    let two = locked.get_mut(&0).ok_or(0)?;
    let guard = rex_spinlock_guard::new(&mut one.lock);
    two.lock = bpf_spin_lock { val: 0xffff_ffff };
    two.value += 1;
    drop(guard);
    two.lock.val = 0;
    rex_printk!("twice {}", two.value)
}
//@ hostile entry_replaced_while_locked
//@ closed-by: run
//@ drive: dup dup
//@ expect: trace: replaced true
//@ expect: trace: replaced true
#[rex_map]
static locked: RexArrayMap<Entry> = RexArrayMap::new(1, 0);
#[rex_tracepoint]
fn entry_replaced_while_locked(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    let entry = locked.get_mut(&0).ok_or(0)?;
    let guard = rex_spinlock_guard::new(&mut entry.lock);
    let replaced = locked.insert(&0, &Entry { value: 1, lock: bpf_spin_lock { val: 77 }, rest: 0 }).is_ok();
    drop(guard);
    if let Some(entry) = locked.get_mut(&0) { entry.lock.val = 0; }
    rex_printk!("replaced {}", replaced)
}
//@ hostile lock_taken_twice
//@ closed-by: run
//@ drive: dup
//@ expect: panic: the program took a spin lock that it holds already
#[rex_map]
static locked: RexArrayMap<Entry> = RexArrayMap::new(1, 0);
fn take(lock: &mut bpf_spin_lock) -> impl Sized { [Some(rex_spinlock_guard::new(lock))] }
#[rex_tracepoint]
fn lock_taken_twice(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    let one = locked.get_mut(&0).ok_or(0)?;
    let two = locked.get_mut(&0).ok_or(0)?;
    let _a = take(&mut one.lock);
    let _b = take(&mut two.lock);
    Ok(0)
}
//@ hostile lock_on_the_stack
//@ closed-by: run
//@ drive: dup dup
//@ expect: trace: passed
//@ expect: trace: passed
#[inline(never)]
fn leak_here(depth: u32) {
    let mut local = bpf_spin_lock::default();
    keeper::keep(rex_spinlock_guard::new(core::hint::black_box(&mut local)));
}
#[rex_tracepoint]
fn lock_on_the_stack(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    leak_here(1);
    let overwritten = core::hint::black_box([0xaa_u8; 512]);
    rex_printk!("passed")
}
//@ hostile endless_loop_under_a_lock
//@ closed-by: run
//@ drive: dup
//@ expect: terminated
#[rex_map]
static locked: RexArrayMap<Entry> = RexArrayMap::new(1, 0);
#[rex_tracepoint]
fn endless_loop_under_a_lock(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    let entry = locked.get_mut(&0).ok_or(0)?;
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    loop { entry.value += 1; }
}
//@ hostile panic_with_a_lock
//@ closed-by: run
//@ drive: dup
//@ expect: panic: with a lock
#[rex_map]
static locked: RexArrayMap<Entry> = RexArrayMap::new(1, 0);
#[rex_tracepoint]
fn panic_with_a_lock(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    let entry = locked.get_mut(&0).ok_or(0)?;
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    panic!("with a lock")
}
//@ hostile endless_display_in_panic
//@ closed-by: run
//@ drive: dup
//@ expect: panic: 
struct Endless;
impl fmt::Display for Endless { fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result { loop { core::hint::spin_loop() } } }
#[rex_tracepoint]
fn endless_display_in_panic(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { panic!("{}", Endless) }
//@ hostile panic_in_display_of_a_panic
//@ closed-by: run
//@ drive: dup
//@ expect: panic: 
struct Loud;
impl fmt::Display for Loud { fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result { panic!("{}", Loud) } }
#[rex_tracepoint]
fn panic_in_display_of_a_panic(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { panic!("{}", Loud) }
//@ hostile lock_taken_in_display_of_a_panic
//@ closed-by: run
//@ drive: dup
//@ expect: panic: took
#[rex_map]
static locked: RexArrayMap<Entry> = RexArrayMap::new(1, 0);
struct Taker;
impl fmt::Display for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = locked.get_mut(&0).ok_or(fmt::Error)?;
        keeper::keep(rex_spinlock_guard::new(&mut entry.lock));
        f.write_str("took")
    }
}
#[rex_tracepoint]
fn lock_taken_in_display_of_a_panic(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { panic!("{}", Taker) }
//@ hostile deep_display_in_panic
//@ closed-by: run
//@ drive: dup
//@ expect: panic: 
struct Deep(u64);
impl fmt::Display for Deep { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}", Deep(self.0 + 1)) } }
#[rex_tracepoint]
fn deep_display_in_panic(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { panic!("{}", Deep(0)) }
//@ hostile deep_display_in_print
//@ closed-by: run
//@ drive: dup
//@ expect: stack
struct Deep(u64);
impl fmt::Display for Deep { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}", Deep(self.0 + 1)) } }
#[rex_tracepoint]
fn deep_display_in_print(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { rex_printk!("{}", Deep(0)) }
//@ hostile print_inside_print
//@ closed-by: run
//@ drive: dup
//@ expect: trace: inner
//@ expect: trace: outer done
struct Printer;
impl fmt::Display for Printer { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { let _ = rex_printk!("inner"); f.write_str("done") } }
#[rex_tracepoint]
fn print_inside_print(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { rex_printk!("outer {}", Printer) }
//@ hostile print_inside_panic
//@ closed-by: run
//@ drive: dup
//@ expect: trace: inner
//@ expect: panic: outer done
struct Printer;
impl fmt::Display for Printer { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { let _ = rex_printk!("inner"); f.write_str("done") } }
#[rex_tracepoint]
fn print_inside_panic(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { panic!("outer {}", Printer) }
//@ hostile message_too_long
//@ closed-by: run
//@ drive: dup
//@ expect: trace: refused -7
#[rex_tracepoint]
fn message_too_long(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    match rex_printk!("{:>2000}", 1) { Err(error) => rex_printk!("refused {}", error), Ok(_) => Ok(0) }
}
//@ hostile panic_message_too_long
//@ closed-by: run
//@ drive: dup
//@ expect: panic: ééé
#[rex_tracepoint]
fn panic_message_too_long(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { panic!("{:é>2000}", 1) }
//@ hostile snprintf_of_a_string
//@ closed-by: run
//@ drive: dup
//@ expect: trace: refused -22 -22 -22
#[rex_tracepoint]
fn snprintf_of_a_string(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    let mut buffer = [0; 16];
    let a = obj.bpf_snprintf(&mut buffer, "%s", &[0xffff_8000_0000_0000]).unwrap_or_else(|error| error);
    let b = obj.bpf_snprintf(&mut buffer, "%d %d", &[1]).unwrap_or_else(|error| error);
    let c = obj.bpf_snprintf(&mut buffer, "%p", &[1]).unwrap_or_else(|error| error);
    rex_printk!("refused {} {} {}", a, b, c)
}
//@ hostile snprintf_without_an_end
//@ closed-by: run
//@ drive: dup
//@ expect: trace: 7 0 ended
#[rex_tracepoint]
fn snprintf_without_an_end(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    let mut buffer = [1; 4];
    let length = obj.bpf_snprintf(&mut buffer, &"abcdefgh"[..4], &[]).is_ok();
    let long = obj.bpf_snprintf(&mut buffer, "%d%d", &[123, 456])?;
    rex_printk!("{} {} ended", long, buffer[3])
}
//@ hostile endless_recursion
//@ closed-by: run
//@ drive: dup
//@ expect: stack
#[inline(never)]
fn deeper(n: u64) -> u64 { core::hint::black_box(deeper(core::hint::black_box(n + 1))) + 1 }
#[rex_tracepoint]
fn endless_recursion(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { Ok(deeper(0) as i32) }
//@ hostile recursion_through_deref
//@ closed-by: bound
//@ expect: recursion limit
struct Round(u64);
impl core::ops::Deref for Round { type Target = Round; #[inline(never)] fn deref(&self) -> &Round { let next: &Round = core::hint::black_box(self); core::ops::Deref::deref(core::hint::black_box(next)).deref() } }
#[rex_tracepoint]
fn recursion_through_deref(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { let round = Round(1); Ok((**core::hint::black_box(&round)).0 as i32) }
//@ hostile recursion_through_a_pointer
//@ closed-by: run
//@ drive: dup
//@ expect: stack
struct Call(fn(&Call, u64) -> u64);
fn again(call: &Call, n: u64) -> u64 { let next = core::hint::black_box(call); (next.0)(next, n + 1) + 1 }
#[rex_tracepoint]
fn recursion_through_a_pointer(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { Ok(again(&Call(again), 0) as i32) }
//@ hostile recursion_in_equality_of_a_key
//@ closed-by: run
//@ drive: dup
//@ expect: trace: kept true
#[derive(Clone, Copy)]
#[repr(C)]
struct Key(u32);
impl PartialEq for Key { fn eq(&self, other: &Self) -> bool { self == other } }
impl Eq for Key {}
impl core::hash::Hash for Key { fn hash<H: core::hash::Hasher>(&self, state: &mut H) { loop { core::hint::spin_loop() } } }
#[rex_map]
static keys: RexHashMap<Key, u64> = RexHashMap::new(4, 0);
#[rex_tracepoint]
fn recursion_in_equality_of_a_key(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    // The target compares bytes and calls nothing of the extension's.
    keys.insert(&Key(1), &1)?;
    rex_printk!("kept {}", keys.get_mut(&Key(1)).is_some())
}
//@ hostile endless_iterator
//@ closed-by: run
//@ drive: dup
//@ expect: terminated
#[rex_tracepoint]
fn endless_iterator(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    Ok(core::iter::repeat_with(|| obj.bpf_ktime_get_ns()).map(|t| (t != 0) as u64).fold(0u64, |a, b| a.wrapping_add(b)) as i32)
}
//@ hostile loop_in_helpers
//@ closed-by: run
//@ drive: dup
//@ expect: terminated
#[rex_map]
static hash: RexHashMap<u32, u64> = RexHashMap::new(4, 0);
#[rex_tracepoint]
fn loop_in_helpers(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { loop { let _ = hash.insert(&1, &1); let _ = hash.delete(&1); } }
//@ hostile large_frame
//@ closed-by: pack
//@ expect: stack frame
#[inline(never)]
fn fill(n: u64) -> u8 { let big = [n as u8; 8192]; core::hint::black_box(&big)[n as usize % 8192] }
#[rex_tracepoint]
fn large_frame(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { Ok(i32::from(fill(ctx.fildes))) }
//@ hostile aligned_frame
//@ closed-by: pack
//@ expect: stack frame
#[repr(align(8192))]
struct Page([u8; 16]);
#[inline(never)]
fn fill(n: u64) -> u8 { let page = Page([n as u8; 16]); core::hint::black_box(&page).0[n as usize % 16] }
#[rex_tracepoint]
fn aligned_frame(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { Ok(i32::from(fill(ctx.fildes))) }
//@ hostile aligned_static
//@ closed-by: pack
//@ expect: aligned
#[repr(align(65536))]
struct Page([u8; 16]);
static PAGE: Page = Page([1; 16]);
#[rex_tracepoint]
fn aligned_static(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { Ok(i32::from(core::hint::black_box(&PAGE).0[ctx.fildes as usize % 16])) }
//@ benign bounded_recursion
//@ drive: dup
//@ expect: trace: depth 20
#[inline(never)]
fn down(n: u64) -> u64 { if n == 0 { 0 } else { core::hint::black_box(down(n - 1)) + 1 } }
#[rex_tracepoint]
fn bounded_recursion(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { rex_printk!("depth {}", down(20)) }
//@ benign display_of_its_own
//@ drive: dup
//@ expect: trace: <1, 2>
struct Pair(u8, u8);
impl fmt::Display for Pair { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "<{}, {}>", self.0, self.1) } }
#[rex_tracepoint]
fn display_of_its_own(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { rex_printk!("{}", Pair(1, 2)) }
//@ benign frame_of_two_kib
//@ drive: dup
//@ expect: trace: frame 2
#[inline(never)]
fn fill_some(n: u64) -> u8 { let some = [n as u8; 2048]; core::hint::black_box(&some)[n as usize % 2048] }
#[rex_tracepoint]
fn frame_of_two_kib(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result { rex_printk!("frame {}", fill_some(2)) }
//@ benign numbers_printed_as_c_does
//@ drive: dup
//@ expect: trace: 7 -1,2a
#[rex_tracepoint]
fn numbers_printed_as_c_does(obj: &Obj, _: &'static SyscallsEnterDupCtx) -> Result {
    let mut buffer = [0; 16];
    let length = obj.bpf_snprintf(&mut buffer, "%d,%x", &[u64::MAX, 42])?;
    rex_printk!("{} {}", length + 1, core::str::from_utf8(&buffer[..5]).unwrap_or(""))
}
