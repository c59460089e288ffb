// SPDX-License-Identifier: GPL-2.0-only
//! A packet in memory, laid out as a driver with one page a packet does it.

use std::cell::UnsafeCell;

use rex_abi::{rex_skb_ctx, rex_xdp_ctx};

use crate::errno::Errno;

/// Bytes in front of a packet (`XDP_PACKET_HEADROOM`).
pub const HEADROOM: usize = 256;
/// Bytes behind it that the kernel needs for itself (`struct skb_shared_info`, aligned).
pub const TAILROOM: usize = 320;
/// Bytes of an Ethernet header, the shortest packet `bpf_xdp_adjust_tail` leaves.
pub const ETHERNET_HEADER: usize = 14;
const PAGE: usize = 4096;

/// A packet and its contexts. Owned by one thread.
pub struct Packet {
    frame: UnsafeCell<Vec<u8>>,
    context: UnsafeCell<rex_xdp_ctx>,
    traffic: UnsafeCell<rex_skb_ctx>,
}

/// Where a packet came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ingress {
    /// Interface number.
    pub ifindex: u32,
    /// Receive queue.
    pub queue: u32,
}

impl Packet {
    /// A packet with these contents.
    pub fn new(data: &[u8], ingress: Ingress) -> Self {
        let packet = Self {
            frame: UnsafeCell::new(Vec::new()),
            context: UnsafeCell::new(rex_xdp_ctx::default()),
            traffic: UnsafeCell::new(rex_skb_ctx::default()),
        };
        let mut packet = packet;
        packet.set(data, ingress);
        packet
    }

    /// Replaces the contents.
    pub fn set(&mut self, data: &[u8], ingress: Ingress) {
        let size = (HEADROOM + data.len() + TAILROOM).next_multiple_of(PAGE);
        let frame = self.frame.get_mut();
        frame.clear();
        frame.resize(size, 0);
        frame[HEADROOM..HEADROOM + data.len()].copy_from_slice(data);
        let start = frame.as_ptr() as u64 + HEADROOM as u64;
        *self.context.get_mut() = rex_xdp_ctx {
            data: start,
            data_end: start + data.len() as u64,
            data_meta: start,
            handle: 1,
            ingress_ifindex: ingress.ifindex,
            rx_queue_index: ingress.queue,
            egress_ifindex: 0,
            _pad: 0,
        };
    }

    /// What an XDP program is given.
    pub fn context(&self) -> *mut rex_xdp_ctx {
        self.context.get()
    }

    /// What a TC program is given: the packet as XDP programs left it, in one linear piece.
    pub fn traffic(&self) -> *mut rex_skb_ctx {
        let data = self.data();
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let protocol = data.get(ETHERNET_HEADER - 2..ETHERNET_HEADER);
        // SAFETY: only called between runs.
        let from = unsafe { &*self.context.get() };
        let filled = rex_skb_ctx {
            data: data.as_ptr() as u64,
            data_end: data.as_ptr() as u64 + data.len() as u64,
            data_meta: data.as_ptr() as u64,
            handle: 1,
            len: length,
            protocol: protocol.map_or(0, |bytes| u16::from_ne_bytes([bytes[0], bytes[1]])),
            // As `skb_record_rx_queue` stores it.
            queue_mapping: u16::try_from(from.rx_queue_index + 1).unwrap_or(0),
            ifindex: from.ingress_ifindex,
            ingress_ifindex: from.ingress_ifindex,
            ..rex_skb_ctx::default()
        };
        // SAFETY: as above.
        unsafe { *self.traffic.get() = filled };
        self.traffic.get()
    }

    /// The contents now.
    pub fn data(&self) -> &[u8] {
        let (start, end) = self.bounds();
        // SAFETY: only called between runs; `bounds` clamps to the frame.
        unsafe { &(&*self.frame.get())[start..end] }
    }

    /// Grows or shrinks the packet at its end, as the kernel's `bpf_xdp_adjust_tail`.
    pub fn adjust_tail(&self, delta: i32) -> Result<(), Errno> {
        // SAFETY: only called from a helper of the thread that owns the packet, while the
        // program is not running.
        let frame = unsafe { &mut *self.frame.get() };
        let (start, end) = self.bounds();
        let limit = frame.len() - TAILROOM;
        let new_end = end as i64 + i64::from(delta);
        if new_end > limit as i64 || new_end < (start + ETHERNET_HEADER) as i64 {
            return Err(Errno::EINVAL);
        }
        let new_end = new_end as usize;
        if new_end > end {
            frame[end..new_end].fill(0);
        }
        // SAFETY: as above.
        unsafe { (*self.context.get()).data_end = frame.as_ptr() as u64 + new_end as u64 };
        Ok(())
    }

    /// First byte and end, as offsets into the frame. The context is memory the program
    /// can write, so what it says is clamped.
    fn bounds(&self) -> (usize, usize) {
        // SAFETY: the frame is not resized while the packet is borrowed.
        let (base, len) = unsafe {
            (
                (*self.frame.get()).as_ptr() as u64,
                (*self.frame.get()).len(),
            )
        };
        // SAFETY: the context is a plain structure that any bytes are valid for.
        let context = unsafe { *self.context.get() };
        let clamp = |address: u64| (address.saturating_sub(base) as usize).min(len - TAILROOM);
        let start = clamp(context.data);
        (start, clamp(context.data_end).max(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_moves_within_the_page() {
        let packet = Packet::new(&[7; 60], Ingress::default());
        packet.adjust_tail(-46).unwrap();
        assert_eq!(packet.data(), [7; 14]);
        assert_eq!(packet.adjust_tail(-1), Err(Errno::EINVAL));
        packet.adjust_tail(2).unwrap();
        assert_eq!(packet.data()[12..], [7, 7, 0, 0]);
        let room = (4096 - HEADROOM - TAILROOM - 16) as i32;
        assert_eq!(packet.adjust_tail(room + 1), Err(Errno::EINVAL));
        packet.adjust_tail(room).unwrap();
        assert_eq!(packet.data().len(), 3520);
    }

    #[test]
    fn traffic_control_sees_what_xdp_left() {
        let mut data = [3; 60];
        data[12..14].copy_from_slice(&[0x86, 0xdd]);
        let ingress = Ingress {
            ifindex: 4,
            queue: 2,
        };
        let packet = Packet::new(&data, ingress);
        packet.adjust_tail(-10).unwrap();
        // SAFETY: no program runs.
        let context = unsafe { *packet.traffic() };
        assert_eq!(context.data_end - context.data, 50);
        assert_eq!((context.len, context.data_len), (50, 0));
        assert_eq!(u16::from_be(context.protocol), 0x86dd);
        assert_eq!((context.ifindex, context.queue_mapping), (4, 3));
        packet.adjust_tail(-36).unwrap();
        // SAFETY: as above.
        assert_eq!(unsafe { *packet.traffic() }.len, 14);
    }

    #[test]
    fn a_context_that_was_overwritten_does_no_harm() {
        let packet = Packet::new(&[1; 20], Ingress::default());
        // SAFETY: no program runs.
        unsafe { (*packet.context()).data_end = u64::MAX };
        assert!(packet.data().len() < 4096);
        // SAFETY: as above.
        unsafe { (*packet.context()).data = 3 };
        packet.data();
    }
}
