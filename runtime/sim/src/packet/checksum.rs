// SPDX-License-Identifier: GPL-2.0-only
//! The Internet checksum (RFC 1071) and its changes, in the arithmetic of the kernel's
//! `include/net/checksum.h`: which of the two zeros comes out is part of it.

/// `csum_fold`: a 32-bit sum as the complement of 16 bits.
fn fold(sum: u32) -> u16 {
    let sum = (sum & 0xffff) + (sum >> 16);
    !((sum & 0xffff) + (sum >> 16)) as u16
}

/// `csum_add`: a sum of two with the carry added again.
fn add(a: u32, b: u32) -> u32 {
    let (sum, carry) = a.overflowing_add(b);
    sum + u32::from(carry)
}

/// The checksum after four bytes changed from `from` to `to` (`csum_replace4`).
pub fn replace4(check: u16, from: u32, to: u32) -> u16 {
    fold(add(add(!u32::from(check), !from), to))
}

/// The checksum after two bytes changed from `from` to `to` (`csum_replace2`).
pub fn replace2(check: u16, from: u16, to: u16) -> u16 {
    let add16 = |a: u16, b: u16| {
        let (sum, carry) = a.overflowing_add(b);
        sum + u16::from(carry)
    };
    !add16(add16(!check, !from), to)
}

/// The checksum after `difference` was added to what it sums up (`csum_replace_by_diff`).
pub fn replace_by_difference(check: u16, difference: u32) -> u16 {
    fold(add(difference, !u32::from(check)))
}
