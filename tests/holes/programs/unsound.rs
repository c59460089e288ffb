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
//@ hostile object_of_any_type
//@ closed-by: rule rex::known_unsound
//@ expect: an implementation that may be one for `dyn` types
pub trait Object<U> { type Output; }
impl<T: ?Sized, U> Object<U> for T { type Output = U; }
fn foo<T: ?Sized, U>(x: <T as Object<U>>::Output) -> U { x }
pub fn transmute<T, U>(x: T) -> U { foo::<dyn Object<U, Output = T>, U>(x) }
//@ hostile object_of_any_type_where
//@ closed-by: rule rex::known_unsound
//@ expect: an implementation that may be one for `dyn` types
pub trait Mark {}
pub trait Object: Mark { type Output; }
impl<T> Object for T where T: Mark + ?Sized { type Output = &'static u64; }
fn foo<T: ?Sized + Mark>(x: <T as Object>::Output) -> &'static u64 { x }
pub fn address(x: u64) -> &'static u64 { foo::<dyn Object<Output = u64>>(x) }
//@ hostile object_below_another
//@ closed-by: rule rex::known_unsound
//@ expect: an implementation that may be one for `dyn` types
pub trait Object { type Output; }
pub trait Below: Object {}
impl<T: ?Sized> Object for T { type Output = &'static u64; }
fn foo<T: ?Sized>(x: <T as Object>::Output) -> &'static u64 { x }
pub fn address(x: u64) -> &'static u64 { foo::<dyn Below<Output = u64>>(x) }
//@ hostile object_by_an_alias
//@ closed-by: rule rex::known_unsound
//@ expect: an implementation that may be one for `dyn` types
pub trait Object<U> { type Output; }
type Same<T> = T;
impl<T: ?Sized, U> Object<U> for Same<T> { type Output = U; }
fn foo<T: ?Sized, U>(x: <T as Object<U>>::Output) -> U { x }
pub fn transmute<T, U>(x: T) -> U { foo::<dyn Object<U, Output = T>, U>(x) }
//@ hostile object_by_a_projection
//@ closed-by: rule rex::known_unsound
//@ expect: an implementation that may be one for `dyn` types
pub trait Object { type Output; }
pub trait Pick { type Picked: ?Sized; }
impl Pick for () { type Picked = dyn Object<Output = u64>; }
impl Object for <() as Pick>::Picked { type Output = &'static u64; }
//@ hostile object_by_a_macro
//@ closed-by: rule rex::known_unsound
//@ expect: an implementation that may be one for `dyn` types
pub trait Object<U> { type Output; }
macro_rules! blanket { ($t:ident, $u:ident) => { impl<$t: ?Sized, $u> Object<$u> for $t { type Output = $u; } }; }
blanket!(T, U);
fn foo<T: ?Sized, U>(x: <T as Object<U>>::Output) -> U { x }
pub fn transmute<T, U>(x: T) -> U { foo::<dyn Object<U, Output = T>, U>(x) }
//@ hostile object_by_a_bound_for_a_macro
//@ closed-by: rule rex::known_unsound
//@ expect: must not say what an associated type is
pub trait Object<U> { type Output; }
macro_rules! blanket { ($($b:tt)*) => { impl<T: $($b)*, U> Object<U> for T { type Output = U; } }; }
blanket!(?Sized);
fn foo<T: ?Sized, U>(x: <T as Object<U>>::Output) -> U { x }
pub fn transmute<T, U>(x: T) -> U { foo::<dyn Object<U, Output = T>, U>(x) }
//@ hostile extended_by_a_function
//@ closed-by: rule rex::known_unsound
//@ expect: must not become a function pointer
const UNIT: &'static &'static () = &&();
fn extend<'a, 'b>(_: &'a &'b (), v: &'b u64) -> &'a u64 { v }
pub fn forever(v: &u64) -> &'static u64 { let f: for<'x> fn(_, &'x u64) -> &'static u64 = extend; f(UNIT, v) }
//@ hostile extended_by_a_method
//@ closed-by: rule rex::known_unsound
//@ expect: must not become a function pointer
const UNIT: &'static &'static () = &&();
pub trait Extend { fn extend<'a, 'b>(&self, _: &'a &'b (), v: &'b u64) -> &'a u64; }
impl Extend for () { fn extend<'a, 'b>(&self, _: &'a &'b (), v: &'b u64) -> &'a u64 { v } }
pub fn forever<'x>(v: &'x u64) -> &'static u64 { let f: fn(&(), &'static &'static (), &'x u64) -> &'static u64 = <() as Extend>::extend; f(&(), UNIT, v) }
//@ hostile extended_by_a_closure
//@ closed-by: rule rex::known_unsound
//@ expect: must not become a function pointer
const UNIT: &'static &'static () = &&();
pub fn forever(v: &u64) -> &'static u64 { let f: for<'a, 'b, 'c> fn(&'a &'b (), &'c u64) -> &'a u64 = (|_: &_, x| x) as for<'a, 'b> fn(&'a &'b (), &'b u64) -> &'a u64; f(UNIT, v) }
//@ hostile extended_by_a_struct
//@ closed-by: rule rex::known_unsound
//@ expect: must not become a function pointer
struct Both<'a, 'b>(&'a &'b ());
fn extend<'a, 'b>(_: Both<'a, 'b>, v: &'b u64) -> &'a u64 { v }
pub fn forever(v: &u64) -> &'static u64 { let f: for<'b> fn(_, &'b u64) -> &'static u64 = extend; f(Both(&&()), v) }
//@ hostile extended_by_an_array
//@ closed-by: rule rex::known_unsound
//@ expect: must not become a function pointer
fn extend<'a, 'b>(_: Option<&'a [&'b (); 0]>, v: &'b u64) -> &'a u64 { v }
pub fn forever(v: &u64) -> &'static u64 { let f: for<'b> fn(_, &'b u64) -> &'static u64 = extend; f(None, v) }
//@ hostile extended_by_a_bound
//@ closed-by: rule rex::known_unsound
//@ expect: a bound for all lifetimes
pub trait Subtrait<'a, 'b, R>: Supertrait<'a, 'b> {}
pub trait Supertrait<'a, 'b> { fn convert<T: ?Sized>(x: &'a T) -> &'b T; }
fn need_hrtb_subtrait<S, T: ?Sized>(x: &T) -> &'static T where S: for<'a, 'b> Subtrait<'a, 'b, &'b &'a ()> { need_hrtb_supertrait::<S, T>(x) }
fn need_hrtb_supertrait<S, T: ?Sized>(x: &T) -> &'static T where S: for<'a, 'b> Supertrait<'a, 'b> { S::convert(x) }
struct MyStruct;
impl<'a: 'b, 'b> Supertrait<'a, 'b> for MyStruct { fn convert<T: ?Sized>(x: &'a T) -> &'b T { x } }
impl<'a, 'b> Subtrait<'a, 'b, &'b &'a ()> for MyStruct {}
pub fn extend<T: ?Sized>(x: &T) -> &'static T { need_hrtb_subtrait::<MyStruct, T>(x) }
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
//@ benign implemented_for_all
//@ drive: dup
//@ expect: trace: implemented 8
trait Wide { type Of; fn wide(&self) -> u64; }
impl<T> Wide for T { type Of = u64; fn wide(&self) -> u64 { size_of::<T>() as u64 } }
trait Marked {}
impl<T: ?Sized> Marked for T {}
#[rex::rex_tracepoint]
fn implemented_for_all(obj: &rex::tracepoint::tracepoint<rex::tracepoint::SyscallsEnterDupCtx>, _: &'static rex::tracepoint::SyscallsEnterDupCtx) -> rex::Result {
    rex::rex_printk!("implemented {}", 1u64.wide())
}
