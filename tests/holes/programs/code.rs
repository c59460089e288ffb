// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Instructions, numbers and addresses.
#![no_std]
#![no_main]
#![allow(unused, non_upper_case_globals, unconditional_panic, arithmetic_overflow)]
use core::hint::black_box;
use rex::map::*;
use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};
use rex::{Result, rex_map, rex_printk, rex_tracepoint};
type Obj = tracepoint<SyscallsEnterDupCtx>;
//@ hostile float_multiplied
//@ closed-by: link
//@ expect: floating point is not available in the kernel
#[rex_tracepoint]
fn float_multiplied(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { let x = black_box(ctx.fildes as f64); Ok((x * x) as i32) }
//@ hostile float_from_a_number
//@ closed-by: link
//@ expect: floating point is not available in the kernel
#[rex_tracepoint]
fn float_from_a_number(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { Ok((ctx.fildes as f64).to_bits() as i32) }
//@ hostile float_compared
//@ closed-by: link
//@ expect: floating point is not available in the kernel
#[rex_tracepoint]
fn float_compared(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { Ok((black_box(ctx.fildes as f32) < black_box(ctx.syscall_nr as f32)) as i32) }
//@ hostile float_printed
//@ closed-by: rule rex::float_or_simd
//@ expect: float
#[rex_tracepoint]
fn float_printed(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { rex_printk!("{}", 1.5) }
//@ hostile cpuid
//@ closed-by: rule rex::float_or_simd
//@ expect: core::arch
#[rex_tracepoint]
fn cpuid(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { Ok(core::arch::x86_64::__cpuid(0).eax as i32) }
//@ hostile cpuid_by_another_name
//@ closed-by: rule rex::float_or_simd
//@ expect: core::arch
use core::arch as machine;
mod hidden { pub use super::machine::x86_64::__cpuid_count as ask; }
#[rex_tracepoint]
fn cpuid_by_another_name(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { let f = hidden::ask; Ok(f(0, 0).eax as i32) }
//@ hostile time_stamp_counter
//@ closed-by: bound
//@ expect: is unsafe
fn read() -> u64 { core::arch::x86_64::_rdtsc() }
//@ hostile target_feature
//@ closed-by: bound
//@ expect: E0
#[target_feature(enable = "avx2")]
fn wide(a: core::arch::x86_64::__m256i) -> core::arch::x86_64::__m256i { core::arch::x86_64::_mm256_add_epi64(a, a) }
fn call() { let f = wide; f(core::arch::x86_64::_mm256_setzero_si256()); }
//@ hostile target_feature_rdrand
//@ closed-by: bound
//@ expect: E0
#[target_feature(enable = "rdrand")]
fn random() -> u64 { let mut x = 0; core::arch::x86_64::_rdrand64_step(&mut x); x }
fn call() -> u64 { random() }
//@ hostile inline_assembly
//@ closed-by: rule rex::inline_asm
//@ expect: asm
fn stop() { core::arch::asm!("cli") }
//@ hostile global_assembly
//@ closed-by: rule rex::inline_asm
//@ expect: asm
core::arch::global_asm!(".globl rex_trace", "rex_trace: ret");
//@ hostile intrinsics
//@ closed-by: rule rex::unstable_feature
//@ expect: unstable
fn stop() { core::intrinsics::abort() }
//@ hostile no_check
//@ closed-by: bound
//@ expect: is unsafe
fn wrong() { core::hint::assert_unchecked(false) }
//@ hostile unchecked_add
//@ closed-by: bound
//@ expect: is unsafe
fn wrong(a: u32) -> u32 { a.unchecked_add(1) }
//@ hostile divide_by_zero
//@ closed-by: run
//@ drive: dup
//@ expect: panic: attempt to divide by zero
#[rex_tracepoint]
fn divide_by_zero(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { Ok(10 / (black_box(ctx.fildes) as i32 - 1)) }
//@ hostile divide_the_least_number
//@ closed-by: run
//@ drive: dup
//@ expect: panic: attempt to divide with overflow
#[rex_tracepoint]
fn divide_the_least_number(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { Ok(black_box(i32::MIN) / black_box(-1)) }
//@ hostile remainder_of_the_least_number
//@ closed-by: run
//@ drive: dup
//@ expect: panic: attempt to calculate the remainder with overflow
#[rex_tracepoint]
fn remainder_of_the_least_number(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { Ok((black_box(i64::MIN) % black_box(-1)) as i32) }
//@ hostile shift_too_far
//@ closed-by: run
//@ drive: dup
//@ expect: trace: 2
#[rex_tracepoint]
fn shift_too_far(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { rex_printk!("{}", black_box(1_u32) << black_box(33_u32)) }
//@ hostile index_wraps
//@ closed-by: run
//@ drive: dup
//@ expect: panic: index out of bounds
#[rex_tracepoint]
fn index_wraps(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { let table = black_box([1_u8; 4]); Ok(i32::from(table[black_box(ctx.fildes as usize).wrapping_sub(2)])) }
//@ hostile length_wraps
//@ closed-by: run
//@ drive: dup
//@ expect: panic: 
#[rex_tracepoint]
fn length_wraps(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { let table = black_box([1_u8; 4]); let at = black_box(usize::MAX); Ok(i32::from(table[at..][..at + 2][0])) }
//@ hostile unreachable_reached
//@ closed-by: run
//@ drive: dup
//@ expect: panic: internal error: entered unreachable code
#[rex_tracepoint]
fn unreachable_reached(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { if black_box(true) { unreachable!() } Ok(0) }
//@ hostile address_hashed
//@ closed-by: run
//@ drive: dup
//@ expect: trace: hashed
struct Xor(u64);
impl core::hash::Hasher for Xor {
    fn finish(&self) -> u64 { self.0 }
    fn write(&mut self, bytes: &[u8]) { for byte in bytes { self.0 = self.0 << 8 | u64::from(*byte); } }
}
#[rex_tracepoint]
fn address_hashed(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result {
    let mut hasher = Xor(0);
    core::hash::Hash::hash(&core::ptr::from_ref(ctx), &mut hasher);
    rex_printk!("hashed {}", core::hash::Hasher::finish(&hasher) != 0)
}
//@ hostile pointer_made_of_a_number
//@ closed-by: bound
//@ expect: dereference of raw pointer is unsafe
fn peek() -> u64 { let place = 0xffff_8000_0000_0000_usize as *const u64; *place }
//@ hostile pointer_kept_in_an_atomic
//@ closed-by: bound
//@ expect: dereference of raw pointer is unsafe
static KEPT: core::sync::atomic::AtomicPtr<u64> = core::sync::atomic::AtomicPtr::new(core::ptr::null_mut());
fn peek() -> u64 { *KEPT.load(core::sync::atomic::Ordering::Relaxed) }
//@ hostile pointer_printed
//@ closed-by: rule rex::pointer_as_data
//@ expect: prints an address
fn tell(value: &u64) -> rex::Result { rex::rex_printk!("{:p}", value) }
//@ hostile pointer_cast
//@ closed-by: rule rex::pointer_as_data
//@ expect: a pointer becomes a number
fn tell(value: &u64) -> usize { value as *const u64 as usize }
//@ hostile pointer_asked
//@ closed-by: rule rex::pointer_as_data
//@ expect: an address is read
fn tell(value: *const u64) -> usize { value.addr() }
//@ hostile function_as_a_number
//@ closed-by: rule rex::pointer_as_data
//@ expect: a pointer becomes a number
fn tell() -> usize { tell as fn() -> usize as usize }
//@ hostile waker_of_raw_parts
//@ closed-by: bound
//@ expect: is unsafe
use core::task::{RawWaker, RawWakerVTable, Waker};
fn again(data: *const ()) -> RawWaker { RawWaker::new(data, &TABLE) }
fn nothing(_: *const ()) {}
static TABLE: RawWakerVTable = RawWakerVTable::new(again, nothing, nothing, nothing);
fn wake() { Waker::from_raw(RawWaker::new(core::ptr::null(), &TABLE)).wake(); }
//@ hostile spinning_hint
//@ closed-by: run
//@ drive: dup
//@ expect: trace: spun
#[rex_tracepoint]
fn spinning_hint(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result {
    for _ in 0..1000 { core::hint::spin_loop(); core::sync::atomic::fence(core::sync::atomic::Ordering::SeqCst); }
    rex_printk!("spun")
}
//@ benign constant_number
//@ drive: dup
//@ expect: trace: constant 3
const HALF: i32 = 3;
#[rex_tracepoint]
fn constant_number(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { rex_printk!("constant {}", HALF) }
//@ benign wide_integers
//@ drive: dup
//@ expect: trace: wide 12
#[rex_tracepoint]
fn wide_integers(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { rex_printk!("wide {}", (black_box(37_u128) << 64) / black_box(3_u128 << 64)) }
//@ benign checked_arithmetic
//@ drive: dup
//@ expect: trace: checked true true
#[rex_tracepoint]
fn checked_arithmetic(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result {
    rex_printk!("checked {} {}", black_box(1_i32).checked_div(black_box(0)).is_none(), black_box(i32::MIN).checked_div(black_box(-1)).is_none())
}
//@ benign pointer_compared
//@ drive: dup
//@ expect: trace: same true
#[rex_tracepoint]
fn pointer_compared(obj: &Obj, ctx: &'static SyscallsEnterDupCtx) -> Result { rex_printk!("same {}", core::ptr::eq(ctx, black_box(ctx))) }
