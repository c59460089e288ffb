// SPDX-License-Identifier: GPL-2.0-only
//! A stock kernel with `rex.ko`: the images that the simulator's tests run, in one boot.

#[allow(dead_code, reason = "shared with the tests of the other target")]
#[path = "../../rexrt/tests/harness/build.rs"]
mod build;
mod damage;
#[allow(dead_code, reason = "shared with the tests of the other target")]
#[path = "../../rexrt/tests/harness/scratch.rs"]
mod scratch;
mod stock;

use std::fs;
use std::time::Duration;

use rex_vm::machine::Machine;
use scratch::Scratch;
use serde_json::{Value, json};

/// How long an event may take: emulated, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program of `ends.rs`, its system call, the event of its stop and the line to blame.
const ENDS: [(&str, i64, &str, &str); 9] = [
    (
        "panics_with_a_lock",
        libc::SYS_getpid,
        "panic",
        "// panics here",
    ),
    ("loops", libc::SYS_getppid, "terminated", "// loops here"),
    ("recurses", libc::SYS_getuid, "stack", ""),
    ("illegal", libc::SYS_geteuid, "fault", ""),
    (
        "takes_too_much",
        libc::SYS_gettid,
        "panic",
        "// runs out of slots",
    ),
    ("locks_twice", libc::SYS_getpgrp, "panic", "// locks twice"),
    (
        "formats_for_ever",
        libc::SYS_sched_yield,
        "panic",
        "// cannot be formatted",
    ),
    // At a call that comes back: pause(2) would not.
    ("panics_twice", libc::SYS_getpid, "panic", "// panics twice"),
    ("loops_in_helpers", libc::SYS_getpgid, "terminated", ""),
];

struct Guest {
    machine: Machine,
}

impl Guest {
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.machine
            .ask(method, &params)
            .unwrap_or_else(|error| panic!("{method} {params}: {error}"))
    }

    fn refused(&mut self, method: &str, params: Value) -> Value {
        self.machine.ask(method, &params).expect_err(method)
    }

    fn load(&mut self, image: &str) -> u64 {
        self.call("load", json!({ "image": image }))["object"]
            .as_u64()
            .unwrap()
    }

    /// Makes system calls in the guest; gives what they returned.
    fn syscalls(&mut self, numbers: &[i64]) -> Vec<i64> {
        let done = self.call("syscalls", json!({ "numbers": numbers }));
        assert_eq!(done["status"], 0, "the process that called is not harmed");
        let results = done["results"].as_array().unwrap().iter();
        results.map(|result| result.as_i64().unwrap()).collect()
    }

    fn event(&mut self, kind: &str, program: &str) -> Value {
        let wanted = |event: &Value| event["event"] == kind && event["program"] == program;
        let found = self.machine.event(PATIENCE, wanted);
        found.unwrap_or_else(|| panic!("no {kind} of {program}\n{}", self.machine.console()))
    }

    fn status(&mut self, object: u64, program: &str) -> Value {
        self.call("status", json!({ "object": object, "program": program }))
    }
}

#[test]
fn a_stock_kernel_runs_what_the_simulator_runs() {
    let scratch = Scratch::new();
    let ends = fs::read(build::extension("ends")).unwrap();
    let mut images = vec![("ends".to_owned(), ends.clone())];
    for name in ["inside", "kinds"] {
        images.push((name.into(), fs::read(build::extension(name)).unwrap()));
    }
    let damaged = damage::all(&ends);
    images.extend(
        damaged
            .iter()
            .map(|case| (case.name.clone(), case.file.clone())),
    );
    let machine = stock::boot(&scratch, images, 2);
    let mut guest = Guest { machine };

    programs_end_and_the_kernel_goes_on(&mut guest);
    a_leak_is_released(&mut guest);
    a_program_dies_once(&mut guest);
    hooks_that_are_not_there(&mut guest);
    hooks_give_what_they_saw(&mut guest);
    interrupts_that_are_off_do_not_help(&mut guest);
    locks_exclude(&mut guest);
    maps_are_the_kernels(&mut guest);
    for case in &damaged {
        let refused = guest.refused("load", json!({ "image": case.name }));
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(case.problem), "{}: {refused}", case.name);
    }
    the_kernel_says_nothing_bad(&mut guest);
    a_stray_access_is_survived(&mut guest);
    guest.call("remove_module", json!({}));
    a_kernel_closed_to_modules_is_closed_to_images(&mut guest);
}

