// SPDX-License-Identifier: GPL-2.0-only
//! Where the kernel crate finds the headers of a packet.

use crate::layers::{Network, Transport, network, transport};

/// Ethernet addresses, then tags and types in network order, then the rest.
fn frame(types: &[u16], rest: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x02; 12];
    for word in types {
        frame.extend(word.to_be_bytes());
    }
    frame.extend(rest);
    frame
}

fn ipv4(words: u8, protocol: u8, fragment: u16, payload: usize) -> Vec<u8> {
    let mut packet = vec![0; usize::from(words) * 4 + payload];
    packet.resize(packet.len().max(20), 0);
    packet[0] = 0x40 | words;
    packet[6..8].copy_from_slice(&fragment.to_be_bytes());
    packet[9] = protocol;
    packet
}

/// An IPv6 packet with these extension headers: number and bytes behind the first two.
fn ipv6(extensions: &[(u8, Vec<u8>)], last: u8, payload: usize) -> Vec<u8> {
    let mut packet = vec![0; 40];
    packet[0] = 0x60;
    let mut numbers = extensions.iter().map(|(number, _)| *number).chain([last]);
    packet[6] = numbers.next().unwrap();
    for (_, contents) in extensions {
        packet.push(numbers.next().unwrap());
        packet.extend(contents);
    }
    packet.resize(packet.len() + payload, 0);
    packet
}

fn options(words_of_eight: u8) -> Vec<u8> {
    let mut contents = vec![words_of_eight];
    contents.resize(usize::from(words_of_eight) * 8 + 7, 0);
    contents
}

#[test]
fn the_network_header_is_behind_up_to_two_tags() {
    for (types, ethertype, offset) in [
        (vec![0x0800], 0x0800, 14),
        (vec![0x8100, 5, 0x0800], 0x0800, 18),
        (vec![0x88a8, 5, 0x8100, 6, 0x86dd], 0x86dd, 22),
        (vec![0x8100, 1, 0x8100, 2, 0x8100, 3, 0x0800], 0x8100, 22),
        (vec![0x0806], 0x0806, 14),
    ] {
        let found = network(&frame(&types, &[]));
        assert_eq!(found, Some(Network { ethertype, offset }), "{types:x?}");
    }
    for short in [
        vec![],
        vec![0x8100],
        vec![0x8100, 5],
        vec![0x88a8, 5, 0x8100, 6],
    ] {
        assert_eq!(network(&frame(&short, &[])), None, "{short:x?}");
    }
}

#[test]
fn the_transport_header_is_behind_options() {
    for (packet, wanted) in [
        (ipv4(5, 6, 0, 20), Some((6, 34))),
        (ipv4(5, 17, 0x4000, 8), Some((17, 34))),
        (ipv4(15, 17, 0, 0), Some((17, 74))),
        (ipv4(5, 17, 0x2000, 8), Some((17, 34))),
        // A fragment that is not the first begins with data.
        (ipv4(5, 17, 0x2001, 8), None),
        (ipv4(5, 17, 0x1fff, 8), None),
        (ipv4(4, 17, 0, 30), None),
        (ipv4(15, 17, 0, 0)[..59].to_vec(), None),
        (vec![0x45; 19], None),
        ([vec![0x55], vec![0; 30]].concat(), None),
    ] {
        let found = transport(&frame(&[0x0800], &packet));
        let wanted = wanted.map(|(protocol, offset)| Transport { protocol, offset });
        assert_eq!(found, wanted, "{packet:x?}");
    }
    let tagged = transport(&frame(&[0x8100, 5, 0x0800], &ipv4(6, 6, 0, 20))).unwrap();
    assert_eq!((tagged.protocol, tagged.offset), (6, 42));
    assert_eq!(transport(&frame(&[0x0806], &ipv4(5, 6, 0, 20))), None);
}

#[test]
fn the_transport_header_is_behind_extension_headers() {
    let fragment =
        |offset: u16| [vec![0], (offset << 3).to_be_bytes().to_vec(), vec![0; 4]].concat();
    for (packet, wanted) in [
        (ipv6(&[], 58, 8), Some((58, 54))),
        (ipv6(&[(0, options(0))], 6, 20), Some((6, 62))),
        (
            ipv6(
                &[(0, options(1)), (43, options(2)), (60, options(0))],
                17,
                8,
            ),
            Some((17, 102)),
        ),
        (ipv6(&[(44, fragment(0))], 17, 8), Some((17, 62))),
        (ipv6(&[(44, fragment(1))], 17, 8), None),
        // The length of an authentication header counts in fours, less two.
        (
            ipv6(&[(51, [vec![4], vec![0; 22]].concat())], 6, 20),
            Some((6, 78)),
        ),
        (ipv6(&[(0, options(0))], 6, 0)[..45].to_vec(), None),
        (vec![0x60; 39], None),
        (ipv4(10, 6, 0, 20), None),
        // Longer chains than any real packet has are given up.
        (ipv6(&vec![(60, options(0)); 9], 6, 20), None),
    ] {
        let found = transport(&frame(&[0x86dd], &packet));
        let wanted = wanted.map(|(protocol, offset)| Transport { protocol, offset });
        assert_eq!(found, wanted, "{packet:x?}");
    }
}

#[test]
fn no_bytes_make_it_look_outside() {
    let mut state = 3_u64;
    for round in 0..200_000 {
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        };
        let mut packet: Vec<u8> = (0..round % 130).map(|_| next()).collect();
        if let [.., high, low] = &mut packet[..usize::min(14, round % 130)] {
            (*high, *low) = [(8, 0), (0x86, 0xdd), (0x81, 0)][round % 3];
        }
        if let Some(first) = packet.get_mut(14) {
            *first = [0x45, 0x60, 0x4f][round % 3];
        }
        if let Some(found) = transport(&packet) {
            assert!(found.offset <= packet.len(), "{packet:x?}");
        }
    }
}
