// SPDX-License-Identifier: GPL-2.0-only
//! `rex_printk!` writes what `format!` writes.

mod harness;

use std::fmt::{self, Debug, Display};

use harness::{Client, extension, syscalls};
use serde_json::json;

/// As in the extension.
#[derive(Debug)]
struct Shown(u64);

impl Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<{}>", self.0)
    }
}

/// What a program prints, the name of the function left out.
fn printed(program: &str, number: i64) -> Vec<String> {
    let mut client = Client::stdio();
    let object = client.load(&extension("printed"), &json!({}));
    client.call("attach", json!({ "object": object, "program": program }));
    let argv = syscalls(&[number]);
    client.run(object, &json!({ "kind": "command", "argv": argv }));
    assert_eq!(client.events("panic"), Vec::<serde_json::Value>::new());
    let traces = client.events("trace");
    let messages = traces.iter().map(|event| {
        let message = event["message"].as_str().unwrap();
        let (_, message) = message.split_once("] ").expect("the function is named");
        message.to_owned()
    });
    let messages = messages.collect();
    assert!(client.close().success());
    messages
}

#[test]
#[allow(
    clippy::all,
    clippy::pedantic,
    reason = "the extension's lines are compiled as they are"
)]
fn what_core_writes_is_written() {
    let said = std::cell::RefCell::new(Vec::new());
    macro_rules! say {
        ($($all:tt)*) => {
            said.borrow_mut().push(format!($($all)*))
        };
    }
    fn both<T: Display + Debug>(value: &T) -> String {
        format!("{value} {value:?}")
    }
    let generic = |value: &i32| said.borrow_mut().push(both(value));
    include!("extensions/printed_cases.rs");
    assert_eq!(printed("prints", libc::SYS_getpgrp), said.into_inner());
}

#[test]
fn what_cannot_be_printed_is_an_error_and_a_print_in_a_print_keeps_both() {
    assert_eq!(
        printed("fails", libc::SYS_getppid),
        ["inner 1", "outer", "Err(-22) Err(-7) Err(-7)"]
    );
}
