// SPDX-License-Identifier: GPL-2.0-only
//! Packets in files, and what became of them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Client, extension};

/// A daemon with an extension of the tests and some of its programs attached.
pub fn attached_from(name: &str, programs: &[&str]) -> (Client, u64) {
    let mut client = Client::stdio();
    let object = client.load(&extension(name), &Value::Null);
    for program in programs {
        client.call("attach", json!({ "object": object, "program": program }));
    }
    (client, object)
}

/// Packets as a classic pcap, and what they hold.
pub fn pcap(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 65535, 1] {
        file.extend(word.to_le_bytes());
    }
    for (index, packet) in packets.iter().enumerate() {
        for word in [
            100 + index as u32,
            7,
            packet.len() as u32,
            packet.len() as u32,
        ] {
            file.extend(word.to_le_bytes());
        }
        file.extend(packet);
    }
    file
}

/// A packet whose first byte says what is done with it.
pub fn packet(first: u8) -> Vec<u8> {
    let mut packet = vec![0; 60];
    packet[0] = first;
    packet
}

/// Number, verdict and length of each packet.
pub fn verdicts(client: &Client) -> Vec<(u64, String, u64)> {
    let verdict = |event: &Value| {
        (
            event["index"].as_u64().unwrap(),
            event["name"].as_str().unwrap().to_owned(),
            event["length"].as_u64().unwrap(),
        )
    };
    client.events("verdict").iter().map(verdict).collect()
}

/// Time in nanoseconds, data, comment and verdict of each packet, by another reader's eyes.
pub fn read_back(path: &Path) -> Vec<(u64, Vec<u8>, String, u64)> {
    let bytes = fs::read(path).unwrap();
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut packets = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length = word(at + 4) as usize;
        assert_eq!(word(at + length - 4) as usize, length, "both lengths agree");
        if word(at) == 6 {
            let time = u64::from(word(at + 12)) << 32 | u64::from(word(at + 16));
            let captured = word(at + 20) as usize;
            let data = bytes[at + 28..at + 28 + captured].to_vec();
            let mut option = at + 28 + captured.next_multiple_of(4);
            let (mut comment, mut verdict) = (String::new(), 0);
            loop {
                let (code, size) = (word(option) & 0xffff, (word(option) >> 16) as usize);
                let value = &bytes[option + 4..option + 4 + size];
                match code {
                    0 => break,
                    1 => comment = String::from_utf8(value.to_vec()).unwrap(),
                    7 => {
                        assert!(matches!(value[0], 1 | 2), "a type for XDP or TC");
                        verdict = u64::from_le_bytes(value[1..].try_into().unwrap());
                    }
                    other => panic!("option {other}"),
                }
                option += 4 + size.next_multiple_of(4);
            }
            packets.push((time, data, comment, verdict));
        }
        at += length;
    }
    packets
}
