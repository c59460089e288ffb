// SPDX-License-Identifier: GPL-2.0-only
//! Predicted and measured stack: programs run on a stack filled with a pattern, and what
//! they wrote of it is compared with what the analyser says about their code.
//!
//! `REX_STACK_PROGRAMS` says how many programs are generated, 80 if it is not set;
//! `REX_STACK_REPORT` names a directory that tables of what was measured are written to.

mod harness;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use harness::build::{self, Source};
use rex_image::{Analysis, Certainty, Image, Usage, analyse};
use rex_sim::measure::{self, StackUse};

/// Lengths of the packets that packet programs get.
const LENGTHS: [usize; 5] = [14, 60, 61, 200, 1514];
/// Programs of one generated crate.
const TOGETHER: usize = 16;

/// Runs every program and hands what it used to `judge`, with what was predicted.
fn run(image: &Image, mut judge: impl FnMut(&str, &Usage, Option<&Usage>, StackUse)) {
    let analysis: Analysis = analyse(image).expect("the image passes the audit");
    for facts in &analysis.programs {
        let name = &image.programs[facts.program].name;
        for length in LENGTHS {
            let used = measure::stack(image.clone(), name, length).expect("the program runs");
            judge(name, &facts.stack, facts.panic_stack.as_ref(), used);
        }
    }
}

fn fits(name: &str, predicted: &Usage, panic: Option<&Usage>, used: StackUse) {
    let bound = match panic.filter(|_| used.stopped) {
        Some(panic) => panic,
        None => predicted,
    };
    let checks = u64::from(rex_abi::REX_STACK_BUDGET + rex_abi::REX_STACK_SLACK);
    let bytes = match bound.certainty {
        Certainty::Exact | Certainty::AtMost => u64::from(bound.bytes),
        Certainty::AtLeast | Certainty::Unknown => checks,
    };
    assert!(
        used.bytes <= bytes,
        "{name} used {used:?}, predicted {bound:?}"
    );
    assert!(used.bytes > 0, "{name} ran without a stack");
}

/// A table with this title and head, as `NAME.md` of the directory for reports.
fn report(name: &str, title: &str, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    let Some(directory) = std::env::var_os("REX_STACK_REPORT") else {
        return;
    };
    let mut text = format!(
        "<!-- SPDX-License-Identifier: GPL-2.0-only -->\n# {title}\n\nWritten by `make soak`.\n\n"
    );
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    text += &line(&head.iter().map(ToString::to_string).collect::<Vec<_>>());
    text += &line(&vec!["---".to_owned(); head.len()]);
    for row in rows {
        text += &line(&row);
    }
    let path = Path::new(&directory).join(name).with_extension("md");
    std::fs::write(path, text).expect("the directory for reports is there");
}

#[test]
fn no_sample_uses_more_than_predicted_and_what_is_not_exact_names_its_line() {
    let (mut runs, mut exact, mut all) = (0, 0, 0);
    let mut rows = BTreeMap::new();
    for sample in build::samples() {
        let image = build::source(&Source::Sample(&sample));
        let (mut is_exact, mut recursive) = (true, false);
        run(&image, |name, predicted, panic, used| {
            runs += 1;
            fits(&format!("{sample}: {name}"), predicted, panic, used);
            let doubtful = predicted.certainty != Certainty::Exact;
            is_exact &= !doubtful;
            recursive |= predicted.certainty == Certainty::AtLeast;
            let lines = predicted.blame.iter().filter_map(|blame| {
                let line = blame.line.as_ref()?;
                Some(format!(
                    "{}: {}:{}",
                    blame.doubt.name(),
                    line.file,
                    line.line
                ))
            });
            let lines: Vec<String> = lines.collect();
            assert!(
                !doubtful || !lines.is_empty(),
                "{sample}: {name}: {predicted:?}"
            );
            let row = rows
                .entry((sample.clone(), name.to_owned()))
                .or_insert((0, Vec::new()));
            row.0 = used.bytes.max(row.0);
            row.1 = vec![
                predicted.bytes.to_string(),
                predicted.certainty.name().to_owned(),
                lines.join(", "),
                panic.map_or_else(String::new, |panic| panic.bytes.to_string()),
            ];
        });
        if !recursive {
            all += 1;
            exact += usize::from(is_exact);
        }
    }
    let rows = rows.into_iter().map(|((sample, program), (most, row))| {
        [vec![sample, program, most.to_string()], row].concat()
    });
    report(
        "stack-samples",
        "Stack of the samples, in bytes: most that a run wrote, and what was predicted",
        &[
            "sample",
            "program",
            "measured",
            "predicted",
            "certainty",
            "not exact for",
            "with a panic",
        ],
        rows,
    );
    assert!(runs > 100, "only {runs} runs");
    assert!(
        exact * 4 >= all * 3,
        "{exact} of {all} samples that do not recurse are exact"
    );
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// How the functions of a generated program call each other.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// Each the next, always; the last one writes its whole frame.
    Chain,
    /// Some later ones, perhaps, perhaps in a loop, perhaps as the last thing they do.
    Tree,
    /// As a tree, and one through a pointer.
    Pointer,
    /// As a tree, and itself.
    Recursion,
    /// As a tree, and the last one prints.
    Print,
    /// As a tree, and the last one panics, perhaps.
    Panic,
}

