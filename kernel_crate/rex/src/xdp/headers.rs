// SPDX-License-Identifier: GPL-2.0-only
//! Packet headers. Fields are in network byte order, as they stand in the packet; methods
//! whose names say so, and those that give addresses, are in the host's.

use core::net::Ipv4Addr;

/// Ethernet header.
///
/// Its methods need no helper. XDP and TC programs. They cannot fail.
///
/// ```
/// use rex::xdp::{ethhdr, xdp_md};
///
/// fn h_proto(ctx: &xdp_md, offset: usize) -> Option<u16> {
///     Some(ctx.data_slice.header_at::<ethhdr>(offset)?.h_proto)
/// }
/// ```
#[repr(C, packed)]
#[derive(Debug, Default, Copy, Clone)]
pub struct ethhdr {
    /// Destination address.
    pub h_dest: [u8; 6],
    /// Source address.
    pub h_source: [u8; 6],
    /// Protocol of the payload.
    pub h_proto: u16,
}

impl ethhdr {
    /// Protocol of the payload (`ETH_P_*`), in host byte order.
    #[inline(always)]
    pub fn ether_type(&self) -> u16 {
        u16::from_be(self.h_proto)
    }
}

/// IPv4 header without options, 20 bytes.
///
/// Its methods need no helper. XDP and TC programs. They cannot fail.
///
/// ```
/// use rex::xdp::{iphdr, xdp_md};
///
/// fn ttl(ctx: &xdp_md, offset: usize) -> Option<u8> {
///     Some(ctx.data_slice.header_at::<iphdr>(offset)?.ttl)
/// }
/// ```
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iphdr {
    version_ihl: u8,
    /// Type of service.
    pub tos: u8,
    /// Length of header and payload in bytes.
    pub tot_len: u16,
    /// Number shared by the fragments of one packet.
    pub id: u16,
    /// Fragment flags and offset.
    pub frag_off: u16,
    /// Hops left.
    pub ttl: u8,
    /// Protocol of the payload.
    pub protocol: u8,
    /// Checksum of the header.
    pub check: u16,
    source: u32,
    destination: u32,
}

impl iphdr {
    /// Source address.
    #[inline(always)]
    pub fn saddr(&mut self) -> &mut u32 {
        &mut self.source
    }

    /// Destination address.
    #[inline(always)]
    pub fn daddr(&mut self) -> &mut u32 {
        &mut self.destination
    }

    /// Source address, without a need to change it.
    #[inline(always)]
    pub fn src_addr(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(u32::from_be(self.source))
    }

    /// Destination address, without a need to change it.
    #[inline(always)]
    pub fn dst_addr(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(u32::from_be(self.destination))
    }

    /// Sets the source address. The checksum is not changed.
    #[inline(always)]
    pub fn set_src_addr(&mut self, address: Ipv4Addr) {
        self.source = address.to_bits().to_be();
    }

    /// Sets the destination address. The checksum is not changed.
    #[inline(always)]
    pub fn set_dst_addr(&mut self, address: Ipv4Addr) {
        self.destination = address.to_bits().to_be();
    }

    /// Length of header and payload in bytes, in host byte order.
    #[inline(always)]
    pub fn total_len(&self) -> u16 {
        u16::from_be(self.tot_len)
    }

    /// Length of the header in bytes, options included.
    #[inline(always)]
    pub fn header_len(&self) -> usize {
        usize::from(self.ihl()) * 4
    }

    /// Length of the header in 32-bit words.
    #[inline(always)]
    pub fn ihl(&self) -> u8 {
        self.version_ihl & 0xf
    }

    /// Sets the length of the header in 32-bit words.
    #[inline(always)]
    pub fn set_ihl(&mut self, words: u8) {
        self.version_ihl = self.version_ihl & 0xf0 | words & 0xf;
    }

    /// Version of the protocol.
    #[inline(always)]
    pub fn version(&self) -> u8 {
        self.version_ihl >> 4
    }

    /// Sets the version of the protocol.
    #[inline(always)]
    pub fn set_version(&mut self, version: u8) {
        self.version_ihl = self.version_ihl & 0xf | version << 4;
    }
}

/// UDP header.
///
/// Its methods need no helper. XDP and TC programs. They cannot fail.
///
/// ```
/// use rex::xdp::{udphdr, xdp_md};
///
/// fn dest(ctx: &xdp_md, offset: usize) -> Option<u16> {
///     Some(ctx.data_slice.header_at::<udphdr>(offset)?.dest)
/// }
/// ```
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct udphdr {
    /// Source port.
    pub source: u16,
    /// Destination port.
    pub dest: u16,
    /// Length of header and payload in bytes.
    pub len: u16,
    /// Checksum.
    pub check: u16,
}

