// SPDX-License-Identifier: GPL-2.0-only
//! Predicted and measured stack: programs run on a stack filled with a pattern, and what
//! they wrote of it is compared with what the analyser says about their code.
//!
//! `REX_STACK_PROGRAMS` says how many programs are generated, 32 if it is not set.

mod harness;

use std::fmt::Write;

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

#[test]
fn no_sample_uses_more_than_predicted() {
    let mut runs = 0;
    for sample in build::samples() {
        let image = build::source(&Source::Sample(&sample));
        run(&image, |name, predicted, panic, used| {
            runs += 1;
            fits(&format!("{sample}: {name}"), predicted, panic, used);
        });
    }
    assert!(runs > 100, "only {runs} runs");
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
}

const SHAPES: [Shape; 4] = [Shape::Chain, Shape::Tree, Shape::Pointer, Shape::Recursion];

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
use rex::{Result, rex_xdp};

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
        functions(&mut text, program, SHAPES[program % SHAPES.len()], state);
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
    let wanted: usize = wanted.map_or(32, |count| count.parse().expect("a number of programs"));
    let (mut state, mut equal) = (1, 0);
    for first in (0..wanted).step_by(TOGETHER) {
        let text = generated(first, &mut state);
        let image = build::source(&Source::Text(&text));
        run(&image, |name, predicted, panic, used| {
            assert!(!used.stopped, "{name} was ended");
            fits(name, predicted, panic, used);
            let number: usize = name[1..].parse().expect("generated names are numbers");
            let shape = SHAPES[number % SHAPES.len()];
            let certainty = match shape {
                Shape::Chain | Shape::Tree => Certainty::Exact,
                Shape::Pointer => Certainty::AtMost,
                Shape::Recursion => Certainty::AtLeast,
            };
            assert_eq!(
                predicted.certainty, certainty,
                "{name}: {predicted:?}\n{text}"
            );
            if shape == Shape::Chain {
                assert_eq!(used.bytes, u64::from(predicted.bytes), "{name}\n{text}");
                equal += 1;
            }
        });
    }
    let forced = wanted.div_ceil(SHAPES.len()) * LENGTHS.len();
    assert!(
        equal >= forced,
        "{equal} of {forced} runs were forced to be equal"
    );
}
