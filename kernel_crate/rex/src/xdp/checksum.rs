// SPDX-License-Identifier: GPL-2.0-only
//! The Internet checksum (RFC 1071) and what a change of the data does to it (RFC 1624).
//!
//! Checksums are in the byte order of the packet, ready for its `check` field.

/// The checksum of bytes; an odd last byte counts as one with a zero behind it.
///
/// ```
/// use rex::xdp::{Packet, internet_checksum};
///
/// fn is_whole(packet: &Packet) -> bool {
///     // With its checksum in it, data sums up to nothing.
///     packet.get(14..34).is_some_and(|header| internet_checksum(header) == 0)
/// }
/// ```
///
/// No helper. XDP and TC programs. Cannot fail.
#[inline]
pub fn internet_checksum(bytes: &[u8]) -> u16 {
    !fold(sum(bytes))
}

/// The checksum of the IPv4 header that `packet` starts with, options included, as it
/// belongs into `check`, whatever is there now. `None` if the header says a length of less
/// than 20 bytes or of more than there are.
///
/// ```
/// use rex::xdp::{Packet, ipv4_checksum};
///
/// fn renew(packet: &mut Packet) -> Option<()> {
///     let check = ipv4_checksum(packet.get(14..)?)?;
///     packet.get_mut(24..26)?.copy_from_slice(&check.to_ne_bytes());
///     Some(())
/// }
/// ```
///
/// No helper. XDP and TC programs.
#[inline]
pub fn ipv4_checksum(packet: &[u8]) -> Option<u16> {
    let length = usize::from(packet.first()? & 0xf) * 4;
    let (before, rest) = packet.get(..length)?.split_at_checked(10)?;
    let after = rest.get(2..).filter(|after| after.len() >= 8)?;
    Some(!fold(sum(before) + sum(after)))
}

/// Changes a checksum as two bytes it covers changed from `from` to `to`, both as they stand
/// in the packet.
///
/// ```
/// use rex::xdp::{csum_replace2, iphdr};
///
/// fn one_hop_less(header: &mut iphdr) {
///     let word = |header: &iphdr| u16::from_ne_bytes([header.ttl, header.protocol]);
///     let from = word(header);
///     header.ttl = header.ttl.saturating_sub(1);
///     let to = word(header);
///     csum_replace2(&mut header.check, from, to);
/// }
/// ```
///
/// No helper. XDP and TC programs. Cannot fail.
#[inline]
pub fn csum_replace2(check: &mut u16, from: u16, to: u16) {
    let sum = u64::from(!*check) + u64::from(!from) + u64::from(to);
    *check = !fold(sum);
}

/// Changes a checksum as four bytes it covers changed from `from` to `to`, both as they stand
/// in the packet.
///
/// ```
/// use rex::xdp::{csum_replace4, iphdr};
///
/// fn to(header: &mut iphdr, address: u32) {
///     let from = core::mem::replace(header.daddr(), address);
///     csum_replace4(&mut header.check, from, address);
/// }
/// ```
///
/// No helper. XDP and TC programs. Cannot fail.
#[inline]
pub fn csum_replace4(check: &mut u16, from: u32, to: u32) {
    let sum = u64::from(!*check) + u64::from(!from) + u64::from(to);
    *check = !fold(sum);
}

/// What replacing the bytes `from` by `to` does to a sum, added to `seed`, in 16 bits.
#[inline]
pub(crate) fn csum_diff(from: &[u8], to: &[u8], seed: u32) -> u32 {
    let gone = fold(sum(from));
    u32::from(fold(u64::from(seed) + u64::from(!gone) + sum(to)))
}

/// The sum of 32-bit words in the machine's byte order, which is as good as any (RFC 1071,
/// section 2); exact for less than 16 GiB.
#[inline]
fn sum(bytes: &[u8]) -> u64 {
    let words = bytes.chunks_exact(4);
    let mut last = [0; 4];
    let rest = words.remainder();
    last[..rest.len()].copy_from_slice(rest);
    let sum: u64 = words
        .map(|word| u64::from(u32::from_ne_bytes([word[0], word[1], word[2], word[3]])))
        .sum();
    sum + u64::from(u32::from_ne_bytes(last))
}

/// A sum in 16 bits, every carry added again.
#[inline]
fn fold(sum: u64) -> u16 {
    let sum = (sum & 0xffff_ffff) + (sum >> 32);
    let sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    let sum = (sum & 0xffff) + (sum >> 16);
    ((sum & 0xffff) + (sum >> 16)) as u16
}
