// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Program types, contexts and what the attributes expand to, forged.
#![no_std]
#![no_main]
#![allow(unused, non_upper_case_globals)]
//@ hostile kprobe_called_xdp
//@ closed-by: bound
//@ expect: mismatched types
use rex::kprobe::kprobe as xdp;
#[rex::rex_xdp]
fn kprobe_called_xdp(obj: &xdp, ctx: &mut rex::pt_regs::PtRegs) -> rex::Result { Ok(obj.bpf_override_return(ctx, 0)) }
//@ hostile forged_context
//@ closed-by: bound
//@ expect: is not the context of a tracepoint
#[repr(C)]
struct SyscallsEnterDupCtx { header: u64, nr: i64, file: &'static core::sync::atomic::AtomicU64 }
#[rex::rex_tracepoint]
fn forged_context(obj: &rex::tracepoint::tracepoint<SyscallsEnterDupCtx>, ctx: &'static SyscallsEnterDupCtx) -> rex::Result { Ok(0) }
//@ hostile own_context_impl
//@ closed-by: bound
//@ expect: requires an `unsafe impl`
struct Mine { file: &'static u64 }
impl rex::tracepoint::TracepointContext for Mine { const HOOK: &'static str = "syscalls/sys_enter_dup"; }
//@ hostile own_map_kind
//@ closed-by: bound
//@ expect: is not satisfied
struct Mine;
impl rex::map::capability::Map for Mine {}
//@ hostile own_no_ref
//@ closed-by: rule rex::unsafe_code
//@ expect: unsafe
struct Mine(&'static u8);
unsafe impl rex::utils::NoRef for Mine {}
//@ hostile safe_no_ref
//@ closed-by: bound
//@ expect: requires an `unsafe impl`
struct Mine(&'static u8);
impl rex::utils::NoRef for Mine {}
//@ hostile own_streamer
//@ closed-by: bound
//@ expect: is not satisfied
struct Mine;
impl rex::utils::PerfEventStreamer for Mine {
    type Context = u64;
    fn output_event<T: Copy + rex::utils::NoRef>(&self, _: &u64, _: &'static rex::map::RexPerfEventArray<T>, _: &T, _: rex::utils::PerfEventMaskedCPU) -> rex::Result { Ok(0) }
}
//@ hostile own_verdict
//@ closed-by: bound
//@ expect: is not satisfied
struct Mine;
impl rex::__private::Verdict for Mine {}
//@ hostile run_called
//@ closed-by: bound
//@ expect: is unsafe
fn call(ctx: *mut ()) -> u32 { rex::__private::run_kprobe(ctx, |_, _| Ok(0)) }
//@ hostile entry_called
//@ closed-by: bound
//@ expect: cannot find function
#[rex::rex_xdp]
fn entry_called(obj: &rex::xdp::xdp, ctx: &mut rex::xdp::xdp_md) -> rex::Result {
    Ok(__rex_entry_entry_called(core::ptr::null_mut()) as i32)
}
//@ hostile object_made
//@ closed-by: bound
//@ expect: private
fn made() { let k = rex::kprobe::kprobe { private: () }; }
//@ hostile object_defaulted
//@ closed-by: bound
//@ expect: `object` is private
fn made() { let k = rex::kprobe::kprobe::object(); }
//@ hostile descriptor_in_section
//@ closed-by: rule rex::unsafe_code
//@ expect: link_section
extern "C" fn entry(_: *mut ()) -> u32 { 0 }
#[used]
#[unsafe(link_section = ".rex.progs")]
static FORGED: rex::__private::Program = rex::__private::describe_xdp("forged", "", entry);
//@ hostile slot_in_section
//@ closed-by: rule rex::unsafe_code
//@ expect: link_section
#[used]
#[unsafe(link_section = ".maps")]
static FORGED: [u64; 8] = [0; 8];
//@ hostile attribute_on_map_of_another_type
//@ closed-by: bound
//@ expect: is not a map
#[rex::rex_map]
static FORGED: [core::sync::atomic::AtomicU64; 8] = [const { core::sync::atomic::AtomicU64::new(0) }; 8];
//@ hostile mutable_map
//@ closed-by: bound
//@ expect: a map is not `mut`
#[rex::rex_map]
static mut FORGED: rex::map::RexArrayMap<u64> = rex::map::RexArrayMap::new(1, 0);
//@ hostile unsafe_function_through_the_attribute
//@ closed-by: bound
//@ expect: mismatched types
extern crate rex as kernel;
extern crate self as rex;
pub use kernel::__rex_program;
pub mod __private {
    pub use kernel::__private::{Program, describe_xdp};
    pub use core::ptr::write as run_xdp;
}
#[kernel::rex_xdp]
fn unsafe_function_through_the_attribute(obj: *mut (), ctx: ()) -> kernel::Result { Ok(0) }
//@ hostile map_type_by_two_meanings
//@ closed-by: bound
//@ expect: is not a map
mod __rex_kernel_crate {
    pub mod map { pub type RexArrayMap<T> = [core::sync::atomic::AtomicU64; 8]; }
}
#[rex::rex_map]
static FORGED: __rex_kernel_crate::map::RexArrayMap<u32> = [const { core::sync::atomic::AtomicU64::new(0) }; 8];
//@ hostile own_u32
//@ closed-by: bound
//@ expect: mismatched types
#[repr(transparent)]
pub struct u32(&'static u64);
#[rex::rex_xdp]
fn own_u32(obj: &rex::xdp::xdp, ctx: &mut rex::xdp::xdp_md) -> rex::Result { Ok(0) }
//@ hostile program_called_as_an_import
//@ closed-by: bound
//@ expect: is the runtime's
#[rex::rex_xdp]
fn rex_map_lookup(obj: &rex::xdp::xdp, ctx: &mut rex::xdp::xdp_md) -> rex::Result { Ok(0x1000) }
//@ hostile map_called_as_an_import
//@ closed-by: bound
//@ expect: is the runtime's
#[rex::rex_map]
static rex_trace: rex::map::RexArrayMap<u64> = rex::map::RexArrayMap::new(1, 0);
//@ hostile program_called_memcpy
//@ closed-by: bound
//@ expect: is the runtime's
#[rex::rex_xdp]
fn memcpy(obj: &rex::xdp::xdp, ctx: &mut rex::xdp::xdp_md) -> rex::Result { Ok(0) }
//@ hostile program_called_as_a_thunk
//@ closed-by: bound
//@ expect: is the runtime's
#[rex::rex_xdp]
fn __x86_return_thunk(obj: &rex::xdp::xdp, ctx: &mut rex::xdp::xdp_md) -> rex::Result { Ok(0) }
//@ hostile program_called_as_the_panic_handler
//@ closed-by: bound
//@ expect: is the runtime's
#[rex::rex_xdp]
fn rust_begin_unwind(obj: &rex::xdp::xdp, ctx: &mut rex::xdp::xdp_md) -> rex::Result { Ok(0) }
//@ hostile two_programs_of_one_name
//@ closed-by: bound
//@ expect: two_programs_of_one_name
mod a { #[rex::rex_xdp] fn two_programs_of_one_name(obj: &rex::xdp::xdp, ctx: &mut rex::xdp::xdp_md) -> rex::Result { Ok(0) } }
mod b { #[rex::rex_xdp] fn two_programs_of_one_name(obj: &rex::xdp::xdp, ctx: &mut rex::xdp::xdp_md) -> rex::Result { Ok(1) } }
//@ hostile generic_program
//@ closed-by: bound
//@ expect: a program is not generic
#[rex::rex_xdp]
fn generic_program<T: Default>(obj: &rex::xdp::xdp, ctx: &mut rex::xdp::xdp_md) -> rex::Result { Ok(0) }
//@ hostile unsafe_program
//@ closed-by: bound
//@ expect: remove `unsafe`
#[rex::rex_xdp]
unsafe fn unsafe_program(obj: &rex::xdp::xdp, ctx: &mut rex::xdp::xdp_md) -> rex::Result { Ok(0) }
//@ hostile context_kept_static
//@ closed-by: bound
//@ expect: mismatched types
#[rex::rex_xdp]
fn context_kept_static(obj: &rex::xdp::xdp, ctx: &'static mut rex::xdp::xdp_md<'static>) -> rex::Result { Ok(0) }
//@ hostile registers_swapped
//@ closed-by: bound
//@ expect: borrow data in a `&` reference as mutable
#[rex::rex_kprobe]
fn registers_swapped(obj: &rex::kprobe::kprobe, ctx: &mut rex::pt_regs::PtRegs) -> rex::Result {
    if let Some(task) = obj.bpf_get_current_task() {
        core::mem::swap(ctx, &mut *task.get_pt_regs());
    }
    Ok(0)
}
//@ hostile inject_anywhere
//@ closed-by: attach
//@ expect: `vfs_read`
#[rex::rex_kprobe(function = "vfs_read")]
fn inject_anywhere(obj: &rex::kprobe::kprobe, ctx: &mut rex::pt_regs::PtRegs) -> rex::Result {
    Ok(obj.bpf_override_return(ctx, 0))
}
//@ hostile inject_below_a_system_call
//@ closed-by: attach
//@ expect: may not be attached to `__do_sys_dup`
#[rex::rex_kprobe(function = "__do_sys_dup")]
fn inject_below_a_system_call(obj: &rex::kprobe::kprobe, ctx: &mut rex::pt_regs::PtRegs) -> rex::Result {
    Ok(obj.bpf_override_return(ctx, 0))
}
//@ hostile inject_through_a_pointer
//@ closed-by: attach
//@ expect: may not be attached to `__do_sys_dup`
static INJECTOR: fn(&rex::kprobe::kprobe, &mut rex::pt_regs::PtRegs) -> i32 = |obj, ctx| obj.bpf_override_return(ctx, 0);
#[rex::rex_kprobe(function = "__do_sys_dup")]
fn inject_through_a_pointer(obj: &rex::kprobe::kprobe, ctx: &mut rex::pt_regs::PtRegs) -> rex::Result {
    Ok(core::hint::black_box(&INJECTOR)(obj, ctx))
}
//@ hostile inject_at_a_user_function
//@ closed-by: attach
//@ expect: found a uprobe
#[rex::rex_uprobe(function = "libc.so.6:getenv")]
fn inject_at_a_user_function(obj: &rex::kprobe::kprobe, ctx: &mut rex::pt_regs::PtRegs) -> rex::Result {
    Ok(obj.bpf_override_return(ctx, 0))
}
//@ hostile helper_of_another_type
//@ closed-by: bound
//@ expect: `bpf_override_return`
#[rex::rex_xdp]
fn helper_of_another_type(obj: &rex::xdp::xdp, ctx: &mut rex::xdp::xdp_md) -> rex::Result { Ok(obj.bpf_override_return(ctx, 0)) }
//@ hostile kernel_crate_shadowed
//@ closed-by: bound
//@ expect: mismatched types
extern crate rex as kernel;
extern crate self as rex;
pub use kernel::__rex_program;
pub mod __private {
    pub use kernel::__private::{Program, describe_xdp, run_kprobe as run_xdp};
}
#[kernel::rex_xdp]
fn kernel_crate_shadowed(obj: &kernel::kprobe::kprobe, ctx: &mut kernel::pt_regs::PtRegs) -> kernel::Result {
    Ok(obj.bpf_override_return(ctx, 0))
}
//@ hostile map_check_shadowed
//@ closed-by: bound
//@ expect: is not a map
extern crate rex as kernel;
extern crate self as rex;
pub use kernel::__rex_map;
pub mod __private {
    pub const fn assert_map<M>(_: &str) {}
}
pub struct Slot<K, V>([core::sync::atomic::AtomicU64; 8], core::marker::PhantomData<(K, V)>);
#[kernel::rex_map]
static FORGED: Slot<u32, u64> = Slot([const { core::sync::atomic::AtomicU64::new(0) }; 8], core::marker::PhantomData);
//@ hostile unsafe_attribute_beside_a_map
//@ closed-by: rule rex::unsafe_code
//@ expect: link_section
#[rex::rex_map]
#[unsafe(link_section = ".text")]
static misplaced: rex::map::RexArrayMap<u64> = rex::map::RexArrayMap::new(1, 0);
//@ hostile macro_of_the_attributes_called
//@ closed-by: bound
//@ expect: E0
rex::__rex_map! { "rex_trace" static forged: [core::sync::atomic::AtomicU64; 8] = [const { core::sync::atomic::AtomicU64::new(0) }; 8]; }
//@ hostile program_of_another_type_by_the_macro
//@ closed-by: bound
//@ expect: mismatched types
fn kprobe_program(obj: &rex::kprobe::kprobe, ctx: &mut rex::pt_regs::PtRegs) -> rex::Result { Ok(obj.bpf_override_return(ctx, 0)) }
rex::__rex_program! { rex_xdp "forged" "" forged kprobe_program }
//@ hostile unsafe_attribute_through_the_macro
//@ closed-by: rule rex::unsafe_code
//@ expect: no_mangle
rex::__rex_map! { "odd" #[unsafe(no_mangle)] static odd: rex::map::RexArrayMap<u64> = rex::map::RexArrayMap::new(1, 0); }
//@ benign own_crate_called_rex
//@ drive: dup
//@ expect: trace: own module
mod rex { pub fn word() -> &'static str { "own module" } }
#[::rex::rex_tracepoint]
fn own_crate_called_rex(
    obj: &::rex::tracepoint::tracepoint<::rex::tracepoint::SyscallsEnterDupCtx>,
    ctx: &'static ::rex::tracepoint::SyscallsEnterDupCtx,
) -> ::rex::Result { ::rex::rex_printk!("{}", rex::word()) }
//@ benign named_like_an_import
//@ drive: dup
//@ expect: trace: named like an import
#[rex::rex_map]
static rex_trace_map: rex::map::RexArrayMap<u64> = rex::map::RexArrayMap::new(1, 0);
#[rex::rex_tracepoint]
fn rex_cpu_of(
    obj: &rex::tracepoint::tracepoint<rex::tracepoint::SyscallsEnterDupCtx>,
    ctx: &'static rex::tracepoint::SyscallsEnterDupCtx,
) -> rex::Result { rex::rex_printk!("named like an import") }
//@ benign injects_into_a_system_call
//@ drive: dup
//@ expect: trace: injected 0
#[rex::rex_kprobe(function = "__x64_sys_dup")]
fn injects_into_a_system_call(obj: &rex::kprobe::kprobe, ctx: &mut rex::pt_regs::PtRegs) -> rex::Result {
    rex::rex_printk!("injected {}", obj.bpf_override_return(ctx, 0))
}
//@ benign alias_of_a_context
//@ drive: dup
//@ expect: trace: descriptor 1
use rex::tracepoint::SyscallsEnterDupCtx as Dup;
#[rex::rex_tracepoint]
fn alias_of_a_context(obj: &rex::tracepoint::tracepoint<Dup>, ctx: &'static Dup) -> rex::Result { rex::rex_printk!("descriptor {}", ctx.fildes) }
