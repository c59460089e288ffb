// SPDX-License-Identifier: GPL-2.0-only
//! What TC programs do to their packet.

use rex_abi::rex_skb_ctx;

use super::map::{slice, slice_mut};
use crate::errno::{self, Errno};
use crate::packet::Packet;
use crate::stop::helper;

fn changed(context: *mut rex_skb_ctx, change: impl FnOnce(&Packet) -> Result<(), Errno>) -> i64 {
    helper(|invocation| {
        let packet = invocation.packet();
        let packet = packet.filter(|packet| packet.is_traffic(context));
        Ok(errno::result(packet.ok_or(Errno::EINVAL).and_then(change)))
    })
}

/// Copies bytes out of the packet; zeros if that fails.
pub unsafe extern "C" fn rex_skb_load_bytes(
    context: *mut rex_skb_ctx,
    offset: u32,
    to: *mut u8,
    length: u32,
) -> i64 {
    // SAFETY: the crate passes a buffer of this length, which is not the packet.
    changed(context, |packet| unsafe {
        packet.skb_load(offset, slice_mut(to, length))
    })
}

/// Copies bytes into the packet.
pub unsafe extern "C" fn rex_skb_store_bytes(
    context: *mut rex_skb_ctx,
    offset: u32,
    from: *const u8,
    length: u32,
    flags: u64,
) -> i64 {
    // SAFETY: as above.
    changed(context, |packet| unsafe {
        packet.skb_store(offset, slice(from, length), flags)
    })
}

/// Changes a network checksum.
pub extern "C" fn rex_l3_csum_replace(
    context: *mut rex_skb_ctx,
    offset: u32,
    from: u64,
    to: u64,
    flags: u64,
) -> i64 {
    changed(context, |packet| {
        packet.l3_csum_replace(offset, from, to, flags)
    })
}

/// Changes a transport checksum.
pub extern "C" fn rex_l4_csum_replace(
    context: *mut rex_skb_ctx,
    offset: u32,
    from: u64,
    to: u64,
    flags: u64,
) -> i64 {
    changed(context, |packet| {
        packet.l4_csum_replace(offset, from, to, flags)
    })
}

/// Makes the first bytes linear.
pub extern "C" fn rex_skb_pull_data(context: *mut rex_skb_ctx, length: u32) -> i64 {
    changed(context, |packet| packet.pull_data(length))
}

/// Changes the packet's length at its end.
pub extern "C" fn rex_skb_change_tail(context: *mut rex_skb_ctx, length: u32, flags: u64) -> i64 {
    changed(context, |packet| packet.change_tail(length, flags))
}

/// Sends a copy of the packet.
pub extern "C" fn rex_clone_redirect(context: *mut rex_skb_ctx, ifindex: u32, flags: u64) -> i64 {
    changed(context, |packet| packet.clone_redirect(ifindex, flags))
}
