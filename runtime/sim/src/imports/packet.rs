// SPDX-License-Identifier: GPL-2.0-only
//! What XDP programs do to their packet, and what both kinds of packet programs do with it.

use rex_abi::rex_xdp_ctx;
use rex_image::ProgramKind;

use super::map::{slice, slice_mut};
use crate::errno::{self, Errno};
use crate::packet::Packet;
use crate::stop::helper;

fn changed(context: *mut rex_xdp_ctx, change: impl FnOnce(&Packet) -> Result<(), Errno>) -> i64 {
    helper(|invocation| {
        let packet = invocation.packet();
        let packet = packet.filter(|packet| packet.is_xdp(context));
        Ok(errno::result(packet.ok_or(Errno::EINVAL).and_then(change)))
    })
}

/// Grows or shrinks the packet at its end.
pub extern "C" fn rex_xdp_adjust_tail(context: *mut rex_xdp_ctx, delta: i32) -> i64 {
    changed(context, |packet| packet.adjust_tail(delta))
}

/// Moves the packet's start.
pub extern "C" fn rex_xdp_adjust_head(context: *mut rex_xdp_ctx, delta: i32) -> i64 {
    changed(context, |packet| packet.adjust_head(delta))
}

/// Moves the start of the packet's metadata.
pub extern "C" fn rex_xdp_adjust_meta(context: *mut rex_xdp_ctx, delta: i32) -> i64 {
    changed(context, |packet| packet.adjust_meta(delta))
}

/// Copies bytes out of the packet.
pub unsafe extern "C" fn rex_xdp_load_bytes(
    context: *mut rex_xdp_ctx,
    offset: u32,
    to: *mut u8,
    length: u32,
) -> i64 {
    // SAFETY: the crate passes a buffer of this length, which is not the packet.
    changed(context, |packet| unsafe {
        packet.xdp_load(offset, slice_mut(to, length))
    })
}

/// Copies bytes into the packet.
pub unsafe extern "C" fn rex_xdp_store_bytes(
    context: *mut rex_xdp_ctx,
    offset: u32,
    from: *const u8,
    length: u32,
) -> i64 {
    // SAFETY: as above.
    changed(context, |packet| unsafe {
        packet.xdp_store(offset, slice(from, length))
    })
}

/// Notes where the packet goes; gives the verdict. Without a packet it is 0.
pub extern "C" fn rex_redirect(ifindex: u32, flags: u64) -> u32 {
    helper(|invocation| {
        let program = &invocation.object.image.programs[invocation.program.get()];
        let xdp = program.kind == ProgramKind::Xdp;
        let packet = invocation.packet();
        Ok(packet.map_or(0, |packet| packet.redirect(xdp, ifindex, flags)))
    })
}
