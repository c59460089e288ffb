// SPDX-License-Identifier: GPL-2.0-only
//! Packet memory.

use core::fmt;
use core::ops::{Deref, DerefMut};

use super::layers::{self, Network, Transport};
use crate::made_of::assert_any_bits;
use crate::utils::{
    Aligned, AlignedMut, NoRef, convert_slice_to_struct, convert_slice_to_struct_mut,
};

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

impl Packet {
    /// The header, or any structure of numbers, at byte `offset`. `None` if the packet ends
    /// before it does. A `T` with invalid bit patterns is refused when the extension is
    /// compiled.
    ///
    /// ```
    /// use rex::xdp::{Packet, vlan_hdr};
    ///
    /// fn tag(packet: &Packet) -> Option<u16> {
    ///     Some(packet.header_at::<vlan_hdr>(14)?.vlan_id())
    /// }
    /// ```
    ///
    /// No helper. XDP and TC programs.
    #[inline(always)]
    pub fn header_at<T: Copy + NoRef>(&self, offset: usize) -> Option<Aligned<'_, T>> {
        // Here as well, so that the error points at the caller.
        const { assert_any_bits::<T>() };
        let end = offset.checked_add(size_of::<T>())?;
        Some(convert_slice_to_struct(self.0.get(offset..end)?))
    }

    /// The header at byte `offset`, to be changed: where it is not aligned, when the result
    /// is dropped. `None` if the packet ends before it does.
    ///
    /// ```
    /// use rex::xdp::{Packet, ethhdr};
    ///
    /// fn from(packet: &mut Packet, address: [u8; 6]) -> Option<()> {
    ///     packet.header_at_mut::<ethhdr>(0)?.h_source = address;
    ///     Some(())
    /// }
    /// ```
    ///
    /// No helper. XDP and TC programs.
    #[inline(always)]
    pub fn header_at_mut<T: Copy + NoRef>(&mut self, offset: usize) -> Option<AlignedMut<'_, T>> {
        const { assert_any_bits::<T>() };
        let end = offset.checked_add(size_of::<T>())?;
        Some(convert_slice_to_struct_mut(self.0.get_mut(offset..end)?))
    }

    /// Where the network header is: behind the Ethernet header and up to two VLAN tags.
    /// `None` if the packet ends before.
    ///
    /// ```
    /// use rex::linux::if_ether::ETH_P_IPV6;
    /// use rex::xdp::{Packet, ipv6hdr};
    ///
    /// fn hops(packet: &Packet) -> Option<u8> {
    ///     let network = packet.network()?;
    ///     if u32::from(network.ethertype) != ETH_P_IPV6 {
    ///         return None;
    ///     }
    ///     Some(packet.header_at::<ipv6hdr>(network.offset)?.hop_limit)
    /// }
    /// ```
    ///
    /// No helper. XDP and TC programs.
    #[inline]
    pub fn network(&self) -> Option<Network> {
        layers::network(&self.0)
    }

    /// Where the transport header is: behind an IPv4 header with its options, or an IPv6
    /// header and up to eight extension headers. `None` for other packets, for headers that
    /// contradict themselves or are cut, and for all fragments but the first.
    ///
    /// ```
    /// use rex::xdp::{IPPROTO_UDP, Packet, udphdr};
    ///
    /// fn asks_a_name(packet: &Packet) -> bool {
    ///     packet.transport().is_some_and(|transport| {
    ///         u32::from(transport.protocol) == IPPROTO_UDP
    ///             && (packet.header_at::<udphdr>(transport.offset))
    ///                 .is_some_and(|udp| udp.dst_port() == 53)
    ///     })
    /// }
    /// ```
    ///
    /// No helper. XDP and TC programs.
    #[inline]
    pub fn transport(&self) -> Option<Transport> {
        layers::transport(&self.0)
    }

    /// The header of this network protocol.
    #[inline(always)]
    pub(crate) fn network_header<T: Copy + NoRef>(
        &mut self,
        ethertype: u32,
    ) -> Option<AlignedMut<'_, T>> {
        let network = self.network()?;
        if u32::from(network.ethertype) != ethertype {
            return None;
        }
        self.header_at_mut(network.offset)
    }

    /// The header of this transport protocol.
    #[inline(always)]
    pub(crate) fn transport_header<T: Copy + NoRef>(
        &mut self,
        protocol: u32,
    ) -> Option<AlignedMut<'_, T>> {
        let transport = self.transport()?;
        if u32::from(transport.protocol) != protocol {
            return None;
        }
        self.header_at_mut(transport.offset)
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

