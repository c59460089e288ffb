// SPDX-License-Identifier: GPL-2.0-only
//! Programs run for each packet an interface receives.
//!
//! ```
//! use rex::xdp::{XDP_DROP, XDP_PASS, xdp, xdp_md};
//! use rex::{Result, rex_xdp};
//!
//! #[rex_xdp]
//! fn drop_empty_frames(_obj: &xdp, ctx: &mut xdp_md) -> Result {
//!     Ok(if ctx.data_length() <= 14 { XDP_DROP } else { XDP_PASS } as i32)
//! }
//! ```

use crate::abi::rex_xdp_ctx;
use crate::error;
use crate::helper::base_helpers;
pub use crate::linux::bpf::{XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_REDIRECT, XDP_TX};
pub use crate::linux::r#in::{IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP};
use crate::utils::{AlignedMut, NoRef, Result, to_result};

mod checksum;
mod getters;
mod headers;
mod layers;
mod other_headers;
mod packet;

pub(crate) use checksum::csum_diff;
pub use checksum::{csum_replace2, csum_replace4, internet_checksum, ipv4_checksum};
pub(crate) use getters::{checksum_helpers, header_getters};
pub use headers::{compute_ip_checksum, ethhdr, iphdr, tcphdr, udphdr};
pub use layers::{Network, Transport};
pub use other_headers::{icmp6hdr, icmphdr, ipv6hdr, vlan_hdr};
pub use packet::Packet;
pub(crate) use packet::packet_context;

/// Protocol of ICMPv6; the other numbers are in [`linux::in`](crate::linux::in).
pub const IPPROTO_ICMPV6: u32 = 58;

/// The kernel's own packet descriptor; its layout is not part of the interface.
///
/// ```
/// use rex::xdp::xdp_buff;
///
/// // Nothing can be done with one; the name is upstream's.
/// fn opaque(_buffer: &xdp_buff) {}
/// ```
pub struct xdp_buff {
    _private: (),
}

impl !NoRef for xdp_buff {}

/// A received packet.
///
/// Its methods that read a field need no helper. XDP programs. They cannot fail.
///
/// ```
/// use rex::xdp::{XDP_DROP, XDP_PASS, xdp, xdp_md};
/// use rex::{Result, rex_xdp};
///
/// #[rex_xdp]
/// fn one_queue_only(_obj: &xdp, ctx: &mut xdp_md) -> Result {
///     Ok(if ctx.rx_queue_index() == 0 { XDP_PASS } else { XDP_DROP } as i32)
/// }
/// ```
pub struct xdp_md<'a> {
    /// The packet's linear part, from the Ethernet header on.
    pub data_slice: &'a mut Packet,
    context: *mut rex_xdp_ctx,
}

impl !NoRef for xdp_md<'_> {}

packet_context!(xdp_md, rex_xdp_ctx, rex_xdp_load_bytes);

impl xdp_md<'_> {
    /// Length of the packet's linear part in bytes.
    #[inline(always)]
    pub fn data_length(&self) -> usize {
        self.data_slice.len()
    }

    /// Address of the metadata in front of the packet.
    #[inline(always)]
    pub fn data_meta(&self) -> usize {
        self.context().data_meta as usize
    }

    /// Number of the interface the packet came in on.
    #[inline(always)]
    pub fn ingress_ifindex(&self) -> u32 {
        self.context().ingress_ifindex
    }

    /// Number of the receive queue. The name is upstream's.
    #[inline(always)]
    pub fn rx_qeueu_index(&self) -> u32 {
        self.rx_queue_index()
    }

    /// Number of the receive queue.
    #[inline(always)]
    pub fn rx_queue_index(&self) -> u32 {
        self.context().rx_queue_index
    }

    /// Number of the interface the packet leaves on; 0 except in device maps.
    #[inline(always)]
    pub fn egress_ifindex(&self) -> u32 {
        self.context().egress_ifindex
    }
}

