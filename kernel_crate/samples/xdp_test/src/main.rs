// SPDX-License-Identifier: GPL-2.0-only
//! Prints addresses and protocol of each packet that comes in or goes out.

#![no_std]
#![no_main]

extern crate rex;

use core::net::Ipv4Addr;

use rex::sched_cls::*;
use rex::xdp::*;
use rex::{Result, rex_printk, rex_tc, rex_xdp};

/// Bytes of an Ethernet and an IPv4 header.
const HEADERS: usize = 34;

fn describe(ip_header: &mut iphdr) -> Result {
    rex_printk!(
        "IP saddr {}\n",
        Ipv4Addr::from_bits(u32::from_be(*ip_header.saddr()))
    )?;
    rex_printk!(
        "IP daddr {}\n",
        Ipv4Addr::from_bits(u32::from_be(*ip_header.daddr()))
    )?;
    match u8::from_be(ip_header.protocol) as u32 {
        IPPROTO_TCP => rex_printk!("TCP packet!"),
        IPPROTO_UDP => rex_printk!("UDP packet!"),
        protocol => rex_printk!("packet of protocol {}", protocol),
    }
}

#[rex_xdp]
fn xdp_rx_filter(obj: &xdp, ctx: &mut xdp_md) -> Result {
    if ctx.data_length() >= HEADERS {
        let ip_header: &mut iphdr = &mut obj.ip_header(ctx);
        describe(ip_header)?;
    }
    Ok(XDP_PASS as i32)
}

#[rex_tc]
fn xdp_tx_filter(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    if skb.data_slice.len() >= HEADERS && u16::from(skb.protocol()) == 0x0800 {
        let mut ip_header = obj.ip_header(skb);
        describe(&mut ip_header)?;
    }
    Ok(TC_ACT_OK as i32)
}
