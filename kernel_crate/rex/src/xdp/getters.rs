// SPDX-License-Identifier: GPL-2.0-only
//! What all packet program objects have: the headers of a packet, and checksums.

/// Adds the header getters to a packet program object.
macro_rules! header_getters {
    ($context:ident, $parameter:ident) => {
        /// The Ethernet header, at the start of the packet.
        ///
        /// No helper. Packet programs. Ends the program (panics) if the packet is shorter.
        #[inline(always)]
        pub fn eth_header<'b>(
            &self,
            $parameter: &'b mut $context,
        ) -> AlignedMut<'b, $crate::xdp::ethhdr> {
            $crate::utils::convert_slice_to_struct_mut(&mut $parameter.data_slice[0..14])
        }

        /// The IPv4 header, at byte 14. Whether the packet is IPv4 is not looked at.
        ///
        /// No helper. Packet programs. Ends the program (panics) if the packet is shorter.
        #[inline(always)]
        pub fn ip_header<'b>(
            &self,
            $parameter: &'b mut $context,
        ) -> AlignedMut<'b, $crate::xdp::iphdr> {
            $crate::utils::convert_slice_to_struct_mut(&mut $parameter.data_slice[14..34])
        }

        /// The TCP header, at byte 34: behind an IPv4 header without options.
        ///
        /// No helper. Packet programs. Ends the program (panics) if the packet is shorter.
        #[inline(always)]
        pub fn tcp_header<'b>(
            &self,
            $parameter: &'b mut $context,
        ) -> AlignedMut<'b, $crate::xdp::tcphdr> {
            $crate::utils::convert_slice_to_struct_mut(&mut $parameter.data_slice[34..54])
        }

        /// The UDP header, at byte 34: behind an IPv4 header without options.
        ///
        /// No helper. Packet programs. Ends the program (panics) if the packet is shorter.
        #[inline(always)]
        pub fn udp_header<'b>(
            &self,
            $parameter: &'b mut $context,
        ) -> AlignedMut<'b, $crate::xdp::udphdr> {
            $crate::utils::convert_slice_to_struct_mut(&mut $parameter.data_slice[34..42])
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
        #[inline(always)]
        pub fn bpf_csum_diff(&self, from: &[u8], to: &[u8], seed: u32) -> u32 {
            $crate::xdp::csum_diff(from, to, seed)
        }
    };
}

pub(crate) use {checksum_helpers, header_getters};
