// SPDX-License-Identifier: GPL-2.0-only
//! A packet as TC programs see it: a socket buffer in one linear piece, its memory private.
//! Limits and errors are those of the helpers in the kernel's `net/core/filter.c`.

use rex_abi::rex_skb_ctx;

use super::{Bounds, ETHERNET_HEADER, Packet, TAILROOM, checksum};
use crate::errno::Errno;

const RECOMPUTE_CSUM: u64 = 1;
const INVALIDATE_HASH: u64 = 2;
const FIELD: u64 = 0xf;
const PSEUDO_HEADER: u64 = 1 << 4;
const MARK_MANGLED_0: u64 = 1 << 5;
const MARK_ENFORCE: u64 = 1 << 6;
const IPV6: u64 = 1 << 7;
/// What stands for a checksum of zero where zero means none (`CSUM_MANGLED_0`).
const MANGLED_0: u16 = 0xffff;
/// Longest socket buffer (`SKB_MAX_ALLOC`).
const LONGEST: usize = 4 * super::PAGE - TAILROOM;

const PACKET_HOST: u32 = 0;
const PACKET_BROADCAST: u32 = 1;
const PACKET_MULTICAST: u32 = 2;

impl Packet {
    /// What a TC program is given: the packet as the programs before left it.
    pub fn traffic(&self) -> *mut rex_skb_ctx {
        if !self.in_traffic.replace(true) {
            let from = self.ingress.get();
            let data = self.data();
            let filled = rex_skb_ctx {
                handle: 1,
                protocol: (data.get(ETHERNET_HEADER - 2..ETHERNET_HEADER))
                    .map_or(0, |bytes| u16::from_ne_bytes([bytes[0], bytes[1]])),
                // As `skb_record_rx_queue` stores it.
                queue_mapping: u16::try_from(from.queue + 1).unwrap_or(0),
                ifindex: from.ifindex,
                ingress_ifindex: from.ifindex,
                pkt_type: packet_type(data),
                ..rex_skb_ctx::default()
            };
            // SAFETY: no program runs.
            unsafe { *self.traffic.get() = filled };
            self.publish();
        }
        self.traffic.get()
    }

    /// The mark that TC programs gave the packet.
    pub fn mark(&self) -> u32 {
        // SAFETY: only called between runs.
        unsafe { (*self.traffic.get()).mark }
    }

    /// `bpf_skb_store_bytes`.
    pub fn skb_store(&self, offset: u32, from: &[u8], flags: u64) -> Result<(), Errno> {
        if flags & !(RECOMPUTE_CSUM | INVALIDATE_HASH) != 0 {
            return Err(Errno::EINVAL);
        }
        let at = self.skb_range(offset, from.len())?;
        self.write(at, from);
        if flags & INVALIDATE_HASH != 0 {
            // SAFETY: a helper of the thread that owns the packet; the program does not run.
            unsafe { (*self.traffic.get()).hash = 0 };
        }
        Ok(())
    }

    /// `bpf_l3_csum_replace`.
    pub fn l3_csum_replace(
        &self,
        offset: u32,
        from: u64,
        to: u64,
        flags: u64,
    ) -> Result<(), Errno> {
        if flags & !FIELD != 0 {
            return Err(Errno::EINVAL);
        }
        let (at, check) = self.checksum_at(offset)?;
        let new = replaced(check, from, to, flags)?;
        self.write(at, &new.to_ne_bytes());
        Ok(())
    }

    /// `bpf_l4_csum_replace`.
    pub fn l4_csum_replace(
        &self,
        offset: u32,
        from: u64,
        to: u64,
        flags: u64,
    ) -> Result<(), Errno> {
        let known = MARK_MANGLED_0 | MARK_ENFORCE | PSEUDO_HEADER | FIELD | IPV6;
        if flags & !known != 0 {
            return Err(Errno::EINVAL);
        }
        let (at, check) = self.checksum_at(offset)?;
        let mangled = flags & MARK_MANGLED_0 != 0;
        if mangled && flags & MARK_ENFORCE == 0 && check == 0 {
            return Ok(());
        }
        // A transport checksum has no two-byte form of its own in the kernel.
        let new = match flags & FIELD {
            2 => checksum::replace4(check, u32::from(from as u16), u32::from(to as u16)),
            _ => replaced(check, from, to, flags)?,
        };
        let new = if mangled && new == 0 { MANGLED_0 } else { new };
        self.write(at, &new.to_ne_bytes());
        Ok(())
    }

    /// `bpf_skb_pull_data`: everything is linear already.
    pub fn pull_data(&self, length: u32) -> Result<(), Errno> {
        if length as usize > self.data().len() {
            return Err(Errno::ENOMEM);
        }
        Ok(())
    }

    /// `bpf_skb_change_tail`: new bytes are zero.
    pub fn change_tail(&self, length: u32, flags: u64) -> Result<(), Errno> {
        let length = length as usize;
        if flags != 0 || !(ETHERNET_HEADER..=LONGEST).contains(&length) {
            return Err(Errno::EINVAL);
        }
        let bounds = self.bounds.get();
        let end = bounds.start + length;
        self.move_frame((end + TAILROOM).saturating_sub(self.frame().len()));
        if end > bounds.end {
            self.frame()[bounds.end..end].fill(0);
        }
        self.place(Bounds { end, ..bounds });
        Ok(())
    }

    /// Puts the packet into new memory, `more` bytes longer at the end, as the kernel does
    /// where the old memory is shared or too short.
    pub(super) fn move_frame(&self, more: usize) {
        let old = self.frame();
        let mut new = Vec::with_capacity(old.len() + more);
        new.extend_from_slice(old);
        new.resize(old.len() + more, 0);
        *old = new;
        self.publish();
    }

    fn checksum_at(&self, offset: u32) -> Result<(usize, u16), Errno> {
        if offset > 0xffff || offset & 1 != 0 {
            return Err(Errno::EFAULT);
        }
        let at = self.skb_range(offset, 2)?;
        let bytes = &self.data()[at..at + 2];
        Ok((at, u16::from_ne_bytes([bytes[0], bytes[1]])))
    }
}

fn replaced(check: u16, from: u64, to: u64, flags: u64) -> Result<u16, Errno> {
    match flags & FIELD {
        0 if from == 0 => Ok(checksum::replace_by_difference(check, to as u32)),
        2 => Ok(checksum::replace2(check, from as u16, to as u16)),
        4 => Ok(checksum::replace4(check, from as u32, to as u32)),
        _ => Err(Errno::EINVAL),
    }
}

/// By the destination address alone: which address is this machine's is not known.
fn packet_type(data: &[u8]) -> u32 {
    match data.first_chunk::<6>() {
        Some([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]) => PACKET_BROADCAST,
        Some([first, ..]) if first & 1 != 0 => PACKET_MULTICAST,
        _ => PACKET_HOST,
    }
}
