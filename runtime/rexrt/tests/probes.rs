// SPDX-License-Identifier: GPL-2.0-only
//! Probes in user space: real functions of real processes.

mod harness;

use std::path::PathBuf;
use std::process::Command;

use harness::{Client, Scratch, extension};
use serde_json::{Value, json};

/// A program of its own, with functions to probe.
const PROGRAM: &str = r#"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) int down(int depth) { return depth == 0 ? 1 : 1 + down(depth - 1); }

static volatile int result;

static void *work(void *number)
{
	int sum = 0;

	for (int i = 0; i < 50; i++)
		sum += atoi(number);
	if (sum != 350)
		abort();
	return NULL;
}

int main(int argc, char **argv)
{
	char name[16] = "REX_A";

	getenv(name);
	if (argc > 1 && argv[1][0] == 't') {
		pthread_t threads[4];
		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, work, "7");
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
	} else if (argc > 1 && argv[1][0] == 'f') {
		if (fork() == 0) {
			result = atoi("11");
			execl(argv[0], argv[0], "e", NULL);
		}
		wait(NULL);
		result = atoi("12");
		if (vfork() == 0)
			_exit(atoi("13"));
		wait(NULL);
	} else {
		result = atoi("42");
		printf("%d\n", down(3));
	}
	return 0;
}
"#;

fn compile(scratch: &Scratch, flags: &[&str]) -> PathBuf {
    let source = scratch.write("program.c", PROGRAM);
    let program = scratch.path().join("program");
    let status = Command::new("cc")
        .args(["-O0", "-pthread"])
        .args(flags)
        .arg("-o")
        .args([&program, &source])
        .status();
    assert!(status.unwrap().success());
    program
}

/// Runs the program with probes on its own function `down`, or where they are declared.
fn run(programs: &[&str], argument: &str, flags: &[&str]) -> (Vec<String>, Client) {
    let scratch = Scratch::new();
    let program = compile(&scratch, flags);
    let mut client = Client::stdio();
    let object = client.load(&extension("hooks"), &Value::Null);
    for name in programs {
        let mut params = json!({ "object": object, "program": name });
        if argument == "down" {
            params["attach"] = format!("{}:down", program.display()).into();
        }
        client.call("attach", params);
    }
    let exit = client.run(
        object,
        &json!({ "kind": "command", "argv": [program, argument] }),
    );
    assert_eq!(exit["status"], 0, "{exit}");
    let text = |event: &Value| {
        let message = event["message"].as_str().unwrap();
        message.split_once("] ").unwrap().1.to_owned()
    };
    (client.events("trace").iter().map(text).collect(), client)
}

#[test]
fn functions_of_a_library_are_probed_at_entry_and_return() {
    for flags in [&[][..], &["-no-pie"]] {
        let (texts, client) = run(&["asks", "converts"], "", flags);
        assert_eq!(texts, ["getenv \"REX_A\"", "atoi gives 42"]);
        assert_eq!(client.output("stdout"), "4\n");
    }
}

#[test]
fn each_call_of_a_recursive_function_returns() {
    for flags in [&[][..], &["-no-pie"]] {
        let (texts, _) = run(&["converts"], "down", flags);
        let wanted = [
            "atoi gives 1",
            "atoi gives 2",
            "atoi gives 3",
            "atoi gives 4",
        ];
        assert_eq!(texts, wanted);
    }
}

#[test]
fn forked_children_and_their_programs_are_probed() {
    let (mut texts, _) = run(&["asks", "converts"], "f", &[]);
    texts.sort();
    let wanted = [
        "atoi gives 11",
        "atoi gives 12",
        "atoi gives 13",
        "atoi gives 42",
        "getenv \"REX_A\"",
        "getenv \"REX_A\"",
    ];
    assert_eq!(texts, wanted);
}

#[test]
fn every_thread_is_probed() {
    let (texts, _) = run(&["converts"], "t", &[]);
    assert_eq!(texts.len(), 200);
    assert!(texts.iter().all(|text| text == "atoi gives 7"));
}

#[test]
fn functions_that_are_not_there_are_named() {
    let mut client = Client::stdio();
    let object = client.load(&extension("hooks"), &Value::Null);
    for (target, wanted) in [
        ("libc.so.6:getenw", "has no function `getenw`"),
        ("libc.so.6:strlen", "indirect function"),
        ("getenv", "expected `binary:symbol`"),
    ] {
        let params = json!({ "object": object, "program": "asks", "attach": target });
        let refused = client.refused("attach", params);
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(wanted), "{message}");
    }
}
