// SPDX-License-Identifier: GPL-2.0-only
//! Checksums of the kernel crate, compared with the plain sum of RFC 1071.

use crate::checksum::{csum_diff, csum_replace2, csum_replace4, internet_checksum, ipv4_checksum};

/// The checksum as RFC 1071 defines it: pairs of bytes in network order, one at a time.
fn plain(bytes: &[u8]) -> u16 {
    let mut sum = 0_u32;
    for pair in bytes.chunks(2) {
        sum += u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!sum as u16).to_be()
}

/// Bytes that differ from call to call, with many of the values that carry.
fn bytes(seed: &mut u64, length: usize) -> Vec<u8> {
    let mut next = || {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        match *seed >> 61 {
            0 | 1 => 0xff,
            2 => 0,
            _ => (*seed >> 40) as u8,
        }
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn sums_of_any_length_are_those_of_the_rfc() {
    // RFC 1071, section 3: the sum is 2 and ddf2.
    let example = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
    assert_eq!(internet_checksum(&example), (!0xddf2_u16).to_be());
    let mut seed = 7;
    for length in (0..300).chain([1499, 1500, 65_535]) {
        let data = bytes(&mut seed, length);
        assert_eq!(internet_checksum(&data), plain(&data), "{data:x?}");
    }
    assert_eq!(internet_checksum(&[0xff; 65_534]), 0);
}

#[test]
fn headers_with_options_and_without() {
    let mut seed = 9;
    for words in 0..16_u8 {
        let mut packet = bytes(&mut seed, 70);
        packet[0] = 0x40 | words;
        let length = usize::from(words) * 4;
        let check = ipv4_checksum(&packet);
        assert_eq!(check.is_some(), words >= 5, "{words} words");
        assert_eq!(ipv4_checksum(&packet[..length.saturating_sub(1)]), None);
        if let Some(check) = check {
            packet[10..12].copy_from_slice(&check.to_ne_bytes());
            assert_eq!(plain(&packet[..length]), 0);
        }
    }
    assert_eq!(ipv4_checksum(&[]), None);
}

#[test]
fn a_change_is_followed() {
    let mut seed = 11;
    for round in 0..2000 {
        let mut data = bytes(&mut seed, 40);
        let mut check = plain(&data);
        let new = bytes(&mut seed, 12);
        let (old, at) = (data.clone(), round % 7 * 4);
        let word = |bytes: &[u8]| u32::from_ne_bytes(bytes[..4].try_into().unwrap());
        let half = |bytes: &[u8]| u16::from_ne_bytes(bytes[..2].try_into().unwrap());
        match round % 3 {
            0 => {
                data[at..at + 2].copy_from_slice(&new[..2]);
                csum_replace2(&mut check, half(&old[at..]), half(&new));
            }
            1 => {
                data[at..at + 4].copy_from_slice(&new[..4]);
                csum_replace4(&mut check, word(&old[at..]), word(&new));
            }
            _ => {
                data[at..at + 12].copy_from_slice(&new);
                let difference = csum_diff(&old[at..at + 12], &new, 0);
                assert!(difference <= 0xffff);
                csum_replace4(&mut check, 0, difference);
            }
        }
        // Both forms of zero sum up to the same.
        let same = |a: u16, b: u16| a % 0xffff == b % 0xffff;
        assert!(same(check, plain(&data)), "{old:x?} {new:x?} {check:x}");
    }
}

#[test]
fn differences_are_those_that_the_kernel_gave() {
    // `bpf_csum_diff` of Linux 6.18, through BPF_PROG_TEST_RUN.
    for (from, to, seed, wanted) in CASES {
        assert_eq!(
            csum_diff(from, to, *seed),
            *wanted,
            "{from:?} {to:?} {seed}"
        );
    }
}

type Case = (&'static [u8], &'static [u8], u32, u32);

const CASES: &[Case] = &[
    (&[], &[], 0x12345678, 0x68ac),
    (
        &[],
        &[0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08],
        0x0,
        0x1410,
    ),
    (
        &[
            0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c,
        ],
        &[],
        0x7,
        0xd5e2,
    ),
    (
        &[0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07],
        &[
            0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33,
        ],
        0xdeadbeef,
        0xa2a0,
    ),
    (
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x80, 0x80, 0x80, 0x80],
        0xffffffff,
        0x101,
    ),
    (
        &[
            0x45, 0x7c, 0x76, 0x9f, 0x39, 0xd8, 0x64, 0x41, 0x99, 0xc0, 0xe5, 0xbd, 0xbc, 0xfb,
            0xc8, 0x5b, 0x37, 0xce, 0x91, 0xcb,
        ],
        &[
            0xde, 0x1f, 0xc1, 0xb0, 0xea, 0x6b, 0x44, 0xf1, 0x30, 0x43, 0x6d, 0xd7, 0x29, 0xfe,
            0x69, 0xbd, 0x9e, 0x8c, 0xeb, 0xa6,
        ],
        0x1,
        0x9263,
    ),
];
