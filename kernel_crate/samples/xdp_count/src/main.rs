// SPDX-License-Identifier: GPL-2.0-only
//! Counts packets by protocol and port, and drops UDP datagrams to the discard port.

#![no_std]
#![no_main]

use core::net::Ipv4Addr;

use rex::map::{RexArrayMap, RexHashMap, RexRingBuf};
use rex::xdp::{IPPROTO_TCP, IPPROTO_UDP, XDP_DROP, XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_map, rex_printk, rex_xdp};

/// The port nobody listens on (RFC 863).
const DISCARD_PORT: u16 = 9;
const ETHERTYPE_IPV4: u16 = 0x0800;

/// Bytes of an Ethernet header, of an IPv4 header without options and of a UDP header.
const ETHERNET: usize = 14;
const IPV4: usize = 20;
const UDP: usize = 8;

/// Packets by IP protocol; what is not IPv4 counts as protocol 255, which is reserved.
#[rex_map]
static protocols: RexArrayMap<u64> = RexArrayMap::new(256, 0);

/// Packets by destination port, in host byte order.
#[rex_map]
static ports: RexHashMap<u16, u64> = RexHashMap::new(1024, 0);

/// One record per dropped packet: source address and port as in the packet, 6 bytes.
#[rex_map]
static dropped: RexRingBuf = RexRingBuf::new(4096, 0);

const PASS: Result = Ok(XDP_PASS as i32);
const DROP: Result = Ok(XDP_DROP as i32);

fn count_protocol(protocol: u8) {
    if let Some(count) = protocols.get_mut(&u32::from(protocol)) {
        *count += 1;
    }
}

fn count_port(port: u16) {
    match ports.get_mut(&port) {
        Some(count) => *count += 1,
        // A full table is no reason to lose the packet.
        None => drop(ports.insert_new(&port, &1)),
    }
}

fn report_drop(source: u32, port: u16) {
    let Some(mut record) = dropped.reserve(6) else {
        return;
    };
    let (address, number) = record.split_at_mut(4);
    address.copy_from_slice(&source.to_ne_bytes());
    number.copy_from_slice(&port.to_ne_bytes());
    record.submit(0);
}

#[rex_xdp]
fn xdp_count(obj: &xdp, ctx: &mut xdp_md) -> Result {
    if ctx.data_length() < ETHERNET + IPV4 + UDP {
        count_protocol(255);
        return PASS;
    }
    if u16::from_be(obj.eth_header(ctx).h_proto) != ETHERTYPE_IPV4 {
        count_protocol(255);
        return PASS;
    }

    let mut ip = obj.ip_header(ctx);
    let (protocol, words, source) = (ip.protocol, ip.ihl(), *ip.saddr());
    drop(ip);
    count_protocol(protocol);
    if words != 5 {
        return PASS;
    }

    // TCP and UDP both start with the source and the destination port.
    let udp = obj.udp_header(ctx);
    let (from, port) = (udp.source, u16::from_be(udp.dest));
    drop(udp);
    match u32::from(protocol) {
        IPPROTO_TCP => count_port(port),
        IPPROTO_UDP => {
            count_port(port);
            if port == DISCARD_PORT {
                report_drop(source, from);
                let address = Ipv4Addr::from_bits(u32::from_be(source));
                rex_printk!("dropped a datagram from {}\n", address)?;
                return DROP;
            }
        }
        _ => {}
    }
    PASS
}
