// SPDX-License-Identifier: GPL-2.0-only
//! Programs run for each packet in traffic control.
//!
//! ```
//! use rex::sched_cls::{TC_ACT_OK, TC_ACT_SHOT, __sk_buff, sched_cls};
//! use rex::{Result, rex_tc};
//!
//! #[rex_tc]
//! fn shoot_the_untagged(_obj: &sched_cls, skb: &mut __sk_buff) -> Result {
//!     Ok(if skb.vlan_present() == 0 { TC_ACT_SHOT } else { TC_ACT_OK } as i32)
//! }
//! ```

use core::ffi::c_char;

use crate::abi::rex_skb_ctx;
use crate::error;
use crate::helper::base_helpers;
pub use crate::linux::pkt_cls::{TC_ACT_OK, TC_ACT_REDIRECT, TC_ACT_SHOT};
use crate::utils::{AlignedMut, NoRef, Result, to_result, u16be};
use crate::xdp::{Packet, checksum_helpers, header_getters, packet_context};

/// A socket; its layout is not part of the interface.
///
/// ```
/// use rex::sched_cls::{__sk_buff, sock};
///
/// fn owner<'a>(skb: &__sk_buff<'a>) -> &'a sock {
///     skb.sk()
/// }
/// ```
pub struct sock {
    _private: (),
}

impl !NoRef for sock {}

static SOCK: sock = sock { _private: () };

/// A packet on its way through the network stack.
///
/// Its methods that read a field need no helper. TC programs. They cannot fail.
///
/// ```
/// use rex::sched_cls::{TC_ACT_OK, TC_ACT_SHOT, __sk_buff, sched_cls};
/// use rex::{Result, rex_tc};
///
/// #[rex_tc]
/// fn shoot_the_long(_obj: &sched_cls, skb: &mut __sk_buff) -> Result {
///     Ok(if skb.len() > 1500 { TC_ACT_SHOT } else { TC_ACT_OK } as i32)
/// }
/// ```
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

packet_context!(__sk_buff, rex_skb_ctx, rex_skb_load_bytes);

#[expect(clippy::len_without_is_empty, reason = "the names are upstream's")]
impl<'a> __sk_buff<'a> {
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

