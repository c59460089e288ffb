// SPDX-License-Identifier: GPL-2.0-only
//! Programs run for each packet an interface receives.

use crate::abi::rex_xdp_ctx;
use crate::helper::base_helpers;
pub use crate::linux::bpf::{XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_REDIRECT, XDP_TX};
pub use crate::linux::r#in::{IPPROTO_TCP, IPPROTO_UDP};
use crate::utils::{AlignedMut, NoRef, Result, to_result};

mod headers;
mod packet;

pub use headers::{compute_ip_checksum, ethhdr, iphdr, tcphdr, udphdr};
pub use packet::Packet;
pub(crate) use packet::header_getters;

/// The kernel's own packet descriptor; its layout is not part of the interface.
pub struct xdp_buff {
    _private: (),
}

impl !NoRef for xdp_buff {}

/// A received packet.
pub struct xdp_md<'a> {
    /// The packet's linear part, from the Ethernet header on.
    pub data_slice: &'a mut Packet,
    context: *mut rex_xdp_ctx,
}

impl !NoRef for xdp_md<'_> {}

impl xdp_md<'_> {
    /// Wraps the context of an invocation.
    ///
    /// # Safety
    /// `context` is the context of this invocation and is wrapped once.
    #[inline(always)]
    pub(crate) unsafe fn new(context: *mut rex_xdp_ctx) -> Self {
        // SAFETY: The runtime keeps `data..data_end` valid until the context replaces the
        // slice; nobody else uses it now.
        let data_slice = unsafe { Packet::at((*context).data, (*context).data_end) };
        Self {
            data_slice,
            context,
        }
    }

    /// Calls a helper that may move the packet, and refreshes `data_slice` whatever it
    /// answers.
    #[inline(always)]
    fn moving(&mut self, helper: impl FnOnce(*mut rex_xdp_ctx) -> i64) -> i64 {
        let answer = helper(self.context);
        // SAFETY: The context is this invocation's and says where the packet is now. No
        // borrow of the packet is alive, as `self` is borrowed exclusively.
        self.data_slice = unsafe { Packet::at((*self.context).data, (*self.context).data_end) };
        answer
    }

    #[inline(always)]
    fn context(&self) -> &rex_xdp_ctx {
        // SAFETY: Valid until the invocation ends; changed only by helpers that take `self`
        // exclusively.
        unsafe { &*self.context }
    }

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
    header_getters!(xdp_md, ctx);

    /// Grows or shrinks the packet at its end by `offset` bytes and refreshes
    /// `data_slice`.
    ///
    /// Helper: `rex_xdp_adjust_tail`. XDP programs. `Err(-EINVAL)` if the packet would be
    /// shorter than an Ethernet header or longer than its memory.
    #[inline(always)]
    pub fn bpf_xdp_adjust_tail(&self, ctx: &mut xdp_md, offset: i32) -> Result {
        // SAFETY: The context is this invocation's.
        to_result(ctx.moving(|ctx| unsafe { crate::ffi::rex_xdp_adjust_tail(ctx, offset) }))
    }
}
