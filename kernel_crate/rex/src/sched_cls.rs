// SPDX-License-Identifier: GPL-2.0-only
//! Programs run for each packet in traffic control.

use core::ffi::c_char;

use crate::abi::rex_skb_ctx;
use crate::helper::base_helpers;
pub use crate::linux::pkt_cls::{TC_ACT_OK, TC_ACT_REDIRECT, TC_ACT_SHOT};
use crate::utils::{AlignedMut, NoRef, Result, to_result, u16be};
use crate::xdp::{Packet, header_getters};

/// A socket; its layout is not part of the interface.
pub struct sock {
    _private: (),
}

impl !NoRef for sock {}

static SOCK: sock = sock { _private: () };

/// A packet on its way through the network stack.
pub struct __sk_buff<'a> {
    /// The packet's linear part, from the Ethernet header on.
    pub data_slice: &'a mut Packet,
    context: *mut rex_skb_ctx,
}

impl !NoRef for __sk_buff<'_> {}

macro_rules! fields {
    ($($(#[$meta:meta])* $name:ident: $type:ty,)*) => {$(
        $(#[$meta])*
        #[inline(always)]
        pub fn $name(&self) -> $type {
            self.context().$name
        }
    )*};
}

#[expect(clippy::len_without_is_empty, reason = "the names are upstream's")]
impl<'a> __sk_buff<'a> {
    /// Wraps the context of an invocation.
    ///
    /// # Safety
    /// `context` is the context of this invocation and is wrapped once.
    #[inline(always)]
    pub(crate) unsafe fn new(context: *mut rex_skb_ctx) -> Self {
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
    fn moving(&mut self, helper: impl FnOnce(*mut rex_skb_ctx) -> i64) -> i64 {
        let answer = helper(self.context);
        // SAFETY: The context is this invocation's and says where the packet is now. No
        // borrow of the packet is alive, as `self` is borrowed exclusively.
        self.data_slice = unsafe { Packet::at((*self.context).data, (*self.context).data_end) };
        answer
    }

    #[inline(always)]
    fn context(&self) -> &rex_skb_ctx {
        // SAFETY: Valid until the invocation ends; changed only by helpers that take `self`
        // exclusively.
        unsafe { &*self.context }
    }

    fields! {
        /// Length of the whole packet in bytes.
        len: u32,
        /// Bytes outside the linear part.
        data_len: u32,
        /// Priority.
        priority: u32,
        /// Number of the interface.
        ifindex: u32,
        /// Hash of the flow, 0 if none was computed.
        hash: u32,
        /// Transmit queue.
        queue_mapping: u16,
        /// VLAN tag.
        vlan_tci: u16,
        /// Traffic control index.
        tc_index: u16,
        /// Number of the interface the packet came in on.
        ingress_ifindex: u32,
        /// Mark.
        mark: u32,
        /// `PACKET_*` type.
        pkt_type: u32,
        /// 1 with a VLAN tag, else 0.
        vlan_present: u32,
        /// Class id.
        tc_classid: u32,
        /// NAPI instance.
        napi_id: u32,
    }

    /// Ethernet protocol.
    #[inline(always)]
    pub fn protocol(&self) -> u16be {
        u16be(self.context().protocol)
    }

    /// VLAN protocol, 0 without a VLAN tag.
    #[inline(always)]
    pub fn vlan_proto(&self) -> u16be {
        u16be(self.context().vlan_proto)
    }

    /// The first 20 bytes of the control block.
    #[inline(always)]
    pub fn cb(&self) -> [c_char; 20] {
        self.context().cb.map(|byte| byte as c_char)
    }

    /// Low half of the address of the metadata in front of the packet.
    #[inline(always)]
    pub fn data_meta(&self) -> u32 {
        self.context().data_meta as u32
    }

    /// The packet's socket, as a value without contents: there is nothing to read from it.
    #[inline(always)]
    pub fn sk(&self) -> &'a sock {
        &SOCK
    }
}

/// What a TC program may ask of the kernel.
#[repr(C)]
pub struct sched_cls {
    _private: (),
}

impl !NoRef for sched_cls {}

impl sched_cls {
    pub(crate) const fn object() -> Self {
        Self { _private: () }
    }

    base_helpers!();
    header_getters!(__sk_buff, skb);

    /// Sends a copy of the packet through an interface and refreshes `data_slice`. `flags`
    /// is 0 or `BPF_F_INGRESS`.
    ///
    /// Helper: `rex_clone_redirect`. TC programs. `Err(-EINVAL)` for an interface that does
    /// not exist, `Err(-ENOMEM)` without memory for the copy.
    #[inline(always)]
    pub fn bpf_clone_redirect(&self, skb: &mut __sk_buff, ifindex: u32, flags: u64) -> Result {
        // SAFETY: The context is this invocation's.
        to_result(skb.moving(|skb| unsafe { crate::ffi::rex_clone_redirect(skb, ifindex, flags) }))
    }
}
