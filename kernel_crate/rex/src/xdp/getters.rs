// SPDX-License-Identifier: GPL-2.0-only
//! What all packet program objects have: the headers of a packet, and checksums.

/// Adds the header getters to a packet program object.
macro_rules! header_getters {
    ($context:ident, $parameter:ident) => {
        /// The Ethernet header, at the start of the packet.
        ///
        /// No helper. Packet programs. Ends the program (panics) if the packet is shorter.
        ///
        /// ```
        /// use rex::xdp::{xdp, xdp_md};
        ///
        /// fn h_proto(obj: &xdp, ctx: &mut xdp_md) -> u16 {
        ///     obj.eth_header(ctx).h_proto
        /// }
        /// ```
        #[inline(always)]
        pub fn eth_header<'b>(
            &self,
            $parameter: &'b mut $context<'_>,
        ) -> AlignedMut<'b, $crate::xdp::ethhdr> {
            $crate::utils::convert_slice_to_struct_mut(&mut $parameter.data_slice[0..14])
        }

        /// The IPv4 header, at byte 14. Whether the packet is IPv4 is not looked at.
        ///
        /// No helper. Packet programs. Ends the program (panics) if the packet is shorter.
        ///
        /// ```
        /// use rex::xdp::{xdp, xdp_md};
        ///
        /// fn protocol(obj: &xdp, ctx: &mut xdp_md) -> u8 {
        ///     obj.ip_header(ctx).protocol
        /// }
        /// ```
        #[inline(always)]
        pub fn ip_header<'b>(
            &self,
            $parameter: &'b mut $context<'_>,
        ) -> AlignedMut<'b, $crate::xdp::iphdr> {
            $crate::utils::convert_slice_to_struct_mut(&mut $parameter.data_slice[14..34])
        }

        /// The TCP header, at byte 34: behind an IPv4 header without options.
        ///
        /// No helper. Packet programs. Ends the program (panics) if the packet is shorter.
        ///
        /// ```
        /// use rex::xdp::{xdp, xdp_md};
        ///
        /// fn dest(obj: &xdp, ctx: &mut xdp_md) -> u16 {
        ///     obj.tcp_header(ctx).dest
        /// }
        /// ```
        #[inline(always)]
        pub fn tcp_header<'b>(
            &self,
            $parameter: &'b mut $context<'_>,
        ) -> AlignedMut<'b, $crate::xdp::tcphdr> {
            $crate::utils::convert_slice_to_struct_mut(&mut $parameter.data_slice[34..54])
        }

        /// The UDP header, at byte 34: behind an IPv4 header without options.
        ///
        /// No helper. Packet programs. Ends the program (panics) if the packet is shorter.
        ///
        /// ```
        /// use rex::xdp::{xdp, xdp_md};
        ///
        /// fn dest(obj: &xdp, ctx: &mut xdp_md) -> u16 {
        ///     obj.udp_header(ctx).dest
        /// }
        /// ```
        #[inline(always)]
        pub fn udp_header<'b>(
            &self,
            $parameter: &'b mut $context<'_>,
        ) -> AlignedMut<'b, $crate::xdp::udphdr> {
            $crate::utils::convert_slice_to_struct_mut(&mut $parameter.data_slice[34..42])
        }

        /// The Ethernet header. `None` if the packet is shorter.
        ///
        /// No helper. Packet programs.
        ///
        /// ```
        /// use rex::xdp::{xdp, xdp_md};
        ///
        /// fn h_proto(obj: &xdp, ctx: &mut xdp_md) -> Option<u16> {
        ///     Some(obj.try_eth_header(ctx)?.h_proto)
        /// }
        /// ```
        #[inline(always)]
        pub fn try_eth_header<'b>(
            &self,
            $parameter: &'b mut $context<'_>,
        ) -> Option<AlignedMut<'b, $crate::xdp::ethhdr>> {
            $parameter.data_slice.header_at_mut(0)
        }

        /// The IPv4 header, behind VLAN tags if there are any. `None` if the packet is not
        /// IPv4 or is shorter than the header says it is.
        ///
        /// No helper. Packet programs.
        ///
        /// ```
        /// use rex::xdp::{XDP_DROP, XDP_PASS, xdp, xdp_md};
        ///
        /// #[rex::rex_xdp]
        /// fn program(obj: &xdp, ctx: &mut xdp_md) -> rex::Result {
        ///     let expired = obj.try_ip_header(ctx).is_some_and(|ip| ip.ttl == 0);
        ///     Ok(if expired { XDP_DROP } else { XDP_PASS } as i32)
        /// }
        /// ```
        ///
        /// ```
        /// use rex::xdp::{xdp, xdp_md};
        ///
        /// fn protocol(obj: &xdp, ctx: &mut xdp_md) -> Option<u8> {
        ///     Some(obj.try_ip_header(ctx)?.protocol)
        /// }
        /// ```
        #[inline(always)]
        pub fn try_ip_header<'b>(
            &self,
            $parameter: &'b mut $context<'_>,
        ) -> Option<AlignedMut<'b, $crate::xdp::iphdr>> {
            let network = $parameter.data_slice.network()?;
            let length = $parameter.data_slice.len();
            let header = $parameter
                .data_slice
                .network_header::<$crate::xdp::iphdr>($crate::linux::if_ether::ETH_P_IP)?;
            let whole = header.version() == 4
                && header.header_len() >= 20
                && network.offset + header.header_len() <= length;
            whole.then_some(header)
        }

        /// The IPv6 header, behind VLAN tags if there are any. `None` if the packet is not
        /// IPv6 or is shorter.
        ///
        /// No helper. Packet programs.
        ///
        /// ```
        /// use rex::xdp::{xdp, xdp_md};
        ///
        /// fn hop_limit(obj: &xdp, ctx: &mut xdp_md) -> Option<u8> {
        ///     Some(obj.try_ipv6_header(ctx)?.hop_limit)
        /// }
        /// ```
        #[inline(always)]
        pub fn try_ipv6_header<'b>(
            &self,
            $parameter: &'b mut $context<'_>,
        ) -> Option<AlignedMut<'b, $crate::xdp::ipv6hdr>> {
            $parameter
                .data_slice
                .network_header::<$crate::xdp::ipv6hdr>($crate::linux::if_ether::ETH_P_IPV6)
                .filter(|header| header.version() == 6)
        }

        /// The TCP header, where the IPv4 or IPv6 header in front of it says it is. `None`
        /// if the packet is not TCP, is shorter or is a fragment without it.
        ///
        /// No helper. Packet programs.
        ///
        /// ```
        /// use rex::xdp::{xdp, xdp_md};
        ///
        /// fn dest(obj: &xdp, ctx: &mut xdp_md) -> Option<u16> {
        ///     Some(obj.try_tcp_header(ctx)?.dest)
        /// }
        /// ```
        #[inline(always)]
        pub fn try_tcp_header<'b>(
            &self,
            $parameter: &'b mut $context<'_>,
        ) -> Option<AlignedMut<'b, $crate::xdp::tcphdr>> {
            $parameter
                .data_slice
                .transport_header($crate::xdp::IPPROTO_TCP)
        }

        /// The UDP header, where the IPv4 or IPv6 header in front of it says it is. `None`
        /// if the packet is not UDP, is shorter or is a fragment without it.
        ///
        /// No helper. Packet programs.
        ///
        /// ```
        /// use rex::xdp::{xdp, xdp_md};
        ///
        /// fn dest(obj: &xdp, ctx: &mut xdp_md) -> Option<u16> {
        ///     Some(obj.try_udp_header(ctx)?.dest)
        /// }
        /// ```
        #[inline(always)]
        pub fn try_udp_header<'b>(
            &self,
            $parameter: &'b mut $context<'_>,
        ) -> Option<AlignedMut<'b, $crate::xdp::udphdr>> {
            $parameter
                .data_slice
                .transport_header($crate::xdp::IPPROTO_UDP)
        }

        /// The ICMP header, where the IPv4 or IPv6 header in front of it says it is. `None`
        /// if the packet is not ICMP, is shorter or is a fragment without it.
        ///
        /// No helper. Packet programs.
        ///
        /// ```
        /// use rex::xdp::{xdp, xdp_md};
        ///
        /// fn code(obj: &xdp, ctx: &mut xdp_md) -> Option<u8> {
        ///     Some(obj.try_icmp_header(ctx)?.code)
        /// }
        /// ```
        #[inline(always)]
        pub fn try_icmp_header<'b>(
            &self,
            $parameter: &'b mut $context<'_>,
        ) -> Option<AlignedMut<'b, $crate::xdp::icmphdr>> {
            $parameter
                .data_slice
                .transport_header($crate::xdp::IPPROTO_ICMP)
        }

        /// The ICMPv6 header, where the IPv4 or IPv6 header in front of it says it is. `None`
        /// if the packet is not ICMPv6, is shorter or is a fragment without it.
        ///
        /// No helper. Packet programs.
        ///
        /// ```
        /// use rex::xdp::{xdp, xdp_md};
        ///
        /// fn code(obj: &xdp, ctx: &mut xdp_md) -> Option<u8> {
        ///     Some(obj.try_icmpv6_header(ctx)?.icmp6_code)
        /// }
        /// ```
        #[inline(always)]
        pub fn try_icmpv6_header<'b>(
            &self,
            $parameter: &'b mut $context<'_>,
        ) -> Option<AlignedMut<'b, $crate::xdp::icmp6hdr>> {
            $parameter
                .data_slice
                .transport_header($crate::xdp::IPPROTO_ICMPV6)
        }
    };
}