impl Shape {
    fn of(program: usize) -> Self {
        const SHAPES: [Shape; 8] = [
            Shape::Chain,
            Shape::Tree,
            Shape::Pointer,
            Shape::Recursion,
            Shape::Chain,
            Shape::Print,
            Shape::Panic,
            Shape::Print,
        ];
        SHAPES[program % SHAPES.len()]
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Chain => "chain, forced and fully written",
            Self::Tree => "tree",
            Self::Pointer => "tree with a function pointer",
            Self::Recursion => "tree with a recursion",
            Self::Print => "tree that prints",
            Self::Panic => "tree that may panic",
        }
    }

    const fn certainty(self) -> Certainty {
        match self {
            Self::Chain | Self::Tree | Self::Print | Self::Panic => Certainty::Exact,
            Self::Pointer => Certainty::AtMost,
            Self::Recursion => Certainty::AtLeast,
        }
    }
}

/// What is printed, and in each place one number that goes into the text.
const PRINTS: [&str; 5] = [
    "\"{} {:x}\", x, sum",
    "\"{:?} {:>8} {sum:#}\", Some(x), \"word\"",
    "\"{:?} {}\", [sum, x], x > 9",
    "\"{:?}\", (\"two\\n\", 'c', x as i8)",
    "\"plain\"",
];

/// The functions of one program; its first is `pN_f0`.
fn functions(text: &mut String, program: usize, shape: Shape, state: &mut u64) {
    let count = 2 + (random(state) % 6) as usize;
    for index in 0..count {
        let last = index + 1 == count;
        let size = match (shape, last) {
            (Shape::Chain, true) => 256 + random(state) % 512,
            _ => 1 + random(state) % 300,
        };
        let mut body = format!(
            "    let mut room = [x as u8; {size}];\n    black_box(&mut room);\n    let mut sum = x;\n"
        );
        let mut call = |body: &mut String, callee: usize| {
            let call = format!("sum = sum.wrapping_add(p{program}_f{callee}(sum));");
            let line = match (shape, random(state) % 4) {
                (Shape::Chain, _) | (_, 0) => call,
                (_, 1) => format!("if x & {} != 0 {{ {call} }}", 1 << (random(state) % 6)),
                (_, 2) => format!("for _ in 0..{} {{ {call} }}", 1 + random(state) % 3),
                _ => format!("if x > 100 {{ return p{program}_f{callee}(x); }}"),
            };
            let _ = writeln!(body, "    {line}");
        };
        if !last {
            call(&mut body, index + 1);
        }
        if shape != Shape::Chain {
            for callee in index + 2..count {
                call(&mut body, callee);
            }
        }
        if shape == Shape::Recursion && index == 0 {
            let _ = writeln!(
                body,
                "    if x > 50 && x < 70 {{ sum ^= p{program}_f0(x - 1); }}"
            );
        }
        if shape == Shape::Print && last {
            let print = PRINTS[(random(state) % PRINTS.len() as u64) as usize];
            let _ = writeln!(body, "    sum ^= rex_printk!({print}).is_ok() as u64;");
        }
        if shape == Shape::Panic && last {
            let panic = match random(state) % 3 {
                0 => "sum += u64::from(room[x as usize]);",
                1 => "assert!(x < 100, \"{x} and {:?}\", Some(sum));",
                _ => "sum += u64::try_from(200 - x as i64).unwrap();",
            };
            let _ = writeln!(body, "    {panic}");
        }
        if shape == Shape::Pointer && index == 0 {
            let _ = writeln!(body, "    sum ^= POINTERS[(x % 2) as usize](x);");
        }
        let _ = writeln!(
            text,
            "#[inline(never)]\nfn p{program}_f{index}(x: u64) -> u64 {{\n{body}    black_box(&mut room);\n    sum ^ u64::from(room[0])\n}}"
        );
    }
}

