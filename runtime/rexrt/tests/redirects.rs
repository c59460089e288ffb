// SPDX-License-Identifier: GPL-2.0-only
//! Packets that programs move, send elsewhere and rewrite.

mod harness;

use std::ffi::CString;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::Command;
use std::thread;

use harness::packets::{attached_from, packet, pcap, read_back, verdicts};
use harness::{Client, Scratch};
use serde_json::{Value, json};

const BOTH: &[&str] = &["receives", "handles"];

/// Runs both programs on packets with these first bytes; gives what they printed.
fn ran(client: &mut Client, object: u64, packets: &[Vec<u8>]) -> Vec<String> {
    let scratch = Scratch::new();
    let path = scratch.write("in.pcap", pcap(packets));
    let exit = client.run(object, &json!({ "kind": "pcap", "path": path }));
    assert_eq!(
        (&exit["status"], client.events("panic")),
        (&json!(0), vec![])
    );
    let text = |event: &Value| {
        let message = event["message"].as_str().unwrap();
        message.split_once("] ").unwrap().1.trim_end().to_owned()
    };
    client.events("trace").iter().map(text).collect()
}

#[test]
fn a_redirect_is_a_verdict_with_its_interface() {
    let (mut client, object) = attached_from("packets", BOTH);
    ran(&mut client, object, &[0x10, 0x12, 0x14, 0x22].map(packet));
    let names: Vec<_> = verdicts(&client)
        .into_iter()
        .map(|verdict| verdict.1)
        .collect();
    let wanted = [
        "XDP_REDIRECT",
        "XDP_ABORTED",
        "XDP_REDIRECT",
        "XDP_PASS",
        "TC_ACT_REDIRECT",
    ];
    assert_eq!(names, wanted);
    let redirects: Vec<_> = (client.events("verdict").iter())
        .map(|event| event.get("redirect").cloned())
        .collect();
    let to = |flags: u64| Some(json!({ "ifindex": 7, "flags": flags, "errno": 0 }));
    // A verdict without a call of the helper before it goes nowhere.
    assert_eq!(redirects, [to(0), None, Some(Value::Null), None, to(1)]);
}

#[test]
fn head_and_metadata_reach_the_next_program() {
    let (mut client, object) = attached_from("packets", BOTH);
    let metadata = format!("{:?}", b"metadata");
    let wanted = [
        format!("{metadata} 80"),
        "Err(EINVAL) 22".to_owned(),
        format!("{metadata} 80"),
    ];
    assert_eq!(ran(&mut client, object, &[packet(0x16)]), wanted);
}

#[test]
fn bytes_are_copied_out_and_in() {
    let (mut client, object) = attached_from("packets", BOTH);
    let mut data = packet(0x18);
    data[1..5].copy_from_slice(&[1, 2, 3, 4]);
    let said = ran(&mut client, object, &[data]);
    assert_eq!(said, ["4030201 [4, 3, 2, 1] true"]);
}

#[test]
fn copies_are_written_before_the_packet() {
    let scratch = Scratch::new();
    let path = scratch.write("in.pcap", pcap(&[packet(0x20), packet(0x10)]));
    let out = scratch.path().join("out.pcapng");
    let (mut client, object) = attached_from("packets", BOTH);
    let source = json!({ "kind": "pcap", "path": path, "write": out });
    assert_eq!(client.run(object, &source)["status"], 0);
    let traces = client.events("trace");
    assert!(traces[0]["message"].as_str().unwrap().contains("Err(-22)"));
    let copies = &client.events("verdict")[1]["copies"];
    let wanted = json!([
        { "ifindex": 8, "flags": 0, "length": 60 },
        { "ifindex": 9, "flags": 1, "length": 60 },
    ]);
    assert_eq!(copies, &wanted);
    let written = read_back(&out);
    let seen: Vec<_> = written
        .iter()
        .map(|(_, data, comment, verdict)| (&data[..3], comment.as_str(), *verdict))
        .collect();
    let wanted: [(&[u8], &str, u64); 4] = [
        (&[0x20, 0, 0], "rex: copy to interface 8", 0),
        (&[0x20, 1, 0], "rex: copy to interface 9", 0),
        (&[0x20, 2, 3], "rex: TC_ACT_OK", 0),
        (&[0x10, 0, 0], "rex: XDP_REDIRECT to interface 7", 4),
    ];
    assert_eq!(seen, wanted);
}

#[test]
fn packets_of_a_file_come_in_at_an_interface() {
    let (mut client, object) = attached_from("packets", BOTH);
    ran(&mut client, object, &[packet(0x28)]);
    assert_eq!(client.events("verdict")[1]["copies"][0]["ifindex"], 1);
}

#[test]
fn checksums_follow_what_is_rewritten() {
    let (mut client, object) = attached_from("packets", BOTH);
    let mut data = packet(0x24);
    for (byte, value) in data[2..].iter_mut().zip((0..=255_u8).rev().step_by(3)) {
        *byte = value;
    }
    assert_eq!(ran(&mut client, object, &[data]), ["true"]);
}

