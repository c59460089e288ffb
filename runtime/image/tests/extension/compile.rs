// SPDX-License-Identifier: GPL-2.0-only
//! What extensions may and may not say, as the compiler sees it.

use crate::toolchain::{build, check};

/// Everything that upstream's samples do, in few lines.
const ACCEPTED: &str = include_str!("fixtures/upstream_idioms.rs");
/// The packet's slice used as upstream's.
const PACKETS: &str = include_str!("fixtures/packet_idioms.rs");

/// Sources that must be refused. A line that ends in `//~ text` is where an error whose
/// message or label contains the text has to point.
const REFUSED: &[(&str, &str)] = &[
    ("signatures", include_str!("fixtures/signatures.rs")),
    ("attributes", include_str!("fixtures/attributes.rs")),
    ("map_kinds", include_str!("fixtures/map_kinds.rs")),
    ("map_shapes", include_str!("fixtures/map_shapes.rs")),
    ("map_values", include_str!("fixtures/map_values.rs")),
    ("read_types", include_str!("fixtures/read_types.rs")),
    ("forged", include_str!("fixtures/forged.rs")),
    ("packets", include_str!("fixtures/packets.rs")),
    ("contexts", include_str!("fixtures/contexts.rs")),
    ("own_rex", include_str!("fixtures/own_rex.rs")),
];

#[test]
fn upstream_idioms_build_and_link() {
    for (name, source) in [("accepted", ACCEPTED), ("packet-idioms", PACKETS)] {
        if let Err(said) = build(name, source) {
            panic!("{name} refused:\n{said}");
        }
    }
}

/// One error of the compiler's output: its text, and the lines it points at.
struct Said {
    text: String,
    lines: Vec<usize>,
}

/// Splits the compiler's output into errors.
fn errors(said: &str) -> Vec<Said> {
    let mut errors: Vec<Said> = Vec::new();
    let mut in_error = false;
    for line in said.lines() {
        if line.starts_with("error") {
            in_error = true;
            errors.push(Said {
                text: String::new(),
                lines: Vec::new(),
            });
        } else if line.starts_with("warning") {
            in_error = false;
        }
        let Some(error) = errors.last_mut().filter(|_| in_error) else {
            continue;
        };
        error.text.push_str(line);
        error.text.push('\n');
        let place = line
            .trim_start()
            .strip_prefix("--> ")
            .or(line.trim_start().strip_prefix("::: "));
        if let Some((rest, _)) = place.and_then(|place| place.rsplit_once(':'))
            && let Some((file, number)) = rest.rsplit_once(':')
            && file.ends_with("main.rs")
        {
            error.lines.extend(number.parse::<usize>());
        }
    }
    errors
}

#[test]
fn what_must_not_compile_is_refused_where_it_stands() {
    for (name, source) in REFUSED {
        // Every piece between `//---` lines is a crate: one error must not hide another.
        let (head, pieces) = source.split_once("//---\n").expect("a fixture has pieces");
        for piece in pieces.split("//---\n") {
            let source = format!("{head}{piece}");
            let said = check(name, &source).expect_err(&format!("{name} accepted:\n{piece}"));
            let errors = errors(&said);
            let mut expected = 0;
            for (index, line) in source.lines().enumerate() {
                let Some((_, wanted)) = line.split_once("//~ ") else {
                    continue;
                };
                expected += 1;
                let found = errors
                    .iter()
                    .any(|error| error.text.contains(wanted) && error.lines.contains(&(index + 1)));
                assert!(
                    found,
                    "{name}: expected `{wanted}` at line {}:\n{source}\n{said}",
                    index + 1
                );
            }
            assert!(
                expected > 0,
                "{name}: a piece says nothing about its error:\n{piece}"
            );
        }
    }
}
