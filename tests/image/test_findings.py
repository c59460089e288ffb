# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The binary tier: what a build says at the person's own line, from the machine code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.build.crates import MANIFEST, write_crate
from tests.cli.command import rex

HEAD = """\
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::kprobe::kprobe;
use rex::pt_regs::PtRegs;
use rex::xdp::{xdp, xdp_md};
use rex::{Result, rex_kprobe, rex_xdp};
"""

SOURCE = (
    HEAD
    + """\
#[inline(never)]
fn down(x: u64) -> u64 {
    if x == 0 { 0 } else { black_box(down(x - 1)) ^ x } //~ recursion
}

#[inline(never)]
fn ping(x: u64) -> u64 {
    if x == 0 { 0 } else { black_box(pong(x - 1)) + 1 } //~ recursion
}

#[inline(never)]
fn pong(x: u64) -> u64 {
    if x == 0 { 1 } else { black_box(ping(x / 2)) + 2 } //~ recursion
}

#[inline(never)]
fn through(step: fn(u64) -> u64, x: u64) -> u64 {
    step(x) //~ indirect_call
}

#[inline(always)]
fn pick(table: &[u8], at: usize) -> u8 {
    table[at] //~ may_panic
}

fn allowed(table: &[u8], at: usize) -> u8 {
    // rex: allow(may_panic): the table is as long as the packet
    table[at]
}

#[rex_xdp]
fn packets(_: &xdp, ctx: &mut xdp_md) -> Result {
    let n = ctx.data_length();
    let table = black_box([1u8, 2, 3]);
    let steps: [fn(u64) -> u64; 2] = black_box([down, ping]);
    let sum = through(steps[n & 1], n as u64);
    Ok(i32::from(pick(&table, n)) + i32::from(allowed(&table, n)) + sum as i32)
}

#[rex_kprobe]
fn events(_: &kprobe, regs: &mut PtRegs) -> Result {
    let n = black_box(regs.rdi());
    Ok((black_box(1000) / n) as i32) //~ may_panic
}

#[rex_kprobe]
fn quiet(_: &kprobe, regs: &mut PtRegs) -> Result {
    Ok(regs.rdi() as i32)
}
"""
)


def marked(source: str) -> list[tuple[str, int]]:
    """The codes at the ends of lines, each with its line from 1."""
    return [
        (f"rex::{code}", number)
        for number, line in enumerate(source.splitlines(), 1)
        for code in line.partition("//~ ")[2].split()
    ]


def built(root: Path) -> dict[str, Any]:
    """The document of `rex build`."""
    document: dict[str, Any] = json.loads(rex("build", root, "--format", "json").out)
    return document


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_crate(tmp_path_factory.mktemp("measured"), {"src/main.rs": SOURCE})