#[test]
fn a_tail_that_needs_new_memory_is_seen_at_once() {
    let (mut client, object) = attached_from("packets", BOTH);
    let said = ran(&mut client, object, &[packet(0x26)]);
    assert_eq!(said, ["Err(EFAULT) [0, 0, 0, 0] 5000"]);
    let verdict = client.events("verdict").pop().unwrap();
    assert_eq!(
        (&verdict["length"], &verdict["mark"]),
        (&json!(40), &json!(5))
    );
}

/// A packet socket at an interface of this thread's network namespace.
struct Wire(OwnedFd);

impl Wire {
    fn open(name: &str) -> Self {
        let all = (libc::ETH_P_ALL as u16).to_be();
        // SAFETY: no pointers; the descriptor was just made and is owned by nobody else. An
        // all-zero address is valid.
        let (socket, mut address): (_, libc::sockaddr_ll) = unsafe {
            let socket = libc::socket(libc::AF_PACKET, libc::SOCK_RAW, all.into());
            (OwnedFd::from_raw_fd(socket), std::mem::zeroed())
        };
        let name = CString::new(name).unwrap();
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = all;
        let timeout = libc::timeval {
            tv_sec: 10,
            tv_usec: 0,
        };
        // SAFETY: the pointers go with the sizes of what they point to; the name is NUL
        // terminated.
        unsafe {
            address.sll_ifindex = libc::if_nametoindex(name.as_ptr()) as i32;
            let (size, fd) = (size_of_val(&address) as u32, socket.as_raw_fd());
            assert_eq!(libc::bind(fd, (&raw const address).cast(), size), 0);
            let (level, option) = (libc::SOL_SOCKET, libc::SO_RCVTIMEO);
            let size = size_of_val(&timeout) as u32;
            let set = libc::setsockopt(fd, level, option, (&raw const timeout).cast(), size);
            assert_eq!(set, 0);
        }
        Self(socket)
    }

    fn send(&self, packet: &[u8]) {
        // SAFETY: the packet goes with its size.
        let sent =
            unsafe { libc::send(self.0.as_raw_fd(), packet.as_ptr().cast(), packet.len(), 0) };
        assert_eq!(sent, packet.len() as isize);
    }

    /// The next packet that begins with `first`; the kernel sends some of its own.
    fn receive(&self, first: u8) -> Vec<u8> {
        loop {
            let mut packet = vec![0; 2048];
            // SAFETY: the buffer goes with its size.
            let length = unsafe {
                libc::recv(
                    self.0.as_raw_fd(),
                    packet.as_mut_ptr().cast(),
                    packet.len(),
                    0,
                )
            };
            packet.truncate(usize::try_from(length).expect("a packet comes in time"));
            if packet[0] == first {
                return packet;
            }
        }
    }
}

#[test]
fn between_real_interfaces_packets_are_really_sent() {
    // The namespace lasts as long as this thread and what it starts.
    let test = thread::spawn(|| {
        // SAFETY: changes the network namespace of this thread only.
        let made = unsafe { libc::unshare(libc::CLONE_NEWNET) } == 0;
        let ip = |arguments: &str| {
            let status = Command::new("ip").args(arguments.split(' ')).status();
            status.is_ok_and(|status| status.success())
        };
        let pair = |name: &str, index: u32| {
            ip(&format!(
                "link add {name} index {index} type veth peer name {name}-far"
            )) && ip(&format!("link set {name} up"))
                && ip(&format!("link set {name}-far up"))
        };
        if made && pair("source", 6) && pair("seven", 7) && pair("eight", 8) {
            packets_are_sent();
        } else {
            println!("no network namespace with interfaces can be made here");
        }
    });
    test.join().unwrap();
}

fn packets_are_sent() {
    let (source, seven, eight) = ("source-far", "seven-far", "eight-far");
    let (source, seven, eight) = (Wire::open(source), Wire::open(seven), Wire::open(eight));
    let (mut client, object) = attached_from("packets", BOTH);
    let live = json!({ "kind": "iface", "name": "source" });
    let started = client.call("source", json!({ "object": object, "source": live }));
    source.send(&packet(0x10));
    assert_eq!(seven.receive(0x10), packet(0x10));
    let redirect = |event: &Value| event["redirect"]["ifindex"] == 7;
    assert_eq!(client.event(redirect)["redirect"]["errno"], 0);
    source.send(&packet(0x20));
    assert_eq!(eight.receive(0x20), packet(0x20));
    // The second copy was to come in at an interface, which a socket cannot do.
    let refused = u64::from((-libc::EOPNOTSUPP) as u32);
    let copied = client.event(|event| event.get("copies").is_some());
    assert_eq!(copied["verdict"], refused);
    assert_eq!(copied["copies"].as_array().unwrap().len(), 1);
    client.call("stop", json!({ "source": started["source"] }));
}
