// SPDX-License-Identifier: GPL-2.0-only
//! Packet memory.

use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use crate::utils::NoRef;

/// The bytes of a packet, as a slice that can be used but not kept: it lives in the context
/// and is replaced by every helper that may move the packet.
pub struct PacketData<'a> {
    start: *mut u8,
    length: usize,
    packet: PhantomData<&'a mut [u8]>,
}

impl !NoRef for PacketData<'_> {}

impl PacketData<'_> {
    /// Wraps packet memory.
    ///
    /// # Safety
    /// `start..end` stays valid, and is used through this value only, until the context
    /// replaces it.
    #[inline(always)]
    pub(crate) unsafe fn new(start: u64, end: u64) -> Self {
        let length = end.saturating_sub(start) as usize;
        let start = core::ptr::with_exposed_provenance_mut(start as usize);
        Self {
            start,
            length,
            packet: PhantomData,
        }
    }
}

impl Deref for PacketData<'_> {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        // SAFETY: By the contract of `new`.
        unsafe { core::slice::from_raw_parts(self.start, self.length) }
    }
}

impl DerefMut for PacketData<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: By the contract of `new`; `self` is borrowed exclusively.
        unsafe { core::slice::from_raw_parts_mut(self.start, self.length) }
    }
}

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

pub(crate) use header_getters;
