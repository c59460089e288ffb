// SPDX-License-Identifier: GPL-2.0-only
//! Event sources, driven by real processes, files and packets.

mod harness;

use std::fs;
use std::net::UdpSocket;
use std::path::Path;

use harness::{Client, Scratch, extension};
use serde_json::{Value, json};

fn attached(programs: &[&str]) -> (Client, u64) {
    let mut client = Client::stdio();
    let object = client.load(&extension("hooks"), &Value::Null);
    for program in programs {
        client.call("attach", json!({ "object": object, "program": program }));
    }
    (client, object)
}

fn perl(script: &str) -> Value {
    json!({ "kind": "command", "argv": ["perl", "-MPOSIX", "-e", script] })
}

fn messages(client: &Client) -> Vec<String> {
    let message = |event: &Value| event["message"].as_str().unwrap().to_owned();
    client.events("trace").iter().map(message).collect()
}

#[test]
fn system_calls_of_a_child_drive_tracepoints() {
    let (mut client, object) = attached(&["enters", "exits", "every"]);
    let script = "open(my $f, '<', '/does/not/exist'); POSIX::dup(1); POSIX::dup(99); print 'out'; warn 'err'; exit 3";
    let exit = client.run(object, &perl(script));
    assert_eq!(exit["status"], 3);
    let messages = messages(&client);
    let has = |wanted: &str| {
        assert!(
            messages.iter().any(|found| found.contains(wanted)),
            "{wanted}: {messages:#?}"
        )
    };
    has("openat gave -2");
    has("enter 32 fd 1 1 by perl: false Err(-17)");
    has("enter 32 fd 99 99 by perl: false Err(-17)");
    has("raw exit of 32: -9");
    assert_eq!(client.output("stdout"), "out");
    assert!(client.output("stderr").starts_with("err at"));
    let map = client.call("map", json!({ "object": object, "name": "DESCRIPTORS" }));
    assert_eq!(map["entries"][0]["value"], "6300000000000000");
}

#[test]
fn an_overridden_system_call_does_not_happen() {
    let (mut client, object) = attached(&["injects", "every"]);
    let script =
        "print defined POSIX::dup(77) ? 'ok' : $!+0, ' ', defined POSIX::dup(1) ? 'ok' : 'failed'";
    client.run(object, &perl(script));
    assert_eq!(client.output("stdout"), "5 ok");
    assert!(
        messages(&client)
            .iter()
            .any(|message| message.contains("raw exit of 32: -5"))
    );
}

#[test]
fn children_of_the_child_are_followed() {
    let (mut client, object) = attached(&["enters"]);
    let script = "for (1..3) { if (!fork) { POSIX::dup(40 + $_); exit 0 } } wait for 1..3; \
                  exec 'perl', '-MPOSIX', '-e', 'POSIX::dup(50); kill 15, $$'";
    let exit = client.run(object, &perl(script));
    assert_eq!(
        (&exit["status"], &exit["signal"]),
        (&json!(143), &json!(15))
    );
    let messages = messages(&client);
    for descriptor in [41, 42, 43, 50] {
        let wanted = format!("fd {descriptor} ");
        assert_eq!(
            messages
                .iter()
                .filter(|found| found.contains(&wanted))
                .count(),
            1,
            "{messages:#?}"
        );
    }
}

#[test]
fn a_wrapped_function_gets_a_pointer_to_the_users_registers() {
    let (mut client, object) = attached(&["follows"]);
    client.run(object, &perl("syscall(102)"));
    let messages = messages(&client);
    assert!(
        messages
            .iter()
            .any(|found| found.contains("getuid 102 Err(-14) 0 102")),
        "{messages:#?}"
    );
}

#[test]
fn a_source_can_be_stopped_with_everything_it_started() {
    let (mut client, object) = attached(&["enters"]);
    let script = "$SIG{TERM} = 'IGNORE'; POSIX::setsid() if !fork; sleep 1000";
    let started = client.call(
        "source",
        json!({ "object": object, "source": perl(script) }),
    );
    let pid = started["pid"].as_i64().unwrap();
    assert!(Path::new(&format!("/proc/{pid}")).exists());
    client.call("stop", json!({ "source": started["source"] }));
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
    assert!(!sleeping(script));
    let exit = client.event(|event| event["event"] == "exit");
    assert_eq!(exit["signal"], libc::SIGKILL);
    let again = client.refused("stop", json!({ "source": started["source"] }));
    assert_eq!(again["code"], 1003);
}

/// Whether any process runs this script.
fn sleeping(script: &str) -> bool {
    fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).contains(script)
    })
}

#[test]
fn unloading_kills_the_child() {
    let (mut client, object) = attached(&["enters"]);
    let script = "sleep 1001";
    client.call(
        "source",
        json!({ "object": object, "source": perl(script) }),
    );
    client.call("unload", json!({ "object": object }));
    assert!(!sleeping(script));
    assert_eq!(client.call("list", json!({}))["objects"], json!([]));
}

