// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Packet memory kept longer, or used further, than it is given.
#![no_std]
#![no_main]
#![allow(unused, non_upper_case_globals)]
use rex::sched_cls::*;
use rex::spinlock::*;
use rex::utils::*;
use rex::xdp::*;
use rex::{rex_printk, rex_tc, rex_xdp};
//@ hostile slice_taken
//@ closed-by: bound
//@ expect: is not satisfied
#[rex_xdp]
fn slice_taken(obj: &xdp, ctx: &mut xdp_md) -> Result { let kept = core::mem::take(&mut ctx.data_slice); Ok(0) }
//@ hostile slice_moved
//@ closed-by: bound
//@ expect: cannot move out of
#[rex_xdp]
fn slice_moved(obj: &xdp, ctx: &mut xdp_md) -> Result { let kept = ctx.data_slice; Ok(0) }
//@ hostile slice_replaced
//@ closed-by: bound
//@ expect: E0
#[rex_xdp]
fn slice_replaced(obj: &xdp, ctx: &mut xdp_md) -> Result { let kept = core::mem::replace(&mut ctx.data_slice, Default::default()); Ok(0) }
//@ hostile byte_kept_across_a_helper
//@ closed-by: bound
//@ expect: cannot borrow `*ctx` as mutable more than once
#[rex_xdp]
fn byte_kept_across_a_helper(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let byte = &mut ctx.data_slice[0];
    obj.bpf_xdp_adjust_tail(ctx, -4)?;
    *byte = 1;
    Ok(0)
}
//@ hostile header_kept_across_a_helper
//@ closed-by: bound
//@ expect: cannot borrow `*skb` as mutable more than once
#[rex_tc]
fn header_kept_across_a_helper(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    let mut header = obj.ip_header(skb);
    obj.bpf_clone_redirect(skb, 1, 0)?;
    header.ttl = 1;
    Ok(0)
}
//@ hostile static_slice
//@ closed-by: bound
//@ expect: lifetime may not live long enough
#[rex_xdp]
fn static_slice(obj: &xdp, ctx: &mut xdp_md) -> Result { let slice: &'static [u8] = &ctx.data_slice; Ok(0) }
//@ hostile slice_that_outlives_its_loan
//@ closed-by: bound
//@ expect: lifetime may not live long enough
fn keep<'a, 'b>(ctx: &'b mut xdp_md<'a>) -> &'a mut [u8] { &mut ctx.data_slice }
//@ hostile written_back_after_a_helper
//@ closed-by: bound
//@ expect: cannot borrow `*ctx` as mutable more than once
#[rex_xdp]
fn written_back_after_a_helper(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let word = convert_slice_to_struct_mut::<u64>(&mut ctx.data_slice[1..]);
    obj.bpf_xdp_adjust_tail(ctx, -20)?;
    drop(word);
    Ok(0)
}
//@ hostile lock_in_a_packet
//@ closed-by: run
//@ drive: udp
//@ expect: panic: the program
#[rex_tc]
fn lock_in_a_packet(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    skb.data_slice[16..20].fill(0);
    let mut word = convert_slice_to_struct_mut::<bpf_spin_lock>(&mut skb.data_slice[16..]);
    keeper::keep(rex_spinlock_guard::new(&mut word));
    Ok(TC_ACT_OK as i32)
}
//@ hostile tail_out_of_range
//@ closed-by: run
//@ drive: udp
//@ expect: trace: refused true true true 60
#[rex_xdp]
fn tail_out_of_range(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let (a, b, c) = (obj.bpf_xdp_adjust_tail(ctx, i32::MIN), obj.bpf_xdp_adjust_tail(ctx, i32::MAX), obj.bpf_xdp_adjust_tail(ctx, -50));
    rex_printk!("refused {} {} {} {}", a.is_err(), b.is_err(), c.is_err(), ctx.data_length())?;
    Ok(XDP_PASS as i32)
}
//@ hostile cut_and_read_on
//@ closed-by: run
//@ drive: udp
//@ expect: panic: range end index
#[rex_xdp]
fn cut_and_read_on(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let whole = ctx.data_slice.len();
    obj.bpf_xdp_adjust_tail(ctx, -20)?;
    Ok(i32::from(ctx.data_slice[..whole][whole - 1]))
}
//@ hostile header_of_a_short_packet
//@ closed-by: run
//@ drive: short
//@ expect: panic: range start index 34
#[rex_xdp]
fn header_of_a_short_packet(obj: &xdp, ctx: &mut xdp_md) -> Result { Ok(i32::from(obj.tcp_header(ctx).ack() as u8)) }
//@ hostile index_near_the_end_of_memory
//@ closed-by: run
//@ drive: udp
//@ expect: panic: 
#[rex_xdp]
fn index_near_the_end_of_memory(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let from = usize::MAX - ctx.ingress_ifindex() as usize;
    Ok(i32::from(ctx.data_slice[from..][0]))
}
//@ hostile read_field_overflows
//@ closed-by: run
//@ drive: udp
//@ expect: trace: byte 5 true
#[rex_xdp]
fn read_field_overflows(obj: &xdp, ctx: &mut xdp_md) -> Result {
    // The offset wraps around and what it comes to is checked.
    let byte = rex::read_field!(ctx.data_slice, usize::MAX - 3, iphdr, protocol, u8);
    rex_printk!("byte 5 {}", byte == ctx.data_slice[5])?;
    Ok(XDP_PASS as i32)
}
//@ hostile socket_without_contents
//@ closed-by: bound
//@ expect: private
fn look(skb: &__sk_buff) { let sock { _private } = skb.sk(); }
//@ hostile socket_of_a_packet_without_one
//@ closed-by: run
//@ drive: udp
//@ expect: trace: a socket of 0 bytes
#[rex_tc]
fn socket_of_a_packet_without_one(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    rex_printk!("a socket of {} bytes", core::mem::size_of_val(skb.sk()))?;
    Ok(TC_ACT_OK as i32)
}
//@ hostile redirect_to_nowhere
//@ closed-by: run
//@ drive: udp
//@ expect: trace: refused true
#[rex_tc]
fn redirect_to_nowhere(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    let before = skb.data_slice.len();
    let refused = obj.bpf_clone_redirect(skb, u32::MAX, u64::MAX).is_err();
    skb.data_slice[0] = 1;
    rex_printk!("refused {}", refused && skb.data_slice.len() == before)?;
    Ok(TC_ACT_OK as i32)
}
//@ benign cut_and_looked_again
//@ drive: udp
//@ expect: trace: shorter by 4
#[rex_xdp]
fn cut_and_looked_again(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let before = ctx.data_slice.len();
    obj.bpf_xdp_adjust_tail(ctx, -4)?;
    rex_printk!("shorter by {}", before - ctx.data_slice.len())?;
    Ok(XDP_PASS as i32)
}
//@ benign headers_changed_in_place
//@ drive: udp
//@ expect: trace: ttl 63
#[rex_xdp]
fn headers_changed_in_place(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let mut header = obj.ip_header(ctx);
    header.ttl -= 1;
    drop(header);
    let ttl = ctx.data_slice[22];
    rex_printk!("ttl {}", ttl)?;
    Ok(XDP_PASS as i32)
}
