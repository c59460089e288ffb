// SPDX-License-Identifier: GPL-2.0-only
//! Where things stand in a memcached packet over UDP.

use core::mem::swap;

use rex::read_field;
use rex::xdp::{IPPROTO_UDP, ethhdr, iphdr, udphdr};

/// Offsets of the IPv4 header, the UDP header and memcached's text. Behind the UDP header
/// stands memcached's own of 8 bytes: request number, packet number, packets, reserved.
pub const IP: usize = 14;
pub const UDP: usize = IP + 20;
pub const PAYLOAD: usize = UDP + 8 + 8;

const MEMCACHED_PORT: u16 = 11211;
const ETH_P_IP: u16 = 0x0800;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    ToServer,
    FromServer,
}

/// Whether this is text from or to memcached, in IPv4 without options.
pub fn is_memcached(data: &[u8], direction: Direction) -> bool {
    if data.len() <= PAYLOAD || data[IP] != 0x45 {
        return false;
    }
    let ethertype = u16::from_be(read_field!(data, 0, ethhdr, h_proto, u16));
    let protocol = u32::from(read_field!(data, IP, iphdr, protocol, u8));
    let port = match direction {
        Direction::ToServer => read_field!(data, UDP, udphdr, dest, u16),
        Direction::FromServer => read_field!(data, UDP, udphdr, source, u16),
    };
    ethertype == ETH_P_IP && protocol == IPPROTO_UDP && u16::from_be(port) == MEMCACHED_PORT
}

/// Sends a packet of `length` bytes back to where it came from. The checksum is left as it
/// is.
pub fn turn_around(ip_header: &mut iphdr, length: usize) {
    let mut sender = *ip_header.saddr();
    swap(ip_header.daddr(), &mut sender);
    *ip_header.saddr() = sender;
    ip_header.tot_len = ((length - IP) as u16).to_be();
    ip_header.ttl = 64;
}