#[test]
fn a_command_that_does_not_exist_is_named() {
    let (mut client, object) = attached(&["enters"]);
    let source = json!({ "kind": "command", "argv": ["/does/not/exist"] });
    let error = client.refused("source", json!({ "object": object, "source": source }));
    assert_eq!(error["code"], 1006);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("/does/not/exist")
    );
}

/// Packets as a classic pcap, and what they hold.
fn pcap(packets: &[Vec<u8>]) -> Vec<u8> {
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

fn packet(first: u8) -> Vec<u8> {
    let mut packet = vec![0; 60];
    packet[0] = first;
    packet
}

fn verdicts(client: &Client) -> Vec<(u64, String, u64)> {
    let verdict = |event: &Value| {
        (
            event["index"].as_u64().unwrap(),
            event["name"].as_str().unwrap().to_owned(),
            event["length"].as_u64().unwrap(),
        )
    };
    client.events("verdict").iter().map(verdict).collect()
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

/// Time in nanoseconds, data, comment and verdict of each packet, by another reader's eyes.
fn read_back(path: &Path) -> Vec<(u64, Vec<u8>, String, u64)> {
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
                        assert_eq!(value[0], 2, "the type for XDP");
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
fn events_of_a_file_drive_all_kinds() {
    let scratch = Scratch::new();
    let path = scratch.write(
        "events.json",
        "{\"tracepoint\": \"syscalls/sys_enter_dup\", \"args\": [5], \"pid\": 4000000, \"comm\": \"told\"}\n\
         {\"tracepoint\": \"raw_syscalls/sys_exit\", \"nr\": 32, \"ret\": 6}\n\
         {\"packet\": \"02000000000000000000000000000000\"}\n",
    );
    let (mut client, object) = attached(&["enters", "every", "filters"]);
    let exit = client.run(object, &json!({ "kind": "events", "path": path }));
    assert_eq!(exit["status"], 0);
    let messages = messages(&client);
    assert!(
        messages[0].contains("enter 32 fd 5 5 by told"),
        "{messages:?}"
    );
    assert!(messages[1].contains("raw exit of 32: 6"), "{messages:?}");
    assert_eq!(verdicts(&client), [(0, "XDP_TX".to_owned(), 16)]);
    let bad = scratch.write("bad.json", "{\"packet\": 7}");
    let source = json!({ "kind": "events", "path": bad });
    let error = client.refused("source", json!({ "object": object, "source": source }));
    assert!(
        error["message"].as_str().unwrap().contains("line 1"),
        "{error}"
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

#[test]
fn a_source_that_nothing_fits_is_refused() {
    let (mut client, object) = attached(&["filters"]);
    let error = client.refused("source", json!({ "object": object, "source": perl("1") }));
    assert_eq!(error["code"], 1006);
    let source = json!({ "kind": "timer", "hz": 10, "count": 1 });
    let error = client.refused("source", json!({ "object": object, "source": source }));
    assert!(
        error["message"].as_str().unwrap().contains("perf event"),
        "{error}"
    );
}

#[test]
fn unknown_hooks_are_refused_with_names_like_them() {
    let mut client = Client::stdio();
    let object = client.load(&extension("hooks"), &Value::Null);
    for (program, attach, code, near) in [
        (
            "enters",
            "syscalls/sys_enter_dpu",
            1004,
            "syscalls/sys_enter_dup",
        ),
        (
            "enters",
            "raw_syscalls/sys_entre",
            1004,
            "raw_syscalls/sys_enter",
        ),
        ("injects", "__x64_sys_opneat", 1004, "__x64_sys_openat"),
        ("injects", "dup", 1004, "__x64_sys_dup"),
        ("enters", "sched/sched_switch", 1005, ""),
        ("enters", "", 1004, ""),
    ] {
        let params = json!({ "object": object, "program": program, "attach": attach });
        let error = client.refused("attach", params);
        assert_eq!(error["code"], code, "{error}");
        if !near.is_empty() {
            assert_eq!(error["data"]["near"][0], near, "{error}");
        }
    }
    // The layout of another hook's record.
    let params =
        json!({ "object": object, "program": "enters", "attach": "syscalls/sys_exit_dup" });
    let error = client.refused("attach", params);
    assert!(
        error["message"].as_str().unwrap().contains("`fildes`"),
        "{error}"
    );
    // All or nothing: one of them cannot be put there, so none is.
    client.refused(
        "attach",
        json!({ "object": object, "attach": "__x64_sys_dup" }),
    );
    let list = client.call("list", json!({}));
    let programs = list["objects"][0]["programs"].as_array().unwrap();
    assert!(
        programs.iter().all(|program| program["state"] == "loaded"),
        "{programs:#?}"
    );
}
