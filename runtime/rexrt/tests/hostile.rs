// SPDX-License-Identifier: GPL-2.0-only
//! Safe programs do not get at what is not theirs through maps.

mod harness;

use harness::{Client, extension, syscalls};
use serde_json::{Value, json};

fn after(programs: &[(&str, i64)]) -> (Client, u64) {
    let mut client = Client::stdio();
    let object = client.load(&extension("hostile"), &json!({}));
    for (program, number) in programs {
        client.call("attach", json!({ "object": object, "program": program }));
        let argv = syscalls(&[*number]);
        client.run(object, &json!({ "kind": "command", "argv": argv }));
    }
    for kind in ["panic", "terminated", "fault", "leak"] {
        assert_eq!(client.events(kind), Vec::<Value>::new());
    }
    (client, object)
}

fn entries(client: &mut Client, object: u64, name: &str) -> Vec<(String, String)> {
    let map = client.call("map", json!({ "object": object, "name": name }));
    let mut entries: Vec<_> = (map["entries"].as_array().unwrap().iter())
        .map(|entry| {
            let text = |side: &str| entry[side].as_str().unwrap().to_owned();
            (text("key"), text("value"))
        })
        .collect();
    entries.sort();
    entries
}

#[test]
fn padding_never_leaves_a_program() {
    let (mut client, object) = after(&[("leaks_padding", libc::SYS_getpgrp)]);
    let message = &client.events("trace")[0]["message"];
    assert_eq!(message, "[hostile::leaks_padding] true");
    let padded = |number: u8| format!("0100000000000000{number:02x}000000000000000200000000000000");
    let number = |number: u8| format!("{number:02x}000000");
    let none = String::new;
    for (name, expected) in [
        ("keys", vec![(padded(1), number(1))]),
        (
            "values",
            vec![(number(1), padded(1)), (number(2), padded(2))],
        ),
        (
            "array",
            vec![(number(0), "00".repeat(24)), (number(1), padded(3))],
        ),
        ("queue", vec![(none(), padded(1)), (none(), padded(2))]),
    ] {
        assert_eq!(entries(&mut client, object, name), expected, "{name}");
    }
    let each = &entries(&mut client, object, "each")[0].1;
    assert!(
        each.starts_with(&padded(4)) && each.len() == 8 * 48,
        "{each}"
    );
    assert!(!each.contains("a5"), "{each}");
    assert!(client.close().success());
}

#[test]
fn a_fresh_record_is_empty() {
    let (mut client, object) = after(&[("reads_a_fresh_record", libc::SYS_sched_yield)]);
    let record = format!("09{}", "00".repeat(15));
    let found = entries(&mut client, object, "ring");
    assert_eq!(found, [(String::new(), record)]);
    assert!(client.close().success());
}

#[test]
fn two_references_to_an_entry_see_each_other() {
    let (client, _) = after(&[("keeps_two_references", libc::SYS_sync)]);
    let message = &client.events("trace")[0]["message"];
    assert_eq!(message, "[hostile::keeps_two_references] On 6");
    assert!(client.close().success());
}

#[test]
fn a_deleted_entry_is_still_memory_of_its_type() {
    let (mut client, object) = after(&[
        ("keeps_two_references", libc::SYS_sync),
        ("uses_a_deleted_entry", libc::SYS_alarm),
    ]);
    let traces = client.events("trace");
    let message = &traces.last().unwrap()["message"];
    assert_eq!(message, "[hostile::uses_a_deleted_entry] Off false 21");
    for (_, value) in entries(&mut client, object, "entries") {
        assert!(
            matches!(&value[..2], "00" | "77"),
            "a state of the enum: {value}"
        );
    }
    assert!(client.close().success());
}