/// TCP header without options, 20 bytes.
///
/// Its methods need no helper. XDP and TC programs. They cannot fail.
///
/// ```
/// use rex::xdp::{tcphdr, xdp_md};
///
/// fn window(ctx: &xdp_md, offset: usize) -> Option<u16> {
///     Some(ctx.data_slice.header_at::<tcphdr>(offset)?.window)
/// }
/// ```
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct tcphdr {
    /// Source port.
    pub source: u16,
    /// Destination port.
    pub dest: u16,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack_seq: u32,
    bits: u16,
    /// Receive window.
    pub window: u16,
    /// Checksum.
    pub check: u16,
    /// Urgent pointer.
    pub urg_ptr: u16,
}

macro_rules! ports {
    ($($header:ident)*) => {$(
        impl $header {
            /// Source port, in host byte order.
            #[inline(always)]
            pub fn src_port(&self) -> u16 {
                u16::from_be(self.source)
            }

            /// Destination port, in host byte order.
            #[inline(always)]
            pub fn dst_port(&self) -> u16 {
                u16::from_be(self.dest)
            }

            /// Sets the source port, given in host byte order. The checksum is not changed.
            #[inline(always)]
            pub fn set_src_port(&mut self, port: u16) {
                self.source = port.to_be();
            }

            /// Sets the destination port, given in host byte order. The checksum is not
            /// changed.
            #[inline(always)]
            pub fn set_dst_port(&mut self, port: u16) {
                self.dest = port.to_be();
            }
        }
    )*};
}
ports!(udphdr tcphdr);

macro_rules! tcp_bits {
    ($($(#[$meta:meta])* $name:ident $set:ident at $shift:literal mask $mask:literal;)*) => {
        impl tcphdr {$(
            $(#[$meta])*
            #[inline(always)]
            pub fn $name(&self) -> u16 {
                self.bits >> $shift & $mask
            }

            #[doc = concat!("Sets [`", stringify!($name), "`](Self::", stringify!($name), ").")]
            #[inline(always)]
            pub fn $set(&mut self, value: u16) {
                self.bits = self.bits & !($mask << $shift) | (value & $mask) << $shift;
            }
        )*}
    };
}

tcp_bits! {
    /// Reserved bits.
    res1 set_res1 at 0 mask 0xf;
    /// Length of the header in 32-bit words.
    doff set_doff at 4 mask 0xf;
    /// Last data of the sender.
    fin set_fin at 8 mask 1;
    /// Synchronise sequence numbers.
    syn set_syn at 9 mask 1;
    /// Reset the connection.
    rst set_rst at 10 mask 1;
    /// Hand the data to the application.
    psh set_psh at 11 mask 1;
    /// The acknowledgement number counts.
    ack set_ack at 12 mask 1;
    /// The urgent pointer counts.
    urg set_urg at 13 mask 1;
    /// Congestion notification echo.
    ece set_ece at 14 mask 1;
    /// Congestion window reduced.
    cwr set_cwr at 15 mask 1;
}

const _: () = {
    assert!(size_of::<ethhdr>() == 14);
    assert!(size_of::<iphdr>() == 20);
    assert!(size_of::<udphdr>() == 8);
    assert!(size_of::<tcphdr>() == 20);
};

/// The checksum of the first 20 bytes of a header, as it belongs into `check`, which is set
/// to zero. A header with options needs [`ipv4_checksum`](crate::xdp::ipv4_checksum).
///
/// No helper. XDP and TC programs. Cannot fail.
///
/// ```
/// use rex::xdp::{compute_ip_checksum, iphdr};
///
/// fn one_hop_less(header: &mut iphdr) {
///     header.ttl -= 1;
///     header.check = compute_ip_checksum(header);
/// }
/// ```
pub fn compute_ip_checksum(ip_header: &mut iphdr) -> u16 {
    ip_header.check = 0;
    let words = [
        u16::from_ne_bytes([ip_header.version_ihl, ip_header.tos]),
        ip_header.tot_len,
        ip_header.id,
        ip_header.frag_off,
        u16::from_ne_bytes([ip_header.ttl, ip_header.protocol]),
        ip_header.source as u16,
        (ip_header.source >> 16) as u16,
        ip_header.destination as u16,
        (ip_header.destination >> 16) as u16,
    ];
    let mut sum = 0_u32;
    for word in words {
        sum += u32::from(word);
    }
    // Twice: the first fold may carry again.
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    !(sum as u16)
}