/// Makes both calls that `survives` and a program of a case are at; gives the program's stop.
fn stop(guest: &mut Guest, program: &str, number: i64, kind: &str) -> Value {
    let object = guest.load("ends");
    let target = if program == "panics_twice" {
        "__x64_sys_getpid"
    } else {
        ""
    };
    guest.call(
        "attach",
        json!({ "object": object, "program": program, "target": target }),
    );
    guest.call("attach", json!({ "object": object, "program": "survives" }));
    guest.syscalls(&[number, libc::SYS_alarm]);
    let stop = guest.event(kind, program);
    let trace = guest.event("trace", "survives");
    let message = trace["message"].as_str().unwrap();
    assert!(
        message.contains("still here as "),
        "locks and records are free: {message}"
    );
    guest.call("unload", json!({ "object": object }));
    stop
}

fn programs_end_and_the_kernel_goes_on(guest: &mut Guest) {
    for (program, number, kind, mark) in ENDS {
        let stop = stop(guest, program, number, kind);
        if !mark.is_empty() {
            assert_eq!(stop["line"], build::line("ends", mark), "{stop:#}");
            let file = stop["file"].as_str().unwrap();
            assert!(file.ends_with("ends.rs"), "{file}");
        }
    }
}

fn a_leak_is_released(guest: &mut Guest) {
    let object = guest.load("ends");
    for name in ["leaks", "survives"] {
        guest.call("attach", json!({ "object": object, "program": name }));
    }
    guest.syscalls(&[libc::SYS_getegid, libc::SYS_alarm]);
    for (resource, mark) in [
        ("task reference", "// leaks a task"),
        ("ring buffer reservation", "// leaks a record"),
        ("spin lock", "// leaks a lock"),
    ] {
        let leak = guest.event("leak", "leaks");
        assert_eq!(leak["resource"], resource, "last acquired first");
        assert_eq!(leak["line"], build::line("ends", mark), "{leak:#}");
    }
    guest.event("trace", "survives");
    guest.call("unload", json!({ "object": object }));
}

fn a_program_dies_once(guest: &mut Guest) {
    let object = guest.load("ends");
    let program = "panics_with_a_lock";
    let attach = json!({ "object": object, "program": program });
    guest.call("attach", attach.clone());
    guest.syscalls(&[libc::SYS_getpid, libc::SYS_getpid]);
    guest.event("panic", program);
    let status = guest.status(object, program);
    assert_eq!(
        (&status["runs"], &status["dead"]),
        (&json!(1), &json!(true))
    );
    let refused = guest.refused("attach", attach);
    assert!(
        refused["message"].as_str().unwrap().contains("is dead"),
        "{refused}"
    );
    guest.call("unload", json!({ "object": object }));
}

fn hooks_that_are_not_there(guest: &mut Guest) {
    let object = guest.load("ends");
    for (target, problem) in [
        (
            "no_such_function",
            "there is no kernel function `no_such_function`",
        ),
        ("__x64_sys_getpid+x", "the offset is not a number"),
    ] {
        let attach = json!({ "object": object, "program": "survives", "target": target });
        let refused = guest.refused("attach", attach);
        assert!(
            refused["message"].as_str().unwrap().contains(problem),
            "{refused}"
        );
    }
    guest.call("unload", json!({ "object": object }));
}

fn hooks_give_what_they_saw(guest: &mut Guest) {
    let object = guest.load("inside");
    let enters =
        json!({ "object": object, "program": "enters", "target": "syscalls/sys_enter_dup" });
    guest.call("attach", enters);
    for program in ["returns", "injects"] {
        guest.call("attach", json!({ "object": object, "program": program }));
    }
    let results = guest.syscalls(&[libc::SYS_dup, libc::SYS_getpid]);
    assert_eq!(results[0], -5, "the call was not made");
    assert_eq!(
        guest.event("trace", "enters")["message"],
        "[inside::enters] call 32 with 0"
    );
    assert_eq!(
        guest.event("trace", "returns")["message"],
        "[inside::returns] true"
    );
    guest.call("detach", json!({ "object": object, "program": "injects" }));
    assert_ne!(guest.syscalls(&[libc::SYS_dup])[0], -5, "it is made again");
    guest.call("unload", json!({ "object": object }));
}

