// SPDX-License-Identifier: GPL-2.0-only
//! Packets from files and interfaces, and the file they are written back to.

mod harness;

use std::net::UdpSocket;

use harness::packets::{attached_from, packet, pcap, read_back, verdicts};
use harness::{Client, Scratch};
use serde_json::json;

fn attached(programs: &[&str]) -> (Client, u64) {
    attached_from("hooks", programs)
}

#[test]
fn packets_of_a_file_get_verdicts_and_are_written_back() {
    let scratch = Scratch::new();
    let packets: Vec<_> = (0..4).map(packet).collect();
    let path = scratch.write("in.pcap", pcap(&packets));
    let out = scratch.path().join("out.pcapng");
    let (mut client, object) = attached(&["filters"]);
    let exit = client.run(
        object,
        &json!({ "kind": "pcap", "path": path, "write": out }),
    );
    assert_eq!(exit["status"], 0);
    let expected = [
        (0, "XDP_PASS", 60),
        (1, "XDP_DROP", 60),
        (2, "XDP_TX", 60),
        (3, "XDP_PASS", 20),
    ];
    let expected: Vec<_> = expected
        .map(|(index, name, length)| (index, name.to_owned(), length))
        .into();
    assert_eq!(verdicts(&client), expected);
    let map = client.call("map", json!({ "object": object, "name": "PACKETS" }));
    assert!(
        map["entries"]
            .as_array()
            .unwrap()
            .iter()
            .all(|entry| entry["value"] == "0100000000000000")
    );

    let written = read_back(&out);
    assert_eq!(written.len(), 4);
    assert_eq!(
        written[1],
        (
            101_000_007_000,
            packets[1].clone(),
            "rex: XDP_DROP".into(),
            1
        )
    );
    assert_eq!((written[2].1[1], written[2].3), (0xee, 3));
    assert_eq!(
        (written[3].1.len(), written[3].1[19], written[3].3),
        (20, 0xdd, 2)
    );
    // What was written can be read again.
    let exit = client.run(object, &json!({ "kind": "pcap", "path": out }));
    assert_eq!(exit["status"], 0);
    assert_eq!(verdicts(&client).len(), 8);
}

#[test]
fn a_program_that_panics_on_a_packet_passes_it_and_is_gone() {
    let scratch = Scratch::new();
    let path = scratch.write("in.pcap", pcap(&[packet(1), packet(4), packet(1)]));
    let (mut client, object) = attached(&["filters"]);
    let exit = client.run(object, &json!({ "kind": "pcap", "path": path }));
    assert_eq!(exit["status"], 1);
    assert!(exit["message"].as_str().unwrap().contains("no program"));
    let names: Vec<_> = verdicts(&client)
        .into_iter()
        .map(|(_, name, _)| name)
        .collect();
    assert_eq!(names, ["XDP_DROP", "XDP_PASS"]);
    assert_eq!(client.events("panic").len(), 1);
}

#[test]
fn broken_packet_files_are_named() {
    let scratch = Scratch::new();
    let (mut client, object) = attached(&["filters"]);
    let nothing = scratch.write("empty.pcap", "");
    let text = scratch.write("text.pcap", "this is not a packet file, but long enough");
    let mut wireless = pcap(&[packet(1)]);
    wireless[20] = 105;
    let wireless = scratch.write("wireless.pcap", wireless);
    for path in [nothing, text, wireless, scratch.path().join("missing.pcap")] {
        let source = json!({ "kind": "pcap", "path": path });
        let error = client.refused("source", json!({ "object": object, "source": source }));
        assert_eq!(error["code"], 1006, "{error}");
        assert_eq!(error["data"]["path"], json!(path));
    }
    let mut cut = pcap(&[packet(1), packet(2)]);
    cut.truncate(cut.len() - 10);
    let cut = scratch.write("cut.pcap", cut);
    let exit = client.run(object, &json!({ "kind": "pcap", "path": cut }));
    assert_eq!((&exit["status"], verdicts(&client).len()), (&json!(1), 1));
    assert!(
        exit["message"].as_str().unwrap().contains("packet 1"),
        "{exit}"
    );
}

#[test]
fn a_full_disk_is_said_and_nothing_else_breaks() {
    let scratch = Scratch::new();
    let path = scratch.write("in.pcap", pcap(&[packet(1), packet(2)]));
    let (mut client, object) = attached(&["filters"]);
    let exit = client.run(
        object,
        &json!({ "kind": "pcap", "path": path, "write": "/dev/full" }),
    );
    assert_eq!(exit["status"], 1);
    assert!(
        exit["message"].as_str().unwrap().contains("No space left"),
        "{exit}"
    );
    assert_eq!(
        client.run(object, &json!({ "kind": "pcap", "path": path }))["status"],
        0
    );
}

#[test]
fn a_live_interface_gives_copies_or_says_why_not() {
    let (mut client, object) = attached(&["filters"]);
    let source = json!({ "kind": "iface", "name": "lo" });
    // SAFETY: geteuid has no preconditions.
    let root = unsafe { libc::geteuid() } == 0;
    if !root {
        let error = client.refused("source", json!({ "object": object, "source": source }));
        assert_eq!(error["code"], 1007);
        return;
    }
    let started = client.call("source", json!({ "object": object, "source": source }));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .send_to(b"hello", socket.local_addr().unwrap())
        .unwrap();
    client.event(|event| event["event"] == "verdict");
    client.call("stop", json!({ "source": started["source"] }));
    let unknown = json!({ "kind": "iface", "name": "loo" });
    let error = client.refused("source", json!({ "object": object, "source": unknown }));
    assert_eq!(error["data"]["near"], json!(["lo"]));
}