/// Adds what the contexts of packet programs have in common: the packet and its metadata.
macro_rules! packet_context {
    ($context:ident, $layout:ident, $load:ident) => {
        impl<'a> $context<'a> {
            /// Wraps the context of an invocation.
            ///
            /// # Safety
            /// `context` is the context of this invocation and is wrapped once. Until the
            /// invocation ends it says where the packet and the metadata in front of it
            /// are, which nobody else uses.
            #[inline(always)]
            pub(crate) unsafe fn new(context: *mut $layout) -> Self {
                let data_slice =
                    // SAFETY: By the contract of this function; the slice is replaced when
                    // a helper moves the packet.
                    unsafe { $crate::xdp::Packet::at((*context).data, (*context).data_end) };
                Self {
                    data_slice,
                    context,
                }
            }

            #[inline(always)]
            fn context(&self) -> &$layout {
                // SAFETY: Valid until the invocation ends; changed only by what takes `self`
                // exclusively.
                unsafe { &*self.context }
            }

            /// Calls a helper that may move the packet, and refreshes `data_slice` whatever
            /// it answers.
            #[inline(always)]
            fn moving(&mut self, helper: impl FnOnce(*mut $layout) -> i64) -> i64 {
                let answer = helper(self.context);
                // SAFETY: The context says where the packet is now. No borrow of the packet
                // is alive, as `self` is borrowed exclusively.
                self.data_slice = unsafe {
                    $crate::xdp::Packet::at((*self.context).data, (*self.context).data_end)
                };
                answer
            }

            /// The metadata in front of the packet, which later programs on its way find
            /// there too; empty if there is none. XDP programs make room for it with
            /// `bpf_xdp_adjust_meta`.
            ///
            /// Cannot fail.
            ///
            /// ```
            /// use rex::xdp::xdp_md;
            ///
            /// fn bytes_in_front(ctx: &xdp_md) -> usize {
            ///     ctx.metadata().len()
            /// }
            /// ```
            #[inline(always)]
            pub fn metadata(&self) -> &[u8] {
                let context = self.context();
                // SAFETY: These bytes lie in front of the packet and are borrowed with `self`.
                unsafe { $crate::xdp::Packet::at(context.data_meta, context.data) }
            }

            /// The metadata in front of the packet, to be changed.
            ///
            /// No helper. The same programs. Cannot fail.
            ///
            /// ```
            /// use rex::xdp::xdp_md;
            ///
            /// fn clear(ctx: &mut xdp_md) {
            ///     ctx.metadata_mut().fill(0);
            /// }
            /// ```
            #[inline(always)]
            pub fn metadata_mut(&mut self) -> &mut [u8] {
                let context = self.context();
                // SAFETY: As for `metadata`; `self` is borrowed exclusively.
                unsafe { $crate::xdp::Packet::at(context.data_meta, context.data) }
            }

            /// A `T` at byte `offset` of the packet, wherever that lies: also in the parts
            /// that are not in `data_slice`.
            ///
            /// Fails as the copying helper of this kind of program does; a `T` with invalid
            /// bit patterns is refused when the extension is compiled.
            #[inline(always)]
            pub fn load<T: Copy + $crate::utils::NoRef>(
                &self,
                offset: u32,
            ) -> $crate::error::Result<T> {
                const { $crate::made_of::assert_any_bits::<T>() };
                const { assert!(size_of::<T>() <= u32::MAX as usize) };
                let mut value = core::mem::MaybeUninit::<T>::uninit();
                let to = value.as_mut_ptr().cast();
                // SAFETY: The context is this invocation's and `to` has room for a `T`. On
                // success the helper has written all of it, and any bytes are a `T`.
                unsafe {
                    let length = size_of::<T>() as u32;
                    let answer = $crate::ffi::$load(self.context, offset, to, length);
                    $crate::error::to_result(answer)?;
                    Ok(value.assume_init())
                }
            }
        }
    };
}

pub(crate) use packet_context;
