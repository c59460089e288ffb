// SPDX-License-Identifier: GPL-2.0-only
//! Event sources, driven by real processes, files and packets.

mod harness;

use std::fs;
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

/// Messages without the function in front.
fn texts(client: &Client) -> Vec<String> {
    let messages = messages(client).into_iter();
    messages
        .map(|message| message.split_once("] ").unwrap().1.to_owned())
        .collect()
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
fn a_kretprobe_sees_what_a_system_call_returns() {
    let (mut client, object) = attached(&["returns", "injects"]);
    client.run(object, &perl("POSIX::dup(99); POSIX::dup(77)"));
    assert_eq!(texts(&client), ["dup returns -9", "dup returns -5"]);
}

#[test]
fn memory_and_ids_of_the_child_are_read() {
    let (mut client, object) = attached(&["looks"]);
    let script = "$SIG{USR1} = sub { print 'signalled' }; open(my $f, '<', '/does/not/exist')";
    client.run(object, &perl(script));
    // SAFETY: these have no preconditions.
    let ids = unsafe { u64::from(libc::getgid()) << 32 | u64::from(libc::getuid()) };
    let wanted =
        format!("opens \"/does/not/exist\" \"/do\" Err(EFAULT) 0 by \"perl\" true {ids:x}");
    assert_eq!(texts(&client), [wanted]);
    assert_eq!(client.output("stdout"), "signalled");
}

#[test]
fn events_drive_any_tracepoint_and_no_other_program() {
    let scratch = Scratch::new();
    let path = scratch.path().join("events.jsonl");
    let lines = [
        json!({ "tracepoint": "sched/sched_switch", "fields": { "prev_comm": "swapper", "prev_state": -3, "next_pid": 12 } }),
        json!({ "tracepoint": "sched/sched_process_exec", "fields": { "filename": "/bin/true", "pid": 5, "old_pid": 4 } }),
        json!({ "tracepoint": "sched/sched_process_exec", "fields": { "pid": 6 } }),
        json!({ "tracepoint": "sched/sched_wakeup", "fields": { "pid": 5 } }),
        json!({ "kprobe": "__x64_sys_dup", "args": [77] }),
        json!({ "kretprobe": "__x64_sys_dup", "ret": 8 }),
        json!({ "tracepoint": "syscalls/sys_enter_dup", "args": [1] }),
        json!({ "kprobe": "__x64_sys_openat", "args": [0, 4096] }),
    ];
    fs::write(&path, lines.map(|line| line.to_string()).join("\n")).unwrap();
    let (mut client, object) = attached(&["switches", "starts", "injects", "returns", "looks"]);
    client.run(object, &json!({ "kind": "events", "path": path }));
    let wanted = [
        "swapper in state -3 to 12",
        "5 starts /bin/true (4)",
        "6 starts  (0)",
        "dup returns 8",
    ];
    assert_eq!(texts(&client), wanted);
}

#[test]
fn no_descriptor_reaches_out_of_the_record() {
    let scratch = Scratch::new();
    let path = scratch.path().join("events.jsonl");
    let lines = [
        json!({ "tracepoint": "sched/sched_process_exec", "fields": { "filename": "/bin/ls" } }),
        json!({ "kprobe": "__x64_sys_dup" }),
    ];
    fs::write(&path, lines.map(|line| line.to_string()).join("\n")).unwrap();
    let (mut client, object) = attached(&["reaches", "reaches_elsewhere"]);
    client.run(object, &json!({ "kind": "events", "path": path }));
    assert_eq!(texts(&client), ["24 0 0 0 0 0", "0"]);
}

#[test]
fn a_tracepoint_is_compared_field_by_field() {
    let mut client = Client::stdio();
    let object = client.load(&extension("hooks"), &Value::Null);
    let attach =
        |target: &str| json!({ "object": object, "program": "switches", "attach": target });
    let refused = client.refused("attach", attach("sched/sched_wakeup"));
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("field `prev_comm`"), "{message}");
    let refused = client.refused("attach", attach("sched/sched_swich"));
    assert_eq!(refused["data"]["near"][0], "sched/sched_switch");
    client.call("attach", attach("tracepoint/sched/sched_switch"));
    let command = json!({ "object": object, "source": perl("1") });
    let refused = client.refused("source", command);
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("no attached program fits"), "{message}");
}

#[test]
fn what_is_unloaded_says_that_it_is_detached() {
    let (mut client, object) = attached(&["enters", "returns"]);
    client.call("unload", json!({ "object": object }));
    for program in ["enters", "returns"] {
        client.event(|event| event["event"] == "detach" && event["program"] == program);
    }
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
    let verdict = &client.events("verdict")[0];
    assert_eq!(
        (&verdict["name"], &verdict["length"]),
        (&json!("XDP_TX"), &json!(16))
    );
    let bad = scratch.write("bad.json", "{\"packet\": 7}");
    let source = json!({ "kind": "events", "path": bad });
    let error = client.refused("source", json!({ "object": object, "source": source }));
    assert!(
        error["message"].as_str().unwrap().contains("line 1"),
        "{error}"
    );
}

#[test]
fn a_timer_drives_perf_event_programs() {
    let (mut client, object) = attached(&["samples"]);
    let exit = client.run(object, &json!({ "kind": "timer", "hz": 200, "count": 3 }));
    assert_eq!(exit["status"], 0);
    let messages = messages(&client);
    assert_eq!(messages.len(), 3);
    assert!(
        messages[0].contains("sample every 5000000 ns, Err(-95) Err(EOPNOTSUPP)"),
        "{messages:?}"
    );
    let source = json!({ "kind": "timer", "hz": 0, "count": 3 });
    let error = client.refused("source", json!({ "object": object, "source": source }));
    assert_eq!(error["code"], 1006);
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
fn only_programs_that_do_not_override_are_attached_where_nothing_may_be_injected() {
    let mut client = Client::stdio();
    let hooks = client.load(&extension("hooks"), &Value::Null);
    let hidden = client.load(&extension("injectors"), &Value::Null);
    let binary = "libc.so.6:getenv";
    for (object, program, attach, found) in [
        (hooks, "injects", "__do_sys_dup", "`__x64_sys_*`"),
        (hooks, "injects", "__se_sys_dup", "`__x64_sys_*`"),
        (hooks, "injects", "kprobe/sys_dup", "`__x64_sys_*`"),
        (
            hidden,
            "injects_indirectly",
            "__do_sys_dup",
            "`__x64_sys_*`",
        ),
        (hidden, "injects_at_a_uprobe", binary, "found a uprobe"),
    ] {
        let params = json!({ "object": object, "program": program, "attach": attach });
        let error = client.refused("attach", params);
        assert_eq!(error["code"], 1007, "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("`bpf_override_return`"), "{message}");
        assert!(message.contains(found), "{message}");
    }
    for (object, program, attach) in [
        (hooks, "injects", "__x64_sys_dup"),
        (hooks, "injects", "ksyscall/close"),
        (hidden, "injects_indirectly", "__x64_sys_dup"),
        (hooks, "sees_arguments", "__do_sys_dup"),
        (hooks, "sees_arguments", "sys_close"),
        (hooks, "asks", binary),
    ] {
        let params = json!({ "object": object, "program": program, "attach": attach });
        client.call("attach", params);
    }
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
