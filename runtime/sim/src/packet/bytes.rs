// SPDX-License-Identifier: GPL-2.0-only
//! Copying bytes out of packets and into them, as the helpers of both kinds of packet
//! programs do in the kernel's `net/core/filter.c`.

use super::Packet;
use crate::errno::Errno;

/// Longest piece and highest offset of `bpf_xdp_pointer`.
const XDP_LIMIT: usize = 0xffff;

impl Packet {
    /// `bpf_xdp_load_bytes`.
    pub fn xdp_load(&self, offset: u32, to: &mut [u8]) -> Result<(), Errno> {
        let at = self.xdp_range(offset, to.len())?;
        to.copy_from_slice(&self.data()[at..at + to.len()]);
        Ok(())
    }

    /// `bpf_xdp_store_bytes`.
    pub fn xdp_store(&self, offset: u32, from: &[u8]) -> Result<(), Errno> {
        let at = self.xdp_range(offset, from.len())?;
        self.write(at, from);
        Ok(())
    }

    /// `bpf_skb_load_bytes`: a failure leaves zeros.
    pub fn skb_load(&self, offset: u32, to: &mut [u8]) -> Result<(), Errno> {
        match self.skb_range(offset, to.len()) {
            Ok(at) => {
                to.copy_from_slice(&self.data()[at..at + to.len()]);
                Ok(())
            }
            Err(error) => {
                to.fill(0);
                Err(error)
            }
        }
    }

    /// Where `length` bytes at `offset` lie in a socket buffer's data.
    pub(super) fn skb_range(&self, offset: u32, length: usize) -> Result<usize, Errno> {
        let at = offset as usize;
        let fits = i32::try_from(offset).is_ok() && at + length <= self.data().len();
        if fits { Ok(at) } else { Err(Errno::EFAULT) }
    }

    /// Writes into the packet; the range was looked at.
    pub(super) fn write(&self, at: usize, from: &[u8]) {
        let start = self.bounds.get().start + at;
        self.frame()[start..start + from.len()].copy_from_slice(from);
    }

    fn xdp_range(&self, offset: u32, length: usize) -> Result<usize, Errno> {
        let at = offset as usize;
        if at > XDP_LIMIT || length > XDP_LIMIT {
            return Err(Errno::EFAULT);
        }
        if at + length > self.data().len() {
            return Err(Errno::EINVAL);
        }
        Ok(at)
    }
}