/// What an XDP program may ask of the kernel.
///
/// ```
/// use rex::xdp::{XDP_DROP, XDP_PASS, xdp, xdp_md};
/// use rex::{Result, rex_xdp};
///
/// #[rex_xdp]
/// fn some_are_lost(obj: &xdp, _ctx: &mut xdp_md) -> Result {
///     Ok(if obj.bpf_get_prandom_u32() % 100 == 0 { XDP_DROP } else { XDP_PASS } as i32)
/// }
/// ```
#[repr(C)]
pub struct xdp {
    _private: (),
}

impl !NoRef for xdp {}

impl xdp {
    pub(crate) const fn object() -> Self {
        Self { _private: () }
    }

    base_helpers!();
    checksum_helpers!();
    header_getters!(xdp_md, ctx);

    /// Grows or shrinks the packet at its end by `offset` bytes and refreshes
    /// `data_slice`.
    ///
    /// Helper: `rex_xdp_adjust_tail`. XDP programs. `Err(-EINVAL)` if the packet would be
    /// shorter than an Ethernet header or longer than its memory.
    ///
    /// ```
    /// use rex::xdp::{xdp, xdp_md};
    ///
    /// fn cut_to(obj: &xdp, ctx: &mut xdp_md, length: i32) -> rex::Result {
    ///     let now = ctx.data_length() as i32;
    ///     obj.bpf_xdp_adjust_tail(ctx, length - now)
    /// }
    /// ```
    #[inline(always)]
    pub fn bpf_xdp_adjust_tail(&self, ctx: &mut xdp_md<'_>, offset: i32) -> Result {
        // SAFETY: The context is this invocation's.
        to_result(ctx.moving(|ctx| unsafe { crate::ffi::rex_xdp_adjust_tail(ctx, offset) }))
    }

    /// Moves the packet's start by `offset` bytes, up for less packet and down for more,
    /// its metadata with it, and refreshes `data_slice`. What new bytes hold is not defined.
    ///
    /// Helper: `rex_xdp_adjust_head`. XDP programs. `Err(EINVAL)` if less than an Ethernet
    /// header would be left, or if there is no room in front: 256 bytes, of which the kernel
    /// keeps some for itself.
    ///
    /// ```
    /// use rex::xdp::{XDP_PASS, xdp, xdp_md};
    ///
    /// #[rex::rex_xdp]
    /// fn untag(obj: &xdp, ctx: &mut xdp_md) -> rex::Result {
    ///     ctx.data_slice.copy_within(..12, 4);
    ///     obj.bpf_xdp_adjust_head(ctx, 4)?;
    ///     Ok(XDP_PASS as i32)
    /// }
    /// ```
    #[inline(always)]
    pub fn bpf_xdp_adjust_head(&self, ctx: &mut xdp_md<'_>, offset: i32) -> error::Result {
        // SAFETY: The context is this invocation's.
        let answer = ctx.moving(|ctx| unsafe { crate::ffi::rex_xdp_adjust_head(ctx, offset) });
        error::to_result(answer).map(drop)
    }

    /// Moves the start of the packet's metadata by `offset` bytes: down for more of it. It
    /// is a multiple of 4 bytes long; what new bytes hold is not defined.
    ///
    /// Helper: `rex_xdp_adjust_meta`. XDP programs. `Err(EINVAL)` if there is no room or no
    /// such metadata, `Err(EACCES)` for a length that is not a multiple of 4 or too long (32
    /// bytes, since Linux 6.3 252), an error that is in no list (`ENOTSUPP`, 524) where the
    /// driver has none.
    ///
    /// ```
    /// use rex::xdp::{XDP_PASS, xdp, xdp_md};
    ///
    /// #[rex::rex_xdp]
    /// fn stamps(obj: &xdp, ctx: &mut xdp_md) -> rex::Result {
    ///     obj.bpf_xdp_adjust_meta(ctx, -8)?;
    ///     ctx.metadata_mut().copy_from_slice(&obj.bpf_ktime_get_ns().to_ne_bytes());
    ///     Ok(XDP_PASS as i32)
    /// }
    /// ```
    #[inline(always)]
    pub fn bpf_xdp_adjust_meta(&self, ctx: &mut xdp_md<'_>, offset: i32) -> error::Result {
        // SAFETY: The context is this invocation's.
        let answer = ctx.moving(|ctx| unsafe { crate::ffi::rex_xdp_adjust_meta(ctx, offset) });
        error::to_result(answer).map(drop)
    }

