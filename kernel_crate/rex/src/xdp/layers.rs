// SPDX-License-Identifier: GPL-2.0-only
//! Where the headers of a packet are.

/// VLAN tags that are skipped: one inside another (IEEE 802.1ad).
const TAGS: usize = 2;
/// IPv6 extension headers that are skipped; real packets have three at most.
const EXTENSIONS: usize = 8;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const VLAN: u16 = 0x8100;
const SERVICE_VLAN: u16 = 0x88a8;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION: u8 = 60;

/// A header of the network layer.
///
/// ```
/// use rex::xdp::xdp_md;
///
/// fn is_ipv6(ctx: &xdp_md) -> bool {
///     ctx.data_slice.network().is_some_and(|layer| layer.ethertype == 0x86dd)
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// What it is (`ETH_P_*`), in host byte order.
    pub ethertype: u16,
    /// Its first byte.
    pub offset: usize,
}

/// A header of the transport layer.
///
/// ```
/// use rex::xdp::{IPPROTO_UDP, xdp_md};
///
/// fn is_udp(ctx: &xdp_md) -> bool {
///     let layer = ctx.data_slice.transport();
///     layer.is_some_and(|layer| u32::from(layer.protocol) == IPPROTO_UDP)
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transport {
    /// What it is (`IPPROTO_*`).
    pub protocol: u8,
    /// Its first byte.
    pub offset: usize,
}

/// The network header of an Ethernet frame, behind up to two VLAN tags.
#[inline]
pub(crate) fn network(frame: &[u8]) -> Option<Network> {
    let mut at = 12;
    let mut ethertype = word(frame, at)?;
    for _ in 0..TAGS {
        if ethertype != VLAN && ethertype != SERVICE_VLAN {
            break;
        }
        at += 4;
        ethertype = word(frame, at)?;
    }
    Some(Network {
        ethertype,
        offset: at + 2,
    })
}

/// The transport header of an Ethernet frame, behind the options of an IPv4 header or the
/// extension headers of an IPv6 one. Of a fragment, only the first has it.
#[inline]
pub(crate) fn transport(frame: &[u8]) -> Option<Transport> {
    let Network { ethertype, offset } = network(frame)?;
    match ethertype {
        IPV4 => behind_ipv4(frame, offset),
        IPV6 => behind_ipv6(frame, offset),
        _ => None,
    }
}

#[inline]
fn behind_ipv4(frame: &[u8], start: usize) -> Option<Transport> {
    let header = frame.get(start..)?.first_chunk::<20>()?;
    let length = usize::from(header[0] & 0xf) * 4;
    let first = u16::from_be_bytes([header[6], header[7]]) & 0x1fff == 0;
    let offset = start + length;
    let whole = header[0] >> 4 == 4 && length >= 20 && offset <= frame.len();
    (whole && first).then_some(Transport {
        protocol: header[9],
        offset,
    })
}

#[inline]
fn behind_ipv6(frame: &[u8], start: usize) -> Option<Transport> {
    let header = frame.get(start..)?.first_chunk::<40>()?;
    if header[0] >> 4 != 6 {
        return None;
    }
    let mut protocol = header[6];
    let mut offset = start + 40;
    for _ in 0..EXTENSIONS {
        let units = match protocol {
            HOP_BY_HOP | ROUTING | DESTINATION | FRAGMENT | AUTHENTICATION => {
                frame.get(offset..)?.first_chunk::<8>()?
            }
            _ => return Some(Transport { protocol, offset }),
        };
        let more = usize::from(units[1]);
        offset += match protocol {
            FRAGMENT if u16::from_be_bytes([units[2], units[3]]) >> 3 != 0 => return None,
            FRAGMENT => 8,
            AUTHENTICATION => (more + 2) * 4,
            _ => (more + 1) * 8,
        };
        protocol = units[0];
        if offset > frame.len() {
            return None;
        }
    }
    None
}

#[inline]
fn word(frame: &[u8], at: usize) -> Option<u16> {
    let bytes = frame.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_be_bytes(*bytes))
}