/// A crate of generated programs, `pN` from `first` on.
fn generated(first: usize, state: &mut u64) -> String {
    let mut text = "// SPDX-License-Identifier: GPL-2.0-only
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::xdp::{xdp, xdp_md};
use rex::{Result, rex_printk, rex_xdp};

static POINTERS: [fn(u64) -> u64; 2] = [one, two];
fn one(x: u64) -> u64 {
    let mut room = [x as u8; 120];
    u64::from(black_box(&mut room)[0])
}
fn two(x: u64) -> u64 {
    x * 2
}
"
    .to_owned();
    for program in first..first + TOGETHER {
        functions(&mut text, program, Shape::of(program), state);
        let _ = writeln!(
            text,
            "#[rex_xdp]\nfn p{program}(_: &xdp, ctx: &mut xdp_md) -> Result {{\n    Ok(p{program}_f0(ctx.data_length() as u64) as i32)\n}}"
        );
    }
    text
}

#[test]
fn no_generated_program_uses_more_than_predicted() {
    let wanted = std::env::var("REX_STACK_PROGRAMS");
    let wanted: usize = wanted.map_or(80, |count| count.parse().expect("a number of programs"));
    let (mut state, mut equal, mut stopped) = (1, 0, 0);
    let mut rows = BTreeMap::new();
    for first in (0..wanted).step_by(TOGETHER) {
        let text = generated(first, &mut state);
        let image = build::source(&Source::Text(&text));
        run(&image, |name, predicted, panic, used| {
            fits(name, predicted, panic, used);
            let number: usize = name[1..].parse().expect("generated names are numbers");
            let shape = Shape::of(number);
            assert!(
                !used.stopped || shape == Shape::Panic,
                "{name} was ended\n{text}"
            );
            assert_eq!(
                predicted.certainty,
                shape.certainty(),
                "{name}: {predicted:?}\n{text}"
            );
            let is_equal = used.bytes == u64::from(predicted.bytes);
            if shape == Shape::Chain {
                assert!(is_equal, "{name}: {used:?}, {predicted:?}\n{text}");
            }
            equal += usize::from(shape == Shape::Chain);
            stopped += usize::from(used.stopped);
            let row = rows.entry(shape.name()).or_insert([0; 5]);
            row[0] += usize::from(row[4] != number + 1);
            row[1] += 1;
            row[2] += usize::from(is_equal);
            row[3] += usize::from(used.stopped);
            row[4] = number + 1;
        });
    }
    let rows = rows.into_iter().map(|(shape, counts)| {
        let counts = counts[..4].iter().map(ToString::to_string);
        [shape.to_owned()].into_iter().chain(counts).collect()
    });
    report(
        "stack-generated",
        "Generated programs: runs that wrote as much stack as predicted; none wrote more",
        &["shape", "programs", "runs", "equal", "ended by a panic"],
        rows,
    );
    let forced = wanted / 4 * LENGTHS.len();
    assert!(
        equal >= forced,
        "{equal} of {forced} runs were forced to be equal"
    );
    assert!(stopped > 0, "no program panicked");
}