    /// Copies bytes out of the packet, also from behind its linear part. [`xdp_md::load`]
    /// gives a value without a buffer.
    ///
    /// Helper: `rex_xdp_load_bytes`. XDP programs. `Err(EINVAL)` if the packet ends before,
    /// `Err(EFAULT)` for an offset or a length above 65535.
    ///
    /// ```
    /// use rex::xdp::{XDP_PASS, xdp, xdp_md};
    ///
    /// #[rex::rex_xdp]
    /// fn program(obj: &xdp, ctx: &mut xdp_md) -> rex::Result {
    ///     let mut source = [0; 6];
    ///     obj.bpf_xdp_load_bytes(ctx, 6, &mut source)?;
    ///     let ethertype: u16 = ctx.load(12)?;
    ///     Ok((XDP_PASS + u32::from(source[0] == 0 && ethertype == 0)) as i32)
    /// }
    /// ```
    #[inline(always)]
    pub fn bpf_xdp_load_bytes(
        &self,
        ctx: &xdp_md<'_>,
        offset: u32,
        to: &mut [u8],
    ) -> error::Result {
        let length = u32::try_from(to.len())?;
        // SAFETY: The context is this invocation's; the buffer is valid for its length.
        let answer =
            unsafe { crate::ffi::rex_xdp_load_bytes(ctx.context, offset, to.as_mut_ptr(), length) };
        error::to_result(answer).map(drop)
    }

    /// Copies bytes into the packet, also behind its linear part.
    ///
    /// Helper: `rex_xdp_store_bytes`. XDP programs. Fails as
    /// [`bpf_xdp_load_bytes`](Self::bpf_xdp_load_bytes) does; nothing is written then.
    ///
    /// ```
    /// use rex::xdp::{XDP_TX, xdp, xdp_md};
    ///
    /// #[rex::rex_xdp]
    /// fn program(obj: &xdp, ctx: &mut xdp_md) -> rex::Result {
    ///     obj.bpf_xdp_store_bytes(ctx, 0, &[0x02, 0, 0, 0, 0, 1])?;
    ///     Ok(XDP_TX as i32)
    /// }
    /// ```
    ///
    /// `Err` with the error number if the packet is shorter.
    #[inline(always)]
    pub fn bpf_xdp_store_bytes(
        &self,
        ctx: &mut xdp_md<'_>,
        offset: u32,
        from: &[u8],
    ) -> error::Result {
        let length = u32::try_from(from.len())?;
        // SAFETY: The context is this invocation's; the buffer is valid for its length.
        let answer = ctx.moving(|ctx| unsafe {
            crate::ffi::rex_xdp_store_bytes(ctx, offset, from.as_ptr(), length)
        });
        error::to_result(answer).map(drop)
    }

    /// Sends the packet out of another interface, if the program returns what this gives:
    /// [`XDP_REDIRECT`], or [`XDP_ABORTED`] if `flags` is not 0. Whether there is such an
    /// interface is seen only when the packet is sent.
    ///
    /// Helper: `rex_redirect`. XDP programs.
    ///
    /// ```
    /// use rex::xdp::{xdp, xdp_md};
    ///
    /// #[rex::rex_xdp]
    /// fn to_the_second(obj: &xdp, _ctx: &mut xdp_md) -> rex::Result {
    ///     Ok(obj.bpf_redirect(2, 0) as i32)
    /// }
    /// ```
    ///
    /// Always an answer: `XDP_ABORTED` for flags that are not valid.
    #[inline(always)]
    pub fn bpf_redirect(&self, ifindex: u32, flags: u64) -> u32 {
        // SAFETY: Takes numbers only.
        unsafe { crate::ffi::rex_redirect(ifindex, flags) }
    }
}