fn interrupts_that_are_off_do_not_help(guest: &mut Guest) {
    let object = guest.load("inside");
    guest.call(
        "attach",
        json!({ "object": object, "program": "loops_with_a_lock" }),
    );
    guest.syscalls(&[libc::SYS_getuid]);
    let stop = guest.event("terminated", "loops_with_a_lock");
    assert_eq!(
        stop["line"],
        build::line("inside", "// loops with a lock"),
        "{stop:#}"
    );
    assert_eq!(stop["released"], 1, "the lock");
    guest.call(
        "attach",
        json!({ "object": object, "program": "samples_for_ever", "cpu": 1 }),
    );
    let stop = guest.event("terminated", "samples_for_ever");
    assert_eq!(
        stop["line"],
        build::line("inside", "// samples for ever"),
        "{stop:#}"
    );
    guest.call("unload", json!({ "object": object }));
}

/// Two CPUs count under one lock, as often as they can.
fn locks_exclude(guest: &mut Guest) {
    const TIMES: u64 = 2000;
    let object = guest.load("inside");
    for program in ["counts", "tells"] {
        guest.call("attach", json!({ "object": object, "program": program }));
    }
    guest.call(
        "syscalls",
        json!({ "numbers": [libc::SYS_getppid], "times": TIMES, "cpus": 2 }),
    );
    guest.syscalls(&[libc::SYS_getgid]);
    let counted = guest.event("trace", "tells");
    // The quotient is the compiler's call for a division of 128 bits.
    let expected = format!("[inside::tells] {} {}", 2 * TIMES, (7i128 << 70) / -3);
    assert_eq!(counted["message"], expected);
    guest.call("unload", json!({ "object": object }));
}

/// The same lines as the simulator's, but for what a hash seed decides in the kernel: which
/// entries an LRU map drops, and what a walk meets that deletes and adds on its way.
fn maps_are_the_kernels(guest: &mut Guest) {
    let object = guest.load("kinds");
    for (program, number, expected) in [
        (
            "per_cpu",
            libc::SYS_sched_yield,
            "Some(5) 0 None None Some(6) None",
        ),
        (
            "prefixes",
            libc::SYS_sync,
            "(Some(2), Some(1), None) 32 Err(EINVAL)",
        ),
        ("remembers", libc::SYS_alarm, "true true"),
    ] {
        guest.call("attach", json!({ "object": object, "program": program }));
        guest.syscalls(&[number]);
        let message = format!("[kinds::{program}] {expected}");
        assert_eq!(guest.event("trace", program)["message"], message);
    }
    guest.call("unload", json!({ "object": object }));
}

/// The one kind of stop that leaves a trace of its own in the kernel's log.
fn a_stray_access_is_survived(guest: &mut Guest) {
    let stop = stop(guest, "reads_null", libc::SYS_getgid, "fault");
    assert_eq!(
        stop["line"],
        build::line("ends", "// faults here"),
        "{stop:#}"
    );
    assert!(
        stop["message"].as_str().unwrap().ends_with("exception 14"),
        "{stop}"
    );
}

fn a_kernel_closed_to_modules_is_closed_to_images(guest: &mut Guest) {
    guest.call("insert_module", json!({}));
    let object = guest.load("ends");
    guest.call("unload", json!({ "object": object }));
    let close = json!({ "path": "/proc/sys/kernel/modules_disabled", "text": "1" });
    guest.call("write", close);
    let refused = guest.refused("load", json!({ "image": "ends" }));
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("modules_disabled"), "{refused}");
}

fn the_kernel_says_nothing_bad(guest: &mut Guest) {
    let log = guest.call("kernel_log", json!({}));
    let lines = log["lines"].as_array().unwrap().iter();
    let words = [
        "BUG",
        "WARNING:",
        "Oops",
        "Call Trace",
        "scheduling while atomic",
    ];
    let bad: Vec<_> = lines
        .filter_map(Value::as_str)
        .filter(|line| words.iter().any(|word| line.contains(word)))
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
}
