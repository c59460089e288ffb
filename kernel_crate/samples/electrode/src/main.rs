// SPDX-License-Identifier: GPL-2.0-only
//! The fast path of a replicated log (Multi-Paxos) in the kernel.
//!
//! A replica answers the leader's PREPARE at once and hands it to the process through a ring
//! buffer (feature `fast_reply`); the leader drops answers until there are enough of them
//! (feature `fast_quorum_prune`); on the way out the leader's message is copied for each
//! replica. What the process decides it writes into the maps.

#![no_std]
#![no_main]

extern crate rex;

mod common;
mod maps;

use rex::sched_cls::*;
use rex::utils::*;
use rex::xdp::*;
use rex::{read_field, rex_printk, rex_tc, rex_xdp};

use common::*;
use maps::*;

/// Offsets of the headers and of the message.
const IP: usize = 14;
const UDP: usize = IP + 20;
const MESSAGE: usize = UDP + 8;

fn is_ours(data: &[u8]) -> bool {
    data.len() >= MESSAGE + core::mem::size_of::<Message>()
        && u16::from_be(read_field!(data, 0, ethhdr, h_proto, u16)) == ETH_P_IP
        && u32::from(read_field!(data, IP, iphdr, protocol, u8)) == IPPROTO_UDP
        && u16::from_be(read_field!(data, UDP, udphdr, dest, u16)) == PAXOS_PORT
        && u32::from_be(read_field!(data, MESSAGE, Message, magic, u32)) == MAGIC
}

fn read_message(data: &[u8]) -> Message {
    *convert_slice_to_struct::<Message>(&data[MESSAGE..])
}

#[rex_xdp]
fn fast_paxos_main(obj: &xdp, ctx: &mut xdp_md) -> Result {
    if !is_ours(ctx.data_slice) {
        return Ok(XDP_PASS as i32);
    }
    let message = read_message(ctx.data_slice);
    let verdict = match u32::from_be(message.kind) {
        PREPARE => handle_prepare(obj, ctx, &message),
        PREPARE_OK => handle_prepare_ok(obj, &message),
        REQUEST => handle_request(obj, ctx),
        _ => Ok(XDP_PASS as i32),
    };
    verdict.or_else(|error| {
        rex_printk!("left to the process: {}\n", error)?;
        Ok(XDP_PASS as i32)
    })
}

/// A message of the leader: keep it for the process, answer for it.
#[cfg(feature = "fast_reply")]
fn handle_prepare(obj: &xdp, ctx: &mut xdp_md, message: &Message) -> Result {
    let state = obj.bpf_map_lookup_elem(&map_ctr_state, &0).ok_or(-1)?;
    let view = u64::from_be(message.view);
    let operation = u64::from_be(message.operation);
    if state.status != ReplicaStatus::Normal || view != state.view {
        return Ok(XDP_PASS as i32);
    }
    // One that leaves a gap makes the process ask for what is missing.
    if operation != state.last_operation + 1 {
        return Ok(XDP_PASS as i32);
    }

    let size = core::mem::size_of::<Message>();
    let mut entry = map_prepare_buffer.reserve(size).ok_or(-1)?;
    entry.copy_from_slice(&ctx.data_slice[MESSAGE..MESSAGE + size]);
    entry.submit(0);
    state.last_operation = operation;
    answer(obj, ctx, state.replica)
}

#[cfg(not(feature = "fast_reply"))]
fn handle_prepare(_: &xdp, _: &mut xdp_md, _: &Message) -> Result {
    Ok(XDP_PASS as i32)
}

