// SPDX-License-Identifier: GPL-2.0-only
//! Every way a run can end before its program returns, and what is left afterwards.

mod harness;

use harness::build::line;
use harness::{Client, extension, syscalls};
use serde_json::{Value, json};

/// Budget of the programs here.
const BUDGET_MS: u64 = 50;
const FILE: &str = "ends.rs";

struct Ended {
    events: Vec<Value>,
    client: Client,
    object: u64,
}

/// Makes these system calls, and then the one whose program shows that all is well.
fn run(programs: &[&str], numbers: &[i64]) -> Ended {
    let mut client = Client::stdio();
    let budget = json!({ "budget_ms": { "task": BUDGET_MS } });
    let object = client.load(&extension("ends"), &budget);
    for program in programs.iter().chain(&["survives"]) {
        client.call("attach", json!({ "object": object, "program": program }));
    }
    let mut numbers = numbers.to_vec();
    numbers.push(libc::SYS_alarm);
    let exit = client.run(
        object,
        &json!({ "kind": "command", "argv": syscalls(&numbers) }),
    );
    assert_eq!(exit["status"], 0, "the child is not harmed");
    let traces = client.events("trace");
    let message = traces.last().expect("the runtime goes on")["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.contains("still here"), "{message}");
    let stops = ["panic", "terminated", "stack", "fault", "leak"];
    let events = stops.iter().flat_map(|kind| client.events(kind)).collect();
    Ended {
        events,
        client,
        object,
    }
}

/// Checks the one stop of a program: dead, detached, and blamed on a line.
fn check(program: &str, number: i64, kind: &str, message: &str, mark: &str) -> Value {
    let mut ended = run(&[program], &[number, number]);
    assert_eq!(
        ended.events.len(),
        1,
        "once, and never again: {:#?}",
        ended.events
    );
    let event = ended.events[0].clone();
    assert_eq!(
        (&event["event"], &event["program"]),
        (&json!(kind), &json!(program))
    );
    let found = event["message"].as_str().unwrap();
    assert!(found.contains(message), "{found}");
    if !mark.is_empty() {
        assert_eq!(event["file"], FILE, "{event:#}");
        assert_eq!(event["line"], line("ends", mark), "{event:#}");
        let frames = event["frames"].as_array().unwrap();
        assert!(
            frames.iter().any(|frame| frame["line"] == event["line"]),
            "{event:#}"
        );
    }
    let detached = ended.client.events("detach");
    assert!(detached.iter().any(|event| event["program"] == program));
    let list = ended.client.call("list", json!({}));
    let programs = list["objects"][0]["programs"].as_array().unwrap();
    let listed = programs
        .iter()
        .find(|listed| listed["name"] == program)
        .unwrap();
    assert_eq!(
        (&listed["state"], &listed["runs"]),
        (&json!("dead"), &json!(1))
    );
    assert_eq!(list["objects"][0]["object"], ended.object);
    assert!(ended.client.close().success());
    event
}

#[test]
fn a_panic_releases_its_lock_and_names_its_line() {
    let event = check(
        "panics_with_a_lock",
        libc::SYS_getpid,
        "panic",
        "index out of bounds: the len is 3 but the index is 3",
        "// panics here",
    );
    assert_eq!(event["column"], 8);
    assert!(
        event["frames"][0]["function"]
            .as_str()
            .unwrap()
            .contains("panics_with_a_lock")
    );
}

#[test]
fn an_endless_loop_is_terminated() {
    check(
        "loops",
        libc::SYS_getppid,
        "terminated",
        "time budget of 50 ms",
        "// loops here",
    );
}

#[test]
fn a_loop_over_helpers_is_terminated() {
    check(
        "loops_in_helpers",
        libc::SYS_getpgid,
        "terminated",
        "time budget",
        "// loops in a helper",
    );
}

#[test]
fn deep_recursion_ends_at_the_stack_limit() {
    let event = check(
        "recurses",
        libc::SYS_getuid,
        "stack",
        "stack budget of 16384 bytes",
        "",
    );
    let frames = event["frames"].as_array().unwrap();
    let deep = frames
        .iter()
        .filter(|frame| frame["function"].as_str().unwrap().ends_with("deeper"));
    assert!(deep.count() > 10, "{frames:#?}");
}

#[test]
fn a_wild_read_is_a_fault() {
    check(
        "reads_null",
        libc::SYS_getgid,
        "fault",
        "0x8 (SIGSEGV)",
        "// faults here",
    );
}

#[test]
fn an_illegal_instruction_is_a_fault() {
    check("illegal", libc::SYS_geteuid, "fault", "SIGILL", "");
}

#[test]
fn an_indirect_call_off_the_list_is_a_fault() {
    check(
        "calls_nowhere",
        libc::SYS_sync,
        "fault",
        "no function of the image",
        "// calls nowhere",
    );
}

#[test]
fn running_out_of_slots_is_a_panic() {
    check(
        "takes_too_much",
        libc::SYS_gettid,
        "panic",
        "more than 64 resources",
        "// runs out of slots",
    );
}

#[test]
fn taking_a_lock_twice_is_a_panic() {
    check(
        "locks_twice",
        libc::SYS_getpgrp,
        "panic",
        "holds already",
        "// locks twice",
    );
}

#[test]
fn a_message_that_never_ends_falls_back_to_the_location() {
    check(
        "formats_for_ever",
        libc::SYS_sched_yield,
        "panic",
        "ended while it formatted",
        "// cannot be formatted",
    );
}

#[test]
fn what_a_run_leaves_behind_is_released_and_reported() {
    let ended = run(&["leaks"], &[libc::SYS_getegid]);
    let mut leaks: Vec<_> = (ended.events.iter())
        .map(|event| {
            assert_eq!(
                (&event["event"], &event["file"]),
                (&json!("leak"), &json!(FILE))
            );
            (
                event["resource"].as_str().unwrap(),
                event["line"].as_u64().unwrap(),
            )
        })
        .collect();
    leaks.sort_unstable();
    // The interpreter asks for its group too.
    leaks.dedup();
    let expected = [
        ("ring buffer reservation", line("ends", "// leaks a record")),
        ("spin lock", line("ends", "// leaks a lock")),
        ("task reference", line("ends", "// leaks a task")),
    ];
    assert_eq!(leaks, expected);
}

#[test]
fn a_panic_inside_a_panic_falls_back_to_the_location() {
    // pause(2) would wait for ever, so the child has an alarm.
    let mut client = Client::stdio();
    let object = client.load(&extension("ends"), &Value::Null);
    client.call(
        "attach",
        json!({ "object": object, "program": "panics_twice" }),
    );
    let script = format!("alarm 1; syscall({})", libc::SYS_pause);
    let argv = ["perl", "-e", &script];
    let exit = client.run(object, &json!({ "kind": "command", "argv": argv }));
    assert_eq!(exit["signal"], libc::SIGALRM);
    let event = &client.events("panic")[0];
    assert!(
        event["message"]
            .as_str()
            .unwrap()
            .contains("ended while it formatted")
    );
    assert_eq!(event["line"], line("ends", "// panics twice"));
}
