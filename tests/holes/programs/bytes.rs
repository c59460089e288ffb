// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Values made of bytes that somebody else wrote, and values that go out as bytes.
#![no_std]
#![no_main]
#![allow(unused, non_upper_case_globals)]
use rex::kprobe::kprobe;
use rex::map::*;
use rex::pt_regs::PtRegs;
use rex::utils::*;
use rex::xdp::*;
use rex::{rex_kprobe, rex_map, rex_printk, rex_xdp};
//@ hostile function_from_packet
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_xdp]
fn function_from_packet(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let call = convert_slice_to_struct::<fn(u64) -> u64>(&ctx.data_slice);
    Ok((*call)(0) as i32)
}
//@ hostile function_from_memory
//@ closed-by: bound
//@ expect: may not be shared with the kernel
fn nothing(_: &u8) {}
#[rex_kprobe]
fn function_from_memory(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    let mut call: for<'a> fn(&'a u8) = nothing;
    obj.bpf_probe_read_kernel(&mut call, ctx.rdi() as *const ())
}
//@ hostile function_in_map
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_map]
static calls: RexArrayMap<extern "C" fn(u64) -> u64> = RexArrayMap::new(1, 0);
//@ hostile function_of_34_parameters
//@ closed-by: pack
//@ expect: holds a pointer
#[derive(Clone, Copy)]
#[repr(C)]
struct Wide { call: fn(u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8,
    u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8) }
#[rex_map]
static calls: RexHashMap<u32, Wide> = RexHashMap::new(1, 0);
#[rex_xdp]
fn function_of_34_parameters(obj: &xdp, ctx: &mut xdp_md) -> Result { Ok(calls.get_mut(&1).is_some() as i32) }
//@ hostile wide_function_from_packet
//@ closed-by: bound
//@ expect: bit patterns that are not values
type Wide = fn(u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8,
    u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8);
