// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Attributes, macros and files that would get around the compiler's rules.
#![no_std]
#![no_main]
#![allow(unused, non_upper_case_globals)]
use rex as _;
//@ hostile unsafe_block
//@ closed-by: rule rex::unsafe_code
//@ expect: unsafe
#[allow(unsafe_code)]
fn poke() { unsafe { core::ptr::write_volatile(8 as *mut u64, 1) } }
//@ hostile unsafe_by_tokens
//@ closed-by: rule rex::unsafe_code
//@ expect: unsafe
macro_rules! joined { ($word:ident $block:block) => { $word $block } }
fn poke() { joined!(unsafe { core::ptr::write_volatile(8 as *mut u64, 1) }) }
//@ hostile unsafe_in_a_macro_of_core
//@ closed-by: rule rex::unsafe_code
//@ expect: unsafe
fn poke() { assert!(matches!(unsafe { core::ptr::read(8 as *const u64) }, 0)); }
//@ hostile unsafe_in_a_print
//@ closed-by: rule rex::unsafe_code
//@ expect: unsafe
fn poke() { let _ = rex::rex_printk!("{}", unsafe { core::ptr::read(8 as *const u64) }); }
//@ hostile unsafe_in_a_derive
//@ closed-by: rule rex::unsafe_code
//@ expect: unsafe
#[derive(Clone)]
struct Odd([u8; unsafe { core::mem::transmute::<u64, usize>(1) }]);
//@ hostile unsafe_argument_of_an_attribute
//@ closed-by: rule rex::unsafe_code
//@ expect: unsafe
#[rex::rex_map]
static sized: rex::map::RexArrayMap<[u8; unsafe { core::mem::transmute::<u64, usize>(1) }]> = rex::map::RexArrayMap::new(1, 0);
//@ hostile unsafe_in_a_program
//@ closed-by: rule rex::unsafe_code
//@ expect: unsafe
#[rex::rex_xdp]
fn unsafe_in_a_program(obj: &rex::xdp::xdp, ctx: &mut rex::xdp::xdp_md) -> rex::Result { Ok(unsafe { core::ptr::read(8 as *const i32) }) }
//@ hostile no_mangle
//@ closed-by: rule rex::unsafe_code
//@ expect: no_mangle
#[unsafe(no_mangle)]
pub extern "C" fn rex_trace(_: *const u8, _: usize) -> i64 { 0 }
//@ hostile export_name
//@ closed-by: rule rex::unsafe_code
//@ expect: export_name
#[unsafe(export_name = "memcpy")]
pub extern "C" fn copy(to: *mut u8, _: *const u8, _: usize) -> *mut u8 { to }
//@ hostile export_name_behind_cfg
//@ closed-by: rule rex::unsafe_code
//@ expect: export_name
#[cfg_attr(not(any()), unsafe(export_name = "rex_map_lookup"))]
pub extern "C" fn lookup(_: u64, _: *const u8) -> *mut u8 { core::ptr::null_mut() }
//@ hostile extern_block
//@ closed-by: rule rex::unsafe_code
//@ expect: extern
unsafe extern "C" { safe fn rex_random_u32() -> u64; }
//@ hostile linked_library
//@ closed-by: rule rex::unsafe_code
//@ expect: link
#[link(name = "c")]
unsafe extern "C" {}
//@ hostile own_panic_handler
//@ closed-by: rule rex::reserved_item
//@ expect: panic
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! { loop {} }
//@ hostile own_allocator
//@ closed-by: rule rex::unsafe_code
//@ expect: unsafe
struct Heap;
unsafe impl core::alloc::GlobalAlloc for Heap {
    unsafe fn alloc(&self, _: core::alloc::Layout) -> *mut u8 { core::ptr::null_mut() }
    unsafe fn dealloc(&self, _: *mut u8, _: core::alloc::Layout) {}
}
//@ hostile feature
//@ closed-by: rule rex::unstable_feature
//@ expect: feature
#![feature(core_intrinsics)]
fn stop() -> ! { core::intrinsics::abort() }
//@ hostile feature_behind_cfg
//@ closed-by: rule rex::unstable_feature
//@ expect: feature
#![cfg_attr(all(), feature(auto_traits, negative_impls))]
pub auto trait Anything {}
//@ hostile no_core
//@ closed-by: rule rex::unstable_feature
//@ expect: no_core
#![no_core]
//@ hostile no_builtins
//@ closed-by: run
//@ drive: dup
//@ expect: trace: sum 64
#![no_builtins]
#[inline(never)]
fn fill(a: &mut [u8; 64]) { for b in a { *b = 1; } }
#[rex::rex_tracepoint]
fn no_builtins(obj: &rex::tracepoint::tracepoint<rex::tracepoint::SyscallsEnterDupCtx>, _: &'static rex::tracepoint::SyscallsEnterDupCtx) -> rex::Result {
    let mut bytes = [0; 64];
    fill(core::hint::black_box(&mut bytes));
    rex::rex_printk!("sum {}", bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>())
}
//@ hostile compiler_attribute
//@ closed-by: rule rex::unstable_feature
//@ expect: rustc_
#[rustc_layout_scalar_valid_range_start(1)]
struct NeverZero(u32);
//@ hostile allow_internal_unsafe
//@ closed-by: rule rex::unstable_feature
//@ expect: allow_internal_unsafe
#[allow_internal_unsafe]
macro_rules! quiet { ($e:expr) => { unsafe { $e } } }
//@ hostile lang_item
//@ closed-by: rule rex::reserved_item
//@ expect: lang
#[lang = "eh_personality"]
fn personality() {}
//@ hostile mutable_static
//@ closed-by: rule rex::static_mut
//@ expect: static mut
static mut COUNT: u64 = 0;
fn count() -> u64 { let place = &raw mut COUNT; place as u64 }
//@ hostile standard_library
//@ closed-by: rule rex::std_or_alloc
//@ expect: std
extern crate std;
fn read() { let _ = std::fs::read("/etc/shadow"); }
//@ hostile heap
//@ closed-by: rule rex::std_or_alloc
//@ expect: alloc
extern crate alloc;
fn leaked() -> &'static mut u64 { alloc::boxed::Box::leak(alloc::boxed::Box::new(1)) }
//@ hostile concat_idents
//@ closed-by: bound
//@ expect: cannot find macro
fn poke() { concat_idents!(un, safe); }
//@ hostile include_of_unsafe
//@ closed-by: rule rex::unsafe_code
//@ expect: unsafe
include!("include_of_unsafe.txt");
//@ hostile module_elsewhere
//@ closed-by: rule rex::unsafe_code
//@ expect: unsafe
#[path = "module_elsewhere.txt"]
mod elsewhere;
//@ hostile generated_include
//@ closed-by: bound
//@ expect: environment variable `OUT_DIR` not defined
include!(concat!(env!("OUT_DIR"), "/generated.rs"));
//@ hostile file_of_the_machine
//@ closed-by: run
//@ drive: dup
//@ expect: trace: a file of the one who builds
// Whoever builds can read the file anyway; it goes nowhere but into the image.
static HOSTS: &[u8] = include_bytes!("/etc/hostname");
#[rex::rex_tracepoint]
fn file_of_the_machine(obj: &rex::tracepoint::tracepoint<rex::tracepoint::SyscallsEnterDupCtx>, _: &'static rex::tracepoint::SyscallsEnterDupCtx) -> rex::Result {
    rex::rex_printk!("a file of the one who builds {}", HOSTS.len())
}
//@ hostile settings_of_the_wrapper
//@ closed-by: run
//@ drive: dup
//@ expect: trace: none true true
#[rex::rex_tracepoint]
fn settings_of_the_wrapper(obj: &rex::tracepoint::tracepoint<rex::tracepoint::SyscallsEnterDupCtx>, _: &'static rex::tracepoint::SyscallsEnterDupCtx) -> rex::Result {
    rex::rex_printk!("none {} {}", option_env!("REX_WRAP_LINTS").is_none(), option_env!("RUSTC_BOOTSTRAP").is_none_or(|name| name == env!("CARGO_CRATE_NAME")))
}
//@ hostile recursive_macro
//@ closed-by: bound
//@ expect: recursion limit
macro_rules! again { ($($t:tt)*) => { again!($($t)* x) } }
again!();
//@ hostile endless_constant
//@ closed-by: bound
//@ expect: long
const NEVER: u64 = { let mut n = 0; while n < u64::MAX { n += 1; } n };
//@ benign word_unsafe_in_text
//@ drive: dup
//@ expect: trace: the word unsafe
/// Nothing here is `unsafe { }`.
#[rex::rex_tracepoint]
fn word_unsafe_in_text(obj: &rex::tracepoint::tracepoint<rex::tracepoint::SyscallsEnterDupCtx>, _: &'static rex::tracepoint::SyscallsEnterDupCtx) -> rex::Result {
    rex::rex_printk!("the word {}", "unsafe") // unsafe { }
}
//@ benign own_attribute_names
//@ drive: dup
//@ expect: trace: used inline 3
#[used]
static TABLE: [u8; 3] = [1, 1, 1];
#[inline(never)]
#[track_caller]
fn total() -> u32 { TABLE.iter().map(|n| u32::from(*n)).sum() }
#[rex::rex_tracepoint]
fn own_attribute_names(obj: &rex::tracepoint::tracepoint<rex::tracepoint::SyscallsEnterDupCtx>, _: &'static rex::tracepoint::SyscallsEnterDupCtx) -> rex::Result {
    rex::rex_printk!("used inline {}", total())
}