@pytest.fixture(scope="module")
def findings(crate: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = built(crate)["diagnostics"]
    return found


def one(findings: list[dict[str, Any]], code: str, text: str) -> dict[str, Any]:
    """The finding of a rule at the line that holds a text."""
    line = next(n for n, said in enumerate(SOURCE.splitlines()) if text in said)
    (found,) = (f for f in findings if f["code"] == code and f["range"]["start"]["line"] == line)
    return found


def covered(finding: dict[str, Any]) -> str:
    start, end = finding["range"]["start"], finding["range"]["end"]
    return SOURCE.splitlines()[start["line"]][start["character"] : end["character"]]


def lines(finding: dict[str, Any]) -> list[str]:
    """The source lines of what is related, without marks."""
    every = SOURCE.splitlines()
    return [
        every[one["range"]["start"]["line"]].partition("//")[0].strip()
        for one in finding["related"]
    ]


def test_each_rule_is_at_its_line(findings: list[dict[str, Any]]) -> None:
    found = [(f["code"], f["range"]["start"]["line"] + 1) for f in findings]
    assert sorted(found) == sorted(marked(SOURCE))
    assert {f["source"] for f in findings} == {"rex-image"}
    assert {f["path"] for f in findings} == {"src/main.rs"}


def test_a_cycle_is_shown_with_its_other_calls(findings: list[dict[str, Any]]) -> None:
    alone = one(findings, "rex::recursion", "down(x - 1)")
    assert (covered(alone), alone["related"]) == ("down(x - 1)", [])
    assert alone["message"].startswith("`sample::down` calls itself")
    assert alone["severity"] == "information"
    circle = one(findings, "rex::recursion", "pong(x - 1)")
    assert covered(circle) == "pong(x - 1)"
    assert lines(circle) == ["if x == 0 { 1 } else { black_box(ping(x / 2)) + 2 }"]


def test_a_call_through_a_pointer_is_shown_with_its_callers(
    findings: list[dict[str, Any]],
) -> None:
    found = one(findings, "rex::indirect_call", "step(x)")
    assert covered(found) == "step(x)"
    assert "let sum = through(steps[n & 1], n as u64);" in lines(found)
    assert found["severity"] == "information"


def test_a_panic_is_a_warning_where_a_packet_can_cause_it(
    findings: list[dict[str, Any]],
) -> None:
    packet = one(findings, "rex::may_panic", "table[at] //~")
    assert (packet["severity"], covered(packet)) == ("warning", "table[at]")
    assert "index out of bounds" in packet["message"] and "`get`" in packet["message"]
    assert any("pick(&table, n)" in line for line in lines(packet))
    event = one(findings, "rex::may_panic", "/ n)")
    assert (event["severity"], covered(event)) == ("hint", "(black_box(1000) / n)")


def test_a_program_without_panics_is_shown_so(crate: Path) -> None:
    assert "panic-free: quiet" in rex("build", crate).out


def test_levels_are_those_of_the_package(crate: Path, tmp_path: Path) -> None:
    levels = '\n[package.metadata.rex]\nrules = { may_panic = "off", recursion = "warning" }\n'
    root = write_crate(
        tmp_path,
        {"src/main.rs": SOURCE, "Cargo.toml": MANIFEST.format(name="sample") + levels},
    )
    found = {(f["code"], f["severity"]) for f in built(root)["diagnostics"]}
    assert found == {("rex::recursion", "warning"), ("rex::indirect_call", "information")}


REFUSED = {
    "stack_frame": (
        "#[inline(never)]\n"
        "fn fill(n: usize) -> u8 { //~ stack_frame\n"
        "    black_box(&[n as u8; 6000])[n % 6000]\n}\n"
        "#[rex_xdp]\nfn p(_: &xdp, ctx: &mut xdp_md) -> Result {\n"
        "    Ok(i32::from(fill(ctx.data_length())))\n}\n"
    ),
    # The trait that refuses function pointers knows those of up to 33 parameters.
    "map_definition": (
        "use rex::map::RexHashMap;\nuse rex::rex_map;\n"
        f"#[derive(Clone, Copy)] #[repr(C)] struct Evil {{ call: fn({'u8, ' * 34}) }}\n"
        "#[rex_map]\nstatic EVIL: RexHashMap<u32, Evil> = RexHashMap::new(1, 0); "
        "//~ map_definition\n"
        "#[rex_xdp]\nfn p(_: &xdp, _: &mut xdp_md) -> Result {\n"
        "    Ok(i32::from(black_box(&EVIL).get_mut(&1).is_some()))\n}\n"
    ),
}


@pytest.mark.parametrize("rule", list(REFUSED))
def test_a_refusal_is_the_rules_at_its_line(rule: str, tmp_path: Path) -> None:
    source = HEAD + REFUSED[rule]
    found = built(write_crate(tmp_path, {"src/main.rs": source}))["diagnostics"]
    errors = [f for f in found if f["severity"] == "error"]
    assert [(f["code"], f["range"]["start"]["line"] + 1) for f in errors] == marked(source), found
