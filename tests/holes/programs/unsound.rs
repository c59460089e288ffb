// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Known unsoundness of the compiler in safe code.
#![no_std]
#![no_main]
#![allow(unused, non_upper_case_globals)]
use rex as _;
//@ hostile object_with_two_meanings
//@ closed-by: bound
//@ expect: E0
trait Object<T> { type Output; }
impl<T: ?Sized> Object<fn(T)> for T where T: Sized { type Output = u64; }
fn cast<T: ?Sized + Object<U>, U>(x: T::Output) -> <dyn Object<U, Output = usize> as Object<U>>::Output where T: Sized { x }
//@ hostile packed_reference
//@ closed-by: bound
//@ expect: reference to field of packed
#[repr(C, packed)]
struct Packed { a: u8, b: u64 }
fn read(p: &Packed) -> &u64 { &p.b }
//@ hostile never_made
//@ closed-by: bound
//@ expect: E0
fn never() -> core::convert::Infallible { let x: core::convert::Infallible = 0; x }
//@ hostile promoted_drop
//@ closed-by: bound
//@ expect: E0
struct Loud(u64);
impl Drop for Loud { fn drop(&mut self) {} }
fn promoted() -> &'static Loud { &Loud(1) }
//@ hostile mutable_promotion
//@ closed-by: bound
//@ expect: E0
fn promoted() -> &'static mut [u64; 1] { &mut [1] }
//@ hostile interior_promotion
//@ closed-by: bound
//@ expect: E0
fn promoted() -> &'static core::cell::Cell<u64> { &core::cell::Cell::new(1) }
//@ hostile kept_through_option
//@ closed-by: bound
//@ expect: lifetime may not live long enough
use rex::map::RexHashMap;
static hash: RexHashMap<u32, u64> = RexHashMap::new(1, 0);
fn keep(kept: &mut Option<&'static mut u64>, key: &u32) { *kept = hash.get_mut(key); }
//@ hostile kept_by_a_closure
//@ closed-by: bound
//@ expect: captured variable cannot escape
use rex::map::RexHashMap;
static hash: RexHashMap<u32, u64> = RexHashMap::new(1, 0);
fn keep() -> impl FnMut() -> Option<&'static mut u64> { let key = 1; move || hash.get_mut(&key) }
//@ hostile sync_by_hand
//@ closed-by: rule rex::unsafe_code
//@ expect: unsafe
struct Shared(core::cell::Cell<u64>);
unsafe impl Sync for Shared {}
static SHARED: Shared = Shared(core::cell::Cell::new(0));
//@ benign ordinary_lifetimes
//@ drive: dup
//@ expect: trace: ordinary 5
fn pick<'a, 'b: 'a>(one: &'a u64, two: &'b u64) -> &'a u64 { if *one > *two { one } else { two } }
fn apply(f: for<'x> fn(&'x u64) -> &'x u64, value: &u64) -> u64 { *f(value) }
#[rex::rex_tracepoint]
fn ordinary_lifetimes(obj: &rex::tracepoint::tracepoint<rex::tracepoint::SyscallsEnterDupCtx>, _: &'static rex::tracepoint::SyscallsEnterDupCtx) -> rex::Result {
    rex::rex_printk!("ordinary {}", apply(|x| x, pick(&5, &4)))
}
//@ benign promoted_constants
//@ drive: dup
//@ expect: trace: promoted 4
fn constant() -> &'static [u64] { &[4, 5] }
#[rex::rex_tracepoint]
fn promoted_constants(obj: &rex::tracepoint::tracepoint<rex::tracepoint::SyscallsEnterDupCtx>, _: &'static rex::tracepoint::SyscallsEnterDupCtx) -> rex::Result {
    rex::rex_printk!("promoted {}", constant()[0])
}
