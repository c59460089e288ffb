// SPDX-License-Identifier: GPL-2.0-only
//! Every kind of map as a program uses it.

mod harness;

use harness::{Client, extension, syscalls};
use serde_json::json;

#[test]
fn each_kind_does_what_the_kernels_does() {
    let mut client = Client::stdio();
    let object = client.load(&extension("kinds"), &json!({}));
    client.call("attach", json!({ "object": object }));
    let numbers = [
        libc::SYS_getpgrp,
        libc::SYS_sched_yield,
        libc::SYS_sync,
        libc::SYS_alarm,
        libc::SYS_getpgid,
    ];
    for (number, expected) in numbers.into_iter().zip([
        "[kinds::evicts] 8 0 true Err(-17)",
        "[kinds::per_cpu] Some(5) 0 None None Some(6) None",
        "[kinds::prefixes] (Some(2), Some(1), None) 32 Err(EINVAL)",
        "[kinds::remembers] true true",
        "[kinds::walks] 10 4 2 Some(9)",
    ]) {
        let argv = syscalls(&[number]);
        client.run(object, &json!({ "kind": "command", "argv": argv }));
        let traces = client.events("trace");
        assert_eq!(traces.last().unwrap()["message"], expected, "{traces:#?}");
    }
    let read = |client: &mut Client, name: &str| {
        let map = client.call("map", json!({ "object": object, "name": name }));
        (
            map["type"].clone(),
            map["entries"].as_array().unwrap().len(),
        )
    };
    assert_eq!(read(&mut client, "routes"), (json!("lpm_trie"), 2));
    assert_eq!(read(&mut client, "both"), (json!("lru_percpu_hash"), 8));
    assert_eq!(read(&mut client, "each"), (json!("percpu_hash"), 1));
    assert!(client.close().success());
}
