// SPDX-License-Identifier: GPL-2.0-only
//! Forwards IPv4 packets to two networks without the stack, and moves what comes for port
//! 53 of this machine to port 5353, with a copy for a monitor.

#![no_std]
#![no_main]

use core::net::Ipv4Addr;

use rex::linux::bpf::BPF_F_MARK_MANGLED_0;
use rex::map::RexArrayMap;
use rex::sched_cls::{__sk_buff, TC_ACT_OK, sched_cls};
use rex::xdp::{IPPROTO_TCP, IPPROTO_UDP, XDP_PASS, csum_replace2, iphdr, xdp, xdp_md};
use rex::{Result, rex_map, rex_tc, rex_xdp};

/// The port that is asked and the one that answers.
const ASKED: u16 = 53;
const ANSWERS: u16 = 5353;
/// Interface of the monitor.
const MONITOR: u32 = 9;
/// What marks a packet whose port was changed.
const MOVED: u32 = 0x53;

/// A way out: an interface, its own address and that of the next hop.
struct Way {
    ifindex: u32,
    own: [u8; 6],
    next: [u8; 6],
}

/// Packets forwarded, by interface.
#[rex_map]
static forwarded: RexArrayMap<u64> = RexArrayMap::new(16, 0);

/// The way to an address: 198.51.100.0/24 and 203.0.113.0/24 are behind this machine.
fn way(to: Ipv4Addr) -> Option<Way> {
    let (ifindex, last) = match to.octets() {
        [198, 51, 100, _] => (2, 0x20),
        [203, 0, 113, _] => (3, 0x30),
        _ => return None,
    };
    Some(Way {
        ifindex,
        own: [0x02, 0, 0, 0, last, 1],
        next: [0x02, 0, 0, 0, last, 2],
    })
}

/// The two bytes of the header that a hop changes, as the checksum covers them.
fn hop(ip: &iphdr) -> u16 {
    u16::from_ne_bytes([ip.ttl, ip.protocol])
}

#[rex_xdp]
fn routes(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let Some(mut ip) = obj.try_ip_header(ctx) else {
        return Ok(XDP_PASS as i32);
    };
    let Some(way) = way(ip.dst_addr()) else {
        return Ok(XDP_PASS as i32);
    };
    // The stack says that the time is exceeded.
    if ip.ttl <= 1 {
        return Ok(XDP_PASS as i32);
    }
    let before = hop(&ip);
    ip.ttl -= 1;
    let after = hop(&ip);
    csum_replace2(&mut ip.check, before, after);
    drop(ip);

    if let Some(mut ethernet) = obj.try_eth_header(ctx) {
        ethernet.h_source = way.own;
        ethernet.h_dest = way.next;
    }
    if let Some(count) = forwarded.get_mut(&way.ifindex) {
        *count += 1;
    }
    Ok(obj.bpf_redirect(way.ifindex, 0) as i32)
}

#[rex_tc]
fn moves_port(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    let Some(transport) = skb.data_slice.transport() else {
        return Ok(TC_ACT_OK as i32);
    };
    // A checksum of 0 means that a datagram has none, and has to stay.
    let (check, flags) = match u32::from(transport.protocol) {
        IPPROTO_TCP => (16, 0),
        IPPROTO_UDP => (6, u64::from(BPF_F_MARK_MANGLED_0)),
        _ => return Ok(TC_ACT_OK as i32),
    };
    let start = transport.offset as u32;
    let (old, new) = (ASKED.to_be(), ANSWERS.to_be());
    if skb.load::<u16>(start + 2) != Ok(old) {
        return Ok(TC_ACT_OK as i32);
    }
    obj.bpf_clone_redirect(skb, MONITOR, 0)?;
    obj.bpf_l4_csum_replace(skb, start + check, old.into(), new.into(), flags | 2)?;
    obj.bpf_skb_store_bytes(skb, start + 2, &new.to_ne_bytes(), 0)?;
    skb.set_mark(MOVED);
    Ok(TC_ACT_OK as i32)
}
