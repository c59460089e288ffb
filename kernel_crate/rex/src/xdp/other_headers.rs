// SPDX-License-Identifier: GPL-2.0-only
//! Headers that upstream has not, under the names of the kernel's user-space interface.
//! Fields are in network byte order, what methods give in the host's.

use core::net::Ipv6Addr;

/// VLAN tag behind the Ethernet addresses and the protocol of the tag itself.
///
/// Its methods need no helper. XDP and TC programs. They cannot fail.
///
/// ```
/// use rex::xdp::{vlan_hdr, xdp_md};
///
/// fn vlan(ctx: &xdp_md) -> Option<u16> {
///     Some(ctx.data_slice.header_at::<vlan_hdr>(14)?.vlan_id())
/// }
/// ```
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
#[expect(non_snake_case, reason = "the name is the kernel's")]
pub struct vlan_hdr {
    /// Priority and number.
    pub h_vlan_TCI: u16,
    /// Protocol behind the tag.
    pub h_vlan_encapsulated_proto: u16,
}

impl vlan_hdr {
    /// Number of the VLAN, 0 to 4095.
    #[inline(always)]
    pub fn vlan_id(&self) -> u16 {
        u16::from_be(self.h_vlan_TCI) & 0xfff
    }

    /// Protocol behind the tag (`ETH_P_*`).
    #[inline(always)]
    pub fn ether_type(&self) -> u16 {
        u16::from_be(self.h_vlan_encapsulated_proto)
    }
}

/// IPv6 header, 40 bytes.
///
/// Its methods need no helper. XDP and TC programs. They cannot fail.
///
/// ```
/// use rex::xdp::{ipv6hdr, xdp_md};
///
/// fn hop_limit(ctx: &xdp_md, offset: usize) -> Option<u8> {
///     Some(ctx.data_slice.header_at::<ipv6hdr>(offset)?.hop_limit)
/// }
/// ```
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct ipv6hdr {
    version_class_flow: [u8; 4],
    /// Length of what is behind this header in bytes.
    pub payload_len: u16,
    /// Protocol of what is behind this header, which may be an extension header.
    pub nexthdr: u8,
    /// Hops left.
    pub hop_limit: u8,
    /// Source address.
    pub saddr: [u8; 16],
    /// Destination address.
    pub daddr: [u8; 16],
}

impl ipv6hdr {
    /// Version of the protocol.
    #[inline(always)]
    pub fn version(&self) -> u8 {
        self.version_class_flow[0] >> 4
    }

    /// Traffic class.
    #[inline(always)]
    pub fn traffic_class(&self) -> u8 {
        self.version_class_flow[0] << 4 | self.version_class_flow[1] >> 4
    }

    /// Label of the flow, 20 bits.
    #[inline(always)]
    pub fn flow_label(&self) -> u32 {
        u32::from_be_bytes(self.version_class_flow) & 0xf_ffff
    }

    /// Source address.
    #[inline(always)]
    pub fn src_addr(&self) -> Ipv6Addr {
        Ipv6Addr::from_octets(self.saddr)
    }

    /// Destination address.
    #[inline(always)]
    pub fn dst_addr(&self) -> Ipv6Addr {
        Ipv6Addr::from_octets(self.daddr)
    }
}

/// Start of an ICMP message, 8 bytes.
///
/// Its methods need no helper. XDP and TC programs. They cannot fail.
///
/// ```
/// use rex::xdp::{icmphdr, xdp_md};
///
/// fn code(ctx: &xdp_md, offset: usize) -> Option<u8> {
///     Some(ctx.data_slice.header_at::<icmphdr>(offset)?.code)
/// }
/// ```
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct icmphdr {
    /// Type of the message.
    pub type_: u8,
    /// Kind of that type.
    pub code: u8,
    /// Checksum of the message.
    pub checksum: u16,
    /// What it means depends on the type.
    pub un: [u8; 4],
}

/// Start of an ICMPv6 message, 8 bytes.
///
/// Its methods need no helper. XDP and TC programs. They cannot fail.
///
/// ```
/// use rex::xdp::{icmp6hdr, xdp_md};
///
/// fn code(ctx: &xdp_md, offset: usize) -> Option<u8> {
///     Some(ctx.data_slice.header_at::<icmp6hdr>(offset)?.icmp6_code)
/// }
/// ```
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct icmp6hdr {
    /// Type of the message.
    pub icmp6_type: u8,
    /// Kind of that type.
    pub icmp6_code: u8,
    /// Checksum of the message and a pseudo header.
    pub icmp6_cksum: u16,
    /// What it means depends on the type.
    pub icmp6_dataun: [u8; 4],
}

macro_rules! echo {
    ($($header:ident $data:ident)*) => {$(
        impl $header {
            /// Identifier of an echo request or reply.
            #[inline(always)]
            pub fn echo_id(&self) -> u16 {
                u16::from_be_bytes([self.$data[0], self.$data[1]])
            }

            /// Number of an echo request or reply.
            #[inline(always)]
            pub fn echo_sequence(&self) -> u16 {
                u16::from_be_bytes([self.$data[2], self.$data[3]])
            }
        }
    )*};
}
echo!(icmphdr un icmp6hdr icmp6_dataun);

const _: () = {
    assert!(size_of::<vlan_hdr>() == 4);
    assert!(size_of::<ipv6hdr>() == 40);
    assert!(size_of::<icmphdr>() == 8);
    assert!(size_of::<icmp6hdr>() == 8);
};
