// SPDX-License-Identifier: GPL-2.0-only
//! What safe code does to a lock costs exclusion, never memory or the runtime.

mod harness;

use harness::build::line;
use harness::{Client, extension, syscalls};
use serde_json::{Value, json};

/// Loads the extension with these programs attached.
fn loaded(programs: &[&str]) -> (Client, u64) {
    let mut client = Client::stdio();
    let budget = json!({ "budget_ms": { "task": 300 } });
    let object = client.load(&extension("locks"), &budget);
    for program in programs {
        client.call("attach", json!({ "object": object, "program": program }));
    }
    (client, object)
}

fn run(client: &mut Client, object: u64, number: i64) {
    let argv = syscalls(&[number]);
    let exit = client.run(object, &json!({ "kind": "command", "argv": argv }));
    assert_eq!(exit["status"], 0, "{exit}");
}

fn check(event: &Value, message: &str, mark: &str) {
    let found = event["message"].as_str().unwrap();
    assert!(found.contains(message), "{event:#}");
    assert_eq!(event["line"], line("locks", mark), "{event:#}");
}

#[test]
fn a_word_that_was_overwritten_does_not_give_the_lock_twice() {
    let (mut client, object) = loaded(&["frees_it_and_locks_again"]);
    run(&mut client, object, libc::SYS_getpgrp);
    let panics = client.events("panic");
    check(
        &panics[0],
        "a spin lock that it holds already",
        "// locks again",
    );
    assert!(client.close().success());
}

#[test]
fn an_overwritten_word_stays_and_whoever_waits_for_it_ends() {
    let (mut client, object) = loaded(&["overwrites_it", "waits_for_it"]);
    run(&mut client, object, libc::SYS_sched_yield);
    let traces = client.events("trace");
    assert_eq!(traces[0]["message"], "[locks::overwrites_it] 0xdeadbeef");
    run(&mut client, object, libc::SYS_sync);
    check(&client.events("terminated")[0], "time budget", "// waits");
    assert!(client.close().success());
}

#[test]
fn a_lock_on_the_stack_harms_nobody() {
    let (mut client, object) = loaded(&["locks_its_stack"]);
    run(&mut client, object, libc::SYS_alarm);
    let traces = client.events("trace");
    assert_eq!(traces[0]["message"], "[locks::locks_its_stack] 0 224");
    let leaks = client.events("leak");
    assert_eq!(leaks.len(), 1);
    assert_eq!(leaks[0]["resource"], "spin lock", "{leaks:#?}");
    assert_eq!(leaks[0]["line"], line("locks", "// leaks"));
    run(&mut client, object, libc::SYS_alarm);
    assert_eq!(client.events("trace").len(), 2, "it goes on");
    assert!(client.close().success());
}

#[test]
fn a_lock_in_memory_that_may_go_is_refused() {
    let (mut client, object) = loaded(&["locks_a_record"]);
    run(&mut client, object, libc::SYS_getpgid);
    let panics = client.events("panic");
    check(
        &panics[0],
        "neither in a map nor on its stack",
        "// locks a record",
    );
    let read = json!({ "object": object, "name": "RING" });
    assert_eq!(client.call("map", read)["entries"], json!([]));
    assert!(client.close().success());
}

#[test]
fn locks_are_released_in_any_order() {
    let (mut client, object) = loaded(&["nests"]);
    run(&mut client, object, libc::SYS_getsid);
    assert_eq!(client.events("trace")[0]["message"], "[locks::nests] 0 0");
    assert_eq!(client.events("leak"), Vec::<Value>::new());
    assert!(client.close().success());
}

#[test]
fn a_deadlock_ends() {
    let (mut client, object) = loaded(&["one_way", "other_way"]);
    let mut sources = Vec::new();
    for number in [libc::SYS_getuid, libc::SYS_geteuid] {
        let source = json!({ "kind": "command", "argv": syscalls(&[number; 100]) });
        let started = client.call("source", json!({ "object": object, "source": source }));
        sources.push(started["source"].clone());
    }
    for source in sources {
        client.event(|event| event["event"] == "exit" && event["source"] == source);
    }
    let ended = client.events("terminated");
    assert!(!ended.is_empty() && ended.len() <= 2, "{ended:#?}");
    assert!(!client.events("trace").is_empty(), "one of them gets both");
    assert!(client.close().success());
}