/// Adds the checksum helpers to a packet program object.
macro_rules! checksum_helpers {
    () => {
        /// What replacing the bytes `from` by `to` does to a checksum, added to `seed`: for
        /// the checksum helpers with size 0, or as the seed of the next call. A short last
        /// word counts as one with zeros behind it.
        ///
        /// No helper: computed here, to the number that `bpf_csum_diff` of Linux 6.13 and
        /// later gives, or to the other of the two forms of zero. Packet programs. Cannot
        /// fail.
        ///
        /// ```
        /// use rex::sched_cls::{TC_ACT_OK, __sk_buff, sched_cls};
        ///
        /// #[rex::rex_tc]
        /// fn renumbers(obj: &sched_cls, skb: &mut __sk_buff) -> rex::Result {
        ///     let (old, new): ([u8; 8], _) = (skb.load(26)?, [192, 0, 2, 1, 192, 0, 2, 2]);
        ///     let difference = obj.bpf_csum_diff(&old, &new, 0);
        ///     obj.bpf_skb_store_bytes(skb, 26, &new, 0)?;
        ///     obj.bpf_l3_csum_replace(skb, 24, 0, difference.into(), 0)?;
        ///     Ok(TC_ACT_OK as i32)
        /// }
        /// ```
        ///
        /// Cannot fail otherwise; the sum is 32 bits wide.
        #[inline(always)]
        pub fn bpf_csum_diff(&self, from: &[u8], to: &[u8], seed: u32) -> u32 {
            $crate::xdp::csum_diff(from, to, seed)
        }
    };
}

pub(crate) use {checksum_helpers, header_getters};
