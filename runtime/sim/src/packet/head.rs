// SPDX-License-Identifier: GPL-2.0-only
//! What moves the ends of a packet in XDP programs. Limits and errors are those of
//! `bpf_xdp_adjust_head`, `bpf_xdp_adjust_meta` and `bpf_xdp_adjust_tail` in the kernel's
//! `net/core/filter.c`.

use super::{Bounds, ETHERNET_HEADER, Packet, TAILROOM};
use crate::errno::Errno;

/// Bytes at the start of the frame that the kernel keeps for itself (`struct xdp_frame`).
const FRAME_HEADER: i64 = 40;
/// Most bytes of metadata (`skb_shared_info::meta_len` is a byte).
const META_MAX: i64 = 255;

impl Packet {
    /// Moves the packet's start, its metadata with it.
    pub fn adjust_head(&self, delta: i32) -> Result<(), Errno> {
        let Bounds { meta, start, end } = self.bounds.get();
        let length = start - meta;
        let new = start as i64 + i64::from(delta);
        if new < FRAME_HEADER + length as i64 || new > end as i64 - ETHERNET_HEADER as i64 {
            return Err(Errno::EINVAL);
        }
        let start = new as usize;
        let moved = start - length;
        self.frame().copy_within(meta..meta + length, moved);
        self.place(Bounds {
            meta: moved,
            start,
            end,
        });
        Ok(())
    }

    /// Moves the start of the metadata.
    pub fn adjust_meta(&self, delta: i32) -> Result<(), Errno> {
        let bounds = self.bounds.get();
        let new = bounds.meta as i64 + i64::from(delta);
        if new < FRAME_HEADER || new > bounds.start as i64 {
            return Err(Errno::EINVAL);
        }
        let length = bounds.start as i64 - new;
        if length % 4 != 0 || length > META_MAX {
            return Err(Errno::EACCES);
        }
        self.place(Bounds {
            meta: new as usize,
            ..bounds
        });
        Ok(())
    }

    /// Moves the packet's end; new bytes are zero.
    pub fn adjust_tail(&self, delta: i32) -> Result<(), Errno> {
        let bounds = self.bounds.get();
        let limit = self.frame().len() - TAILROOM;
        let new = bounds.end as i64 + i64::from(delta);
        if new > limit as i64 || new < (bounds.start + ETHERNET_HEADER) as i64 {
            return Err(Errno::EINVAL);
        }
        let end = new as usize;
        if end > bounds.end {
            self.frame()[bounds.end..end].fill(0);
        }
        self.place(Bounds { end, ..bounds });
        Ok(())
    }
}