#[rex_xdp]
fn wide_function_from_packet(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let call = *convert_slice_to_struct::<Wide>(&ctx.data_slice);
    Ok(call as usize as i32)
}
//@ hostile bool_from_packet
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_xdp]
fn bool_from_packet(obj: &xdp, ctx: &mut xdp_md) -> Result {
    Ok(i32::from(*convert_slice_to_struct::<bool>(&ctx.data_slice)))
}
//@ hostile char_in_map
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_map]
static letters: RexArrayMap<(u32, char)> = RexArrayMap::new(1, 0);
//@ hostile non_zero_in_map
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_map]
static numbers: RexArrayMap<Option<core::num::NonZeroU32>> = RexArrayMap::new(1, 0);
//@ hostile enum_from_packet
//@ closed-by: bound
//@ expect: bit patterns that are not values
#[derive(Clone, Copy)]
#[repr(u8)]
enum State { Off, On }
#[rex_xdp]
fn enum_from_packet(obj: &xdp, ctx: &mut xdp_md) -> Result {
    Ok(matches!(*convert_slice_to_struct::<State>(&ctx.data_slice), State::On) as i32)
}
//@ hostile infallible_from_packet
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_xdp]
fn infallible_from_packet(obj: &xdp, ctx: &mut xdp_md) -> Result {
    match *convert_slice_to_struct::<core::convert::Infallible>(&ctx.data_slice) {}
}
//@ hostile ordering_from_memory
//@ closed-by: bound
//@ expect: bit patterns that are not values
#[rex_kprobe]
fn ordering_from_memory(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    let mut order = [core::cmp::Ordering::Less; 3];
    obj.bpf_probe_read_kernel(&mut order, ctx.rdi() as *const ())
}
//@ hostile empty_enum_in_struct
//@ closed-by: bound
//@ expect: uninhabited
#[derive(Clone, Copy)]
enum Never {}
#[derive(Clone, Copy)]
#[repr(C)]
struct Impossible(u32, [Never; 1]);
#[rex_xdp]
fn empty_enum_in_struct(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let found = convert_slice_to_struct::<Impossible>(&ctx.data_slice);
    Ok(found.0 as i32)
}
//@ hostile value_without_values
//@ closed-by: bound
//@ expect: uninhabited
#[derive(Clone, Copy)]
enum Never {}
#[rex_map]
static impossible: RexArrayMap<(u32, [Never; 1])> = RexArrayMap::new(1, 0);
//@ hostile full_enum_from_packet
//@ closed-by: bound
//@ expect: bit patterns that are not values
#[derive(Clone, Copy)]
enum Tagged { Some(u32), None }
#[rex_xdp]
fn full_enum_from_packet(obj: &xdp, ctx: &mut xdp_md) -> Result {
    Ok(matches!(*convert_slice_to_struct::<Option<u32>>(&ctx.data_slice), Some(1)) as i32)
}
//@ hostile array_of_enums_without_zero
//@ closed-by: pack
//@ expect: zero is not a value of an enum
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind { One = 1, Two = 2 }
#[rex_map]
static kinds: RexArrayMap<Kind> = RexArrayMap::new(1, 0);
#[rex_xdp]
fn array_of_enums_without_zero(obj: &xdp, ctx: &mut xdp_md) -> Result {
    Ok(matches!(kinds.get_mut(&0), Some(Kind::Two)) as i32)
}
//@ hostile reference_key
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_map]
static by_reference: RexHashMap<&'static u64, u64> = RexHashMap::new(1, 0);
//@ hostile atomic_pointer_key
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_map]
static by_pointer: RexHashMap<core::sync::atomic::AtomicPtr<u8>, u64> = RexHashMap::new(1, 0);
//@ hostile pointer_in_union
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[derive(Clone, Copy)]
#[repr(C)]
union Both { number: u64, place: &'static u64 }
#[rex_map]
static unions: RexArrayMap<Both> = RexArrayMap::new(1, 0);
//@ hostile dyn_pointer_in_map
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_map]
static objects: RexArrayMap<*const dyn Fn()> = RexArrayMap::new(1, 0);
//@ hostile type_id_in_map
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_map]
static types: RexArrayMap<core::any::TypeId> = RexArrayMap::new(1, 0);
//@ hostile waker_table_in_map
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_map]
static tables: RexArrayMap<core::task::RawWakerVTable> = RexArrayMap::new(1, 0);
//@ hostile location_in_map
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_map]
static places: RexArrayMap<core::panic::Location<'static>> = RexArrayMap::new(1, 0);
//@ hostile str_iterator_key
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_map]
static letters: RexHashMap<core::str::Chars<'static>, u64> = RexHashMap::new(1, 0);
//@ hostile phantom_pointer
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_map]
static phantoms: RexArrayMap<(u64, core::marker::PhantomData<&'static u8>)> = RexArrayMap::new(1, 0);
//@ hostile duration_in_map
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_map]
static times: RexHashMap<u32, core::time::Duration> = RexHashMap::new(1, 0);
#[rex_xdp]
fn duration_in_map(obj: &xdp, ctx: &mut xdp_md) -> Result {
    Ok(times.get_mut(&1).map_or(0, |time| time.subsec_nanos() as i32))
}
//@ hostile duration_from_packet
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_xdp]
fn duration_from_packet(obj: &xdp, ctx: &mut xdp_md) -> Result {
    Ok(convert_slice_to_struct::<core::time::Duration>(&ctx.data_slice).subsec_nanos() as i32)
}
//@ hostile layout_from_packet
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_xdp]
fn layout_from_packet(obj: &xdp, ctx: &mut xdp_md) -> Result {
    Ok(convert_slice_to_struct::<core::alloc::Layout>(&ctx.data_slice).align() as i32)
}
//@ hostile array_iterator_from_packet
//@ closed-by: bound
//@ expect: is not satisfied
#[rex_xdp]
fn array_iterator_from_packet(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let mut iter = convert_slice_to_struct::<core::array::IntoIter<u8, 4>>(&ctx.data_slice);
    Ok(0)
}
//@ hostile core_range_from_packet
//@ closed-by: run
//@ drive: udp
//@ expect: panic: 
#[rex_xdp]
fn core_range_from_packet(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let range = *convert_slice_to_struct::<core::ops::RangeTo<usize>>(&ctx.data_slice);
    Ok(ctx.data_slice[range].len() as i32)
}
//@ hostile masked_cpu_from_packet
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_xdp]
fn masked_cpu_from_packet(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let cpu = *convert_slice_to_struct::<PerfEventMaskedCPU>(&ctx.data_slice);
    Ok(0)
}
//@ hostile crate_context_from_packet
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_xdp]
fn crate_context_from_packet(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let forged = *convert_slice_to_struct::<rex::tracepoint::RawSyscallsEnterCtx>(&ctx.data_slice);
    Ok(forged.id as i32)
}
//@ hostile handle_in_map
//@ closed-by: bound
//@ expect: may not be shared with the kernel
#[rex_map]
static tasks: RexHashMap<rex::task_struct::TaskStruct, u64> = RexHashMap::new(1, 0);
//@ hostile wide_alignment
//@ closed-by: bound
//@ expect: aligned to at most 8 bytes
#[derive(Clone, Copy)]
#[repr(C, align(16))]
struct Aligned16([u64; 2]);
#[rex_map]
static wide: RexArrayMap<Aligned16> = RexArrayMap::new(1, 0);
//@ hostile alignment_of_u128
//@ closed-by: bound
//@ expect: aligned to at most 8 bytes
#[rex_map]
static wide: RexArrayMap<u128> = RexArrayMap::new(1, 0);
//@ hostile short_slice
//@ closed-by: run
//@ drive: udp
//@ expect: panic: size mismatch
#[rex_xdp]
fn short_slice(obj: &xdp, ctx: &mut xdp_md) -> Result {
    Ok(*convert_slice_to_struct::<u64>(&ctx.data_slice[..7]) as i32)
}
//@ benign numbers_from_packet
//@ drive: udp
//@ expect: trace: port 12345
#[derive(Clone, Copy)]
#[repr(C)]
struct Ports { source: [u8; 2], destination: [u8; 2] }
#[rex_xdp]
fn numbers_from_packet(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let ports = *convert_slice_to_struct::<Ports>(&ctx.data_slice[34..]);
    rex_printk!("port {}", u16::from_be_bytes(ports.destination))?;
    Ok(XDP_PASS as i32)
}
//@ benign enum_with_zero_in_map
//@ drive: udp
//@ expect: trace: off
#[derive(Clone, Copy)]
#[repr(u8)]
enum Switch { Off = 0, On = 1 }
#[rex_map]
static switches: RexArrayMap<Switch> = RexArrayMap::new(1, 0);
#[rex_xdp]
fn enum_with_zero_in_map(obj: &xdp, ctx: &mut xdp_md) -> Result {
    if let Some(Switch::Off) = switches.get_mut(&0) { rex_printk!("off")?; }
    Ok(XDP_PASS as i32)
}
//@ benign own_bool
//@ drive: udp
//@ expect: trace: own bool 5
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Flag(u8);
#[rex_map]
static flags: RexHashMap<[u8; 4], Flag> = RexHashMap::new(1, 0);
#[rex_xdp]
fn own_bool(obj: &xdp, ctx: &mut xdp_md) -> Result {
    flags.insert(&[1; 4], &Flag(5))?;
    rex_printk!("own bool {}", flags.get_mut(&[1; 4]).map_or(0, |flag| flag.0))?;
    Ok(XDP_PASS as i32)
}