    /// Sets the mark, which stays with the packet on its way through this machine.
    ///
    /// ```
    /// use rex::sched_cls::{TC_ACT_OK, __sk_buff, sched_cls};
    ///
    /// #[rex::rex_tc]
    /// fn marks(_obj: &sched_cls, skb: &mut __sk_buff) -> rex::Result {
    ///     skb.set_mark(skb.mark() | 0x10);
    ///     Ok(TC_ACT_OK as i32)
    /// }
    /// ```
    ///
    /// TC programs. Cannot fail.
    #[inline(always)]
    pub fn set_mark(&mut self, mark: u32) {
        // SAFETY: The context is this invocation's, and `self` is borrowed exclusively.
        unsafe { (*self.context).mark = mark }
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
///
/// ```
/// use rex::sched_cls::{TC_ACT_OK, TC_ACT_SHOT, __sk_buff, sched_cls};
/// use rex::{Result, rex_tc};
///
/// #[rex_tc]
/// fn one_cpu_only(obj: &sched_cls, _skb: &mut __sk_buff) -> Result {
///     Ok(if obj.bpf_get_smp_processor_id() == 0 { TC_ACT_OK } else { TC_ACT_SHOT } as i32)
/// }
/// ```
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
    checksum_helpers!();
    header_getters!(__sk_buff, skb);

    /// Sends a copy of the packet through an interface and refreshes `data_slice`. `flags`
    /// is 0 or `BPF_F_INGRESS`.
    ///
    /// Helper: `rex_clone_redirect`. TC programs. `Err(-EINVAL)` for an interface that does
    /// not exist, `Err(-ENOMEM)` without memory for the copy.
    ///
    /// ```
    /// use rex::sched_cls::{__sk_buff, sched_cls};
    ///
    /// fn mirror(obj: &sched_cls, skb: &mut __sk_buff) -> rex::Result {
    ///     obj.bpf_clone_redirect(skb, 2, 0)
    /// }
    /// ```
    #[inline(always)]
    pub fn bpf_clone_redirect(&self, skb: &mut __sk_buff<'_>, ifindex: u32, flags: u64) -> Result {
        // SAFETY: The context is this invocation's.
        to_result(skb.moving(|skb| unsafe { crate::ffi::rex_clone_redirect(skb, ifindex, flags) }))
    }

    /// Sends the packet out of another interface, or lets it come in there with the flag
    /// `BPF_F_INGRESS`, if the program returns what this gives: [`TC_ACT_REDIRECT`], or
    /// [`TC_ACT_SHOT`] for another flag. Whether there is such an interface is seen only
    /// when the packet is sent.
    ///
    /// Helper: `rex_redirect`. TC programs.
    ///
    /// ```
    /// use rex::linux::bpf::BPF_F_INGRESS;
    /// use rex::sched_cls::{__sk_buff, sched_cls};
    ///
    /// #[rex::rex_tc]
    /// fn to_the_second(obj: &sched_cls, _skb: &mut __sk_buff) -> rex::Result {
    ///     Ok(obj.bpf_redirect(2, BPF_F_INGRESS.into()) as i32)
    /// }
    /// ```
    ///
    /// Always an answer: `TC_ACT_SHOT` for flags that are not valid.
    #[inline(always)]
    pub fn bpf_redirect(&self, ifindex: u32, flags: u64) -> u32 {
        // SAFETY: Takes numbers only.
        unsafe { crate::ffi::rex_redirect(ifindex, flags) }
    }

    /// Copies bytes out of the packet, also from behind its linear part. [`__sk_buff::load`]
    /// gives a value without a buffer.
    ///
    /// Helper: `rex_skb_load_bytes`. TC programs. `Err(EFAULT)` if the packet ends before;
    /// the buffer is zero then.
    ///
    /// ```
    /// use rex::sched_cls::{TC_ACT_OK, TC_ACT_SHOT, __sk_buff, sched_cls};
    ///
    /// #[rex::rex_tc]
    /// fn program(obj: &sched_cls, skb: &mut __sk_buff) -> rex::Result {
    ///     let mut ports = [0; 4];
    ///     obj.bpf_skb_load_bytes(skb, 34, &mut ports)?;
    ///     let protocol: u8 = skb.load(23)?;
    ///     let shot = protocol == 17 && ports[2..] == 9_u16.to_be_bytes();
    ///     Ok(if shot { TC_ACT_SHOT } else { TC_ACT_OK } as i32)
    /// }
    /// ```
    #[inline(always)]
    pub fn bpf_skb_load_bytes(
        &self,
        skb: &__sk_buff<'_>,
        offset: u32,
        to: &mut [u8],
    ) -> error::Result {
        let length = u32::try_from(to.len())?;
        // SAFETY: The context is this invocation's; the buffer is valid for its length.
        let answer =
            unsafe { crate::ffi::rex_skb_load_bytes(skb.context, offset, to.as_mut_ptr(), length) };
        error::to_result(answer).map(drop)
    }

    /// Copies bytes into the packet and refreshes `data_slice`. `flags` is 0, or of
    /// `BPF_F_RECOMPUTE_CSUM` (keep the checksum that the packet carries beside its bytes
    /// right) and `BPF_F_INVALIDATE_HASH` (set the hash to 0).
    ///
    /// Helper: `rex_skb_store_bytes`. TC programs. `Err(EFAULT)` if the packet ends before,
    /// `Err(EINVAL)` for another flag.
    ///
    /// ```
    /// use rex::sched_cls::{TC_ACT_OK, __sk_buff, sched_cls};
    ///
    /// #[rex::rex_tc]
    /// fn to_port_8080(obj: &sched_cls, skb: &mut __sk_buff) -> rex::Result {
    ///     let old: u16 = skb.load(36)?;
    ///     let new = 8080_u16.to_be();
    ///     obj.bpf_l4_csum_replace(skb, 50, old.into(), new.into(), 2)?;
    ///     obj.bpf_skb_store_bytes(skb, 36, &new.to_ne_bytes(), 0)?;
    ///     Ok(TC_ACT_OK as i32)
    /// }
    /// ```
    #[inline(always)]
    pub fn bpf_skb_store_bytes(
        &self,
        skb: &mut __sk_buff<'_>,
        offset: u32,
        from: &[u8],
        flags: u64,
    ) -> error::Result {
        let length = u32::try_from(from.len())?;
        // SAFETY: The context is this invocation's; the buffer is valid for its length.
        let answer = skb.moving(|skb| unsafe {
            crate::ffi::rex_skb_store_bytes(skb, offset, from.as_ptr(), length, flags)
        });
        error::to_result(answer).map(drop)
    }

    /// Changes the network checksum at byte `offset`, as a field it covers changed from
    /// `from` to `to`, both as they stand in the packet. `flags` is the field's size, 2 or
    /// 4; or 0, then `from` is 0 and `to` a difference of `bpf_csum_diff`. Refreshes
    /// `data_slice`.
    ///
    /// Helper: `rex_l3_csum_replace`. TC programs. `Err(EFAULT)` for an odd offset or one
    /// behind the packet, `Err(EINVAL)` for other flags.
    ///
    /// ```
    /// use rex::sched_cls::{TC_ACT_OK, __sk_buff, sched_cls};
    ///
    /// #[rex::rex_tc]
    /// fn redirects_to(obj: &sched_cls, skb: &mut __sk_buff) -> rex::Result {
    ///     let old: u32 = skb.load(30)?;
    ///     let new = u32::from_ne_bytes([192, 0, 2, 7]);
    ///     obj.bpf_l3_csum_replace(skb, 24, old.into(), new.into(), 4)?;
    ///     obj.bpf_skb_store_bytes(skb, 30, &new.to_ne_bytes(), 0)?;
    ///     Ok(TC_ACT_OK as i32)
    /// }
    /// ```
    #[inline(always)]
    pub fn bpf_l3_csum_replace(
        &self,
        skb: &mut __sk_buff<'_>,
        offset: u32,
        from: u64,
        to: u64,
        flags: u64,
    ) -> error::Result {
        // SAFETY: The context is this invocation's; the rest are numbers.
        let answer = skb
            .moving(|skb| unsafe { crate::ffi::rex_l3_csum_replace(skb, offset, from, to, flags) });
        error::to_result(answer).map(drop)
    }

    /// Changes the transport checksum at byte `offset` as
    /// [`bpf_l3_csum_replace`](Self::bpf_l3_csum_replace) does. `flags` may also have
    /// `BPF_F_PSEUDO_HDR` (the field is an address), `BPF_F_MARK_MANGLED_0` (a checksum of 0
    /// means none, as in UDP, and stays) and `BPF_F_MARK_ENFORCE` (make one nevertheless).
    ///
    /// Helper: `rex_l4_csum_replace`. TC programs. Fails as
    /// [`bpf_l3_csum_replace`](Self::bpf_l3_csum_replace) does.
    ///
    /// `Err` with the error number as for `bpf_l3_csum_replace`.
    ///
    /// ```
    /// use rex::error::Result;
    /// use rex::sched_cls::{__sk_buff, sched_cls};
    ///
    /// fn port_changed(obj: &sched_cls, skb: &mut __sk_buff, from: u16, to: u16) -> Result {
    ///     obj.bpf_l4_csum_replace(skb, 34 + 6, u64::from(from), u64::from(to), 2)
    /// }
    /// ```
    #[inline(always)]
    pub fn bpf_l4_csum_replace(
        &self,
        skb: &mut __sk_buff<'_>,
        offset: u32,
        from: u64,
        to: u64,
        flags: u64,
    ) -> error::Result {
        // SAFETY: The context is this invocation's; the rest are numbers.
        let answer = skb
            .moving(|skb| unsafe { crate::ffi::rex_l4_csum_replace(skb, offset, from, to, flags) });
        error::to_result(answer).map(drop)
    }

    /// Makes the first `length` bytes of the packet linear, so that `data_slice` has them;
    /// 0 asks for what is linear already. Refreshes `data_slice`.
    ///
    /// Helper: `rex_skb_pull_data`. TC programs. `Err(ENOMEM)` if the packet is shorter or
    /// there is no memory.
    ///
    /// ```
    /// use rex::sched_cls::{TC_ACT_OK, __sk_buff, sched_cls};
    ///
    /// #[rex::rex_tc]
    /// fn program(obj: &sched_cls, skb: &mut __sk_buff) -> rex::Result {
    ///     if skb.data_slice.len() < 54 {
    ///         obj.bpf_skb_pull_data(skb, 54)?;
    ///     }
    ///     Ok((TC_ACT_OK + u32::from(skb.data_slice[53] == 0)) as i32)
    /// }
    /// ```
    #[inline(always)]
    pub fn bpf_skb_pull_data(&self, skb: &mut __sk_buff<'_>, length: u32) -> error::Result {
        // SAFETY: The context is this invocation's.
        let answer = skb.moving(|skb| unsafe { crate::ffi::rex_skb_pull_data(skb, length) });
        error::to_result(answer).map(drop)
    }

    /// Makes the packet `length` bytes long, cut or with zeros at its end, and refreshes
    /// `data_slice`. `flags` is 0.
    ///
    /// Helper: `rex_skb_change_tail`. TC programs. `Err(EINVAL)` for a flag, for a length
    /// that leaves less than the headers, and for one above about 16000 bytes;
    /// `Err(ENOMEM)` without memory.
    ///
    /// ```
    /// use rex::sched_cls::{TC_ACT_OK, __sk_buff, sched_cls};
    ///
    /// #[rex::rex_tc]
    /// fn cuts(obj: &sched_cls, skb: &mut __sk_buff) -> rex::Result {
    ///     obj.bpf_skb_change_tail(skb, skb.len().min(128), 0)?;
    ///     Ok(TC_ACT_OK as i32)
    /// }
    /// ```
    #[inline(always)]
    pub fn bpf_skb_change_tail(
        &self,
        skb: &mut __sk_buff<'_>,
        length: u32,
        flags: u64,
    ) -> error::Result {
        // SAFETY: The context is this invocation's.
        let answer =
            skb.moving(|skb| unsafe { crate::ffi::rex_skb_change_tail(skb, length, flags) });
        error::to_result(answer).map(drop)
    }
}
