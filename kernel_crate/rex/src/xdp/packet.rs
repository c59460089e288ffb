// SPDX-License-Identifier: GPL-2.0-only
//! Packet memory.

use core::fmt;
use core::ops::{Deref, DerefMut};

use crate::utils::NoRef;

/// The bytes of a packet. Used as the `[u8]` it dereferences to, but there is none besides
/// the one in a context, so that no second one can be left in its place: what is taken
/// from the context is borrowed from it, and every helper that may move the packet needs
/// the context for itself.
///
/// ```
/// use rex::xdp::{xdp, xdp_md};
///
/// fn first(bytes: &[u8]) -> Option<u8> {
///     bytes.first().copied()
/// }
///
/// #[rex::rex_xdp]
/// fn program(_obj: &xdp, ctx: &mut xdp_md) -> rex::Result {
///     let bytes: &mut [u8] = ctx.data_slice;
///     bytes[0] = 1;
///     Ok(first(ctx.data_slice).map_or(1, i32::from))
/// }
/// ```
#[repr(transparent)]
pub struct Packet([u8]);

impl !NoRef for Packet {}

impl Packet {
    /// The bytes from address `start` up to `end`; none if `end` is not behind `start`.
    ///
    /// # Safety
    /// For `'a` these bytes stay valid and are used through the result only. `start` is not
    /// null.
    #[inline(always)]
    pub(crate) unsafe fn at<'a>(start: u64, end: u64) -> &'a mut Self {
        let length = end.saturating_sub(start) as usize;
        let start = core::ptr::with_exposed_provenance_mut::<u8>(start as usize);
        // SAFETY: By the contract of this function; a packet has the layout of its bytes.
        unsafe { &mut *(core::ptr::slice_from_raw_parts_mut(start, length) as *mut Self) }
    }
}

impl Deref for Packet {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Packet {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl<'b> IntoIterator for &'b Packet {
    type Item = &'b u8;
    type IntoIter = core::slice::Iter<'b, u8>;

    #[inline(always)]
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'b> IntoIterator for &'b mut Packet {
    type Item = &'b mut u8;
    type IntoIter = core::slice::IterMut<'b, u8>;

    #[inline(always)]
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
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
