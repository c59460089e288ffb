// SPDX-License-Identifier: GPL-2.0-only
//! What the machine code of common operations comes to, read from objdump.

use std::process::Command;

use crate::toolchain::{build, succeed};

/// Instructions of eBPF's inlined array lookup on x86: load the index, compare, jump, scale,
/// add the base, and a program's test for null (`array_map_gen_lookup`, 6.1 and later).
const EBPF_ARRAY_LOOKUP: usize = 8;

/// The instructions of every function of the fixture, by its name.
fn listing() -> Vec<(String, Vec<String>)> {
    let elf = build("fast-paths", include_str!("fixtures/fast_paths.rs")).expect("it builds");
    let mut objdump = Command::new("objdump");
    objdump
        .env("LC_ALL", "C")
        .args(["-d", "--no-show-raw-insn", "--demangle"])
        .arg(elf);
    let mut functions: Vec<(String, Vec<String>)> = Vec::new();
    for line in succeed(&mut objdump).lines() {
        if let Some(name) = line
            .strip_suffix(">:")
            .and_then(|line| line.split_once('<'))
        {
            functions.push((name.1.to_owned(), Vec::new()));
        } else if let (Some((_, code)), Some((_, body))) =
            (line.trim_start().split_once(":\t"), functions.last_mut())
        {
            body.push(code.trim().to_owned());
        }
    }
    functions
}

/// What a function does between its prologue and its return.
fn body(listing: &[(String, Vec<String>)], name: &str) -> Vec<String> {
    let (_, all) = listing
        .iter()
        .find(|(found, _)| found == &format!("extension::{name}"))
        .unwrap_or_else(|| panic!("no function {name}"));
    let frame = |code: &&String| {
        let word = code.split_whitespace().next().unwrap_or("");
        let around = [
            "endbr64", "push", "pop", "nop", "nopl", "nopw", "int3", "cs", "data16",
        ];
        around.contains(&word)
            || code.ends_with("%rsp,%rbp")
            || code.contains("<__x86_return_thunk>")
    };
    all.iter().filter(|code| !frame(code)).cloned().collect()
}

fn calls(body: &[String]) -> usize {
    body.iter().filter(|code| code.starts_with("call")).count()
}

#[test]
fn an_array_lookup_is_a_comparison_and_an_address() {
    let listing = listing();
    for name in ["array_of_words", "array_of_structs", "array_by_helper_name"] {
        let body = body(&listing, name);
        assert_eq!(calls(&body), 0, "{name}: {body:#?}");
        let jumps = body.iter().filter(|code| code.starts_with('j')).count();
        assert_eq!(jumps, 1, "{name}: {body:#?}");
        // One of them is the program's own addition.
        assert!(body.len() - 1 <= EBPF_ARRAY_LOOKUP, "{name}: {body:#?}");
    }
    let walk = body(&listing, "array_in_a_loop");
    assert_eq!(calls(&walk), 0, "{walk:#?}");
}

#[test]
fn a_per_cpu_array_lookup_is_one_call() {
    let body = body(&listing(), "per_cpu_array");
    assert_eq!(calls(&body), 1, "{body:#?}");
    assert!(
        body.iter().any(|code| code.contains("<rex_map_lookup>")),
        "{body:#?}"
    );
}

#[test]
fn an_atomic_static_is_one_instruction() {
    let body = body(&listing(), "atomic_static");
    assert!(body.len() == 1 && body[0].starts_with("lock"), "{body:#?}");
}