/// Turns the packet into the answer to it.
#[cfg(feature = "fast_reply")]
fn answer(obj: &xdp, ctx: &mut xdp_md, replica: u32) -> Result {
    let length = MESSAGE + core::mem::size_of::<Message>();
    if ctx.data_length() > length {
        obj.bpf_xdp_adjust_tail(ctx, length as i32 - ctx.data_length() as i32)?;
    }
    {
        let message: &mut Message =
            &mut convert_slice_to_struct_mut(&mut ctx.data_slice[MESSAGE..]);
        message.kind = PREPARE_OK.to_be();
        message.replica = replica.to_be();
    }
    {
        let eth_header: &mut ethhdr = &mut obj.eth_header(ctx);
        let sender = eth_header.h_source;
        eth_header.h_source = eth_header.h_dest;
        eth_header.h_dest = sender;
    }

    let mut ip_header_mut = obj.ip_header(ctx);
    let sender = *ip_header_mut.saddr();
    *ip_header_mut.saddr() = *ip_header_mut.daddr();
    *ip_header_mut.daddr() = sender;
    ip_header_mut.tot_len = ((length - IP) as u16).to_be();
    ip_header_mut.check = compute_ip_checksum(&mut ip_header_mut);
    drop(ip_header_mut);

    let mut udp_header = obj.udp_header(ctx);
    let sender = udp_header.source;
    udp_header.source = udp_header.dest;
    udp_header.dest = sender;
    udp_header.len = ((length - UDP) as u16).to_be();
    udp_header.check = 0;
    Ok(XDP_TX as i32)
}

/// An answer at the leader: only the one that completes the quorum goes to the process.
#[cfg(feature = "fast_quorum_prune")]
fn handle_prepare_ok(obj: &xdp, message: &Message) -> Result {
    let operation = u64::from_be(message.operation);
    let index = (operation % QUORUM_ENTRIES as u64) as u32;
    let quorum = obj.bpf_map_lookup_elem(&map_quorum, &index).ok_or(-1)?;
    let view = u64::from_be(message.view);
    if quorum.view != view || quorum.operation != operation {
        *quorum = PaxosQuorum {
            view,
            operation,
            answered: 0,
        };
    }
    let Some(bit) = 1u64.checked_shl(u32::from_be(message.replica)) else {
        return Ok(XDP_DROP as i32);
    };
    let before = quorum.answered.count_ones();
    quorum.answered |= bit;
    let completes = before + 1 == QUORUM && quorum.answered.count_ones() == QUORUM;
    if completes && let Some(last) = obj.bpf_map_lookup_elem(&map_msg_last_op, &0) {
        *last = operation;
    }
    Ok(if completes { XDP_PASS } else { XDP_DROP } as i32)
}

#[cfg(not(feature = "fast_quorum_prune"))]
fn handle_prepare_ok(_: &xdp, _: &Message) -> Result {
    Ok(XDP_PASS as i32)
}

/// A client's request: collected for the next batch.
fn handle_request(obj: &xdp, ctx: &xdp_md) -> Result {
    let batch = obj.bpf_map_lookup_elem(&batch_context, &0).ok_or(-1)?;
    let size = core::mem::size_of::<Message>();
    map_request_buffer.output(&ctx.data_slice[MESSAGE..MESSAGE + size], 0)?;
    batch.counter += 1;
    Ok(XDP_PASS as i32)
}

/// Copies a message of the leader for each replica that `map_configure` names.
#[rex_tc]
fn fast_broad_cast_main(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    if !is_ours(skb.data_slice) {
        return Ok(TC_ACT_OK as i32);
    }
    let message = read_message(skb.data_slice);
    if u32::from_be(message.kind) != PREPARE || message.replica != BROADCAST {
        return Ok(TC_ACT_OK as i32);
    }
    let ifindex = skb.ifindex();
    for replica in 0..CLUSTER {
        let Some(target) = obj.bpf_map_lookup_elem(&map_configure, &replica) else {
            break;
        };
        if target.address == 0 {
            break;
        }
        let mut ip_header_mut = obj.ip_header(skb);
        *ip_header_mut.daddr() = target.address;
        ip_header_mut.check = compute_ip_checksum(&mut ip_header_mut);
        drop(ip_header_mut);
        obj.eth_header(skb).h_dest = target.hardware;
        let mut udp_header = obj.udp_header(skb);
        udp_header.dest = target.port;
        udp_header.check = 0;
        drop(udp_header);
        obj.bpf_clone_redirect(skb, ifindex, 0)
            .map_err(|_| TC_ACT_SHOT as i32)?;
    }
    Ok(TC_ACT_SHOT as i32)
}
