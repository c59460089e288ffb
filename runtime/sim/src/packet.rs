// SPDX-License-Identifier: GPL-2.0-only
//! A packet in memory, laid out as a driver with one page a packet does it.

mod bytes;
mod checksum;
mod head;
#[cfg(test)]
mod oracle;
mod outside;
#[cfg(test)]
mod tests;
mod traffic;

use std::cell::{Cell, RefCell, UnsafeCell};

use rex_abi::{rex_skb_ctx, rex_xdp_ctx};

pub use self::outside::{Copied, Outside, Redirect};

/// Bytes in front of a packet (`XDP_PACKET_HEADROOM`).
pub const HEADROOM: usize = 256;
/// Bytes behind it that the kernel needs for itself (`struct skb_shared_info`, aligned).
pub const TAILROOM: usize = 320;
/// Bytes of an Ethernet header, the shortest packet that helpers leave.
pub const ETHERNET_HEADER: usize = 14;
const PAGE: usize = 4096;

/// Where the packet lies in its frame, in bytes from the frame's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bounds {
    /// First byte of the metadata; where the packet starts if it has none.
    meta: usize,
    /// First byte.
    start: usize,
    /// Behind the last byte.
    end: usize,
}

/// A packet and its contexts. Owned by one thread.
///
/// # Invariants
/// `meta <= start <= end` and all lie in the frame. The contexts are copies for programs;
/// what they say about addresses is never read back.
pub struct Packet {
    frame: UnsafeCell<Vec<u8>>,
    bounds: Cell<Bounds>,
    ingress: Cell<Ingress>,
    context: UnsafeCell<rex_xdp_ctx>,
    traffic: UnsafeCell<rex_skb_ctx>,
    in_traffic: Cell<bool>,
    redirect: Cell<Option<Redirect>>,
    copies: RefCell<Vec<Copied>>,
    outside: Outside,
}

/// Where a packet came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ingress {
    /// Interface number.
    pub ifindex: u32,
    /// Receive queue.
    pub queue: u32,
}

impl Default for Ingress {
    /// Where packets of a file come in: at the interface with the lowest number.
    fn default() -> Self {
        Self {
            ifindex: 1,
            queue: 0,
        }
    }
}

impl Packet {
    /// A packet with these contents, in a world without interfaces.
    pub fn new(data: &[u8], ingress: Ingress) -> Self {
        Self::among(Outside::recorded(), data, ingress)
    }

    /// A packet with these contents and these ways out.
    pub fn among(outside: Outside, data: &[u8], ingress: Ingress) -> Self {
        let mut packet = Self {
            frame: UnsafeCell::new(Vec::new()),
            bounds: Cell::default(),
            ingress: Cell::new(ingress),
            context: UnsafeCell::new(rex_xdp_ctx::default()),
            traffic: UnsafeCell::new(rex_skb_ctx::default()),
            in_traffic: Cell::default(),
            redirect: Cell::default(),
            copies: RefCell::default(),
            outside,
        };
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
        self.bounds.set(Bounds {
            meta: HEADROOM,
            start: HEADROOM,
            end: HEADROOM + data.len(),
        });
        self.ingress.set(ingress);
        self.in_traffic.set(false);
        self.redirect.set(None);
        self.copies.get_mut().clear();
        self.publish();
    }

    /// What an XDP program is given.
    pub fn context(&self) -> *mut rex_xdp_ctx {
        self.context.get()
    }

    /// Whether an XDP program that was given `context` runs on this packet.
    pub fn is_xdp(&self, context: *mut rex_xdp_ctx) -> bool {
        !self.in_traffic.get() && std::ptr::eq(self.context.get(), context)
    }

    /// Whether a TC program that was given `context` runs on this packet.
    pub fn is_traffic(&self, context: *mut rex_skb_ctx) -> bool {
        self.in_traffic.get() && std::ptr::eq(self.traffic.get(), context)
    }

    /// The contents now.
    pub fn data(&self) -> &[u8] {
        let Bounds { start, end, .. } = self.bounds.get();
        // SAFETY: only called between runs and by helpers, which have no other use of the
        // frame meanwhile.
        unsafe { &(&*self.frame.get())[start..end] }
    }

    /// The frame, for a helper to change.
    #[expect(clippy::mut_from_ref, reason = "the packet is owned by one thread")]
    fn frame(&self) -> &mut Vec<u8> {
        // SAFETY: only called by helpers of the thread that owns the packet, one at a time
        // and while the program is not running; none keeps the result.
        unsafe { &mut *self.frame.get() }
    }

    /// Moves the packet within its frame and tells the contexts.
    fn place(&self, bounds: Bounds) {
        self.bounds.set(bounds);
        self.publish();
    }

    /// Writes the packet's addresses into the context of the programs that see it now.
    fn publish(&self) {
        let base = self.frame().as_ptr() as u64;
        let Bounds { meta, start, end } = self.bounds.get();
        let at = |offset: usize| base + offset as u64;
        if self.in_traffic.get() {
            // SAFETY: as for the frame; the context is a plain structure.
            let context = unsafe { &mut *self.traffic.get() };
            context.data = at(start);
            context.data_end = at(end);
            context.data_meta = at(meta);
            context.len = u32::try_from(end - start).unwrap_or(u32::MAX);
            return;
        }
        let Ingress { ifindex, queue } = self.ingress.get();
        let filled = rex_xdp_ctx {
            data: at(start),
            data_end: at(end),
            data_meta: at(meta),
            handle: 1,
            ingress_ifindex: ifindex,
            rx_queue_index: queue,
            egress_ifindex: 0,
            _pad: 0,
        };
        // SAFETY: as above.
        unsafe { *self.context.get() = filled };
    }
}
