// SPDX-License-Identifier: GPL-2.0-only
//! Formatting and checksums of the kernel crate, run on this machine.

use crate::headers::{compute_ip_checksum, iphdr, tcphdr};
use crate::snprintf::snprintf;

/// What `snprintf` answers and what stands in a buffer of `N` bytes before its NUL.
fn formatted<const N: usize>(format: &str, data: &[u64]) -> (crate::Result, String) {
    let mut buffer = [0xff; N];
    let answer = snprintf(&mut buffer, format, data);
    let end = buffer.iter().position(|byte| *byte == 0).unwrap_or(0);
    (answer, String::from_utf8_lossy(&buffer[..end]).into_owned())
}

#[test]
fn numbers_are_formatted_as_c_does() {
    let minus_one = u64::MAX;
    for (format, data, wanted) in [
        ("%d|%i", vec![5, minus_one], "5|-1"),
        ("%u", vec![minus_one], "4294967295"),
        ("%lu", vec![minus_one], "18446744073709551615"),
        ("%lld", vec![i64::MIN as u64], "-9223372036854775808"),
        ("%llo", vec![minus_one], "1777777777777777777777"),
        (
            "%x|%X|%08x",
            vec![0xbeef, 0xbeef, 0xbeef],
            "beef|BEEF|0000beef",
        ),
        (
            "[%5d][%-5d][%05d]",
            vec![42, 42, -42_i64 as u64],
            "[   42][42   ][-0042]",
        ),
        ("%c%c%%", vec![b'o'.into(), b'k'.into()], "ok%"),
        ("plain", vec![], "plain"),
    ] {
        let (answer, text) = formatted::<64>(format, &data);
        assert_eq!(
            (answer, text.as_str()),
            (Ok(wanted.len() as i32 + 1), wanted),
            "{format}"
        );
    }
}

#[test]
fn a_short_buffer_is_cut_and_ended() {
    assert_eq!(formatted::<4>("%d", &[123_456]), (Ok(7), "123".to_owned()));
    assert_eq!(formatted::<1>("%d", &[1]), (Ok(2), String::new()));
    assert_eq!(snprintf(&mut [], "%d", &[1]), Ok(2));
}

#[test]
fn pointers_strings_and_wrong_counts_are_refused() {
    for (format, data) in [
        ("%p", vec![1]),
        ("%s", vec![1]),
        ("%d", vec![]),
        ("", vec![1]),
        ("%", vec![]),
        ("%l", vec![1]),
    ] {
        assert_eq!(formatted::<16>(format, &data).0, Err(-22), "{format}");
    }
}

/// The header of RFC 1071's kind of example, with the checksum any sender would store.
#[test]
fn the_checksum_of_a_header_makes_its_sum_all_ones() {
    let mut header = iphdr::default();
    header.set_version(4);
    header.set_ihl(5);
    header.tot_len = 0xffff;
    header.id = 0xffff;
    header.ttl = 64;
    header.protocol = 17;
    header.frag_off = 0xffff;
    *header.saddr() = u32::from_ne_bytes([192, 168, 0, 1]);
    *header.daddr() = u32::from_ne_bytes([255, 255, 255, 255]);
    header.check = 0x1234;
    header.check = compute_ip_checksum(&mut header);
    let words = [
        u16::from_ne_bytes([0x45, 0]),
        header.tot_len,
        header.id,
        header.frag_off,
        u16::from_ne_bytes([64, 17]),
        header.check,
        u16::from_ne_bytes([192, 168]),
        u16::from_ne_bytes([0, 1]),
        0xffff,
        0xffff,
    ];
    let sum: u32 = words.iter().map(|word| u32::from(*word)).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    assert_eq!((folded & 0xffff) + (folded >> 16), 0xffff);
}

#[test]
fn bits_of_a_tcp_header_do_not_touch_each_other() {
    let mut header = tcphdr::default();
    header.set_doff(5);
    header.set_syn(1);
    header.set_ack(3);
    assert_eq!(
        (header.doff(), header.syn(), header.ack(), header.fin()),
        (5, 1, 1, 0)
    );
    header.set_syn(0);
    assert_eq!((header.doff(), header.syn(), header.ack()), (5, 0, 1));
}
