# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex test` as a person runs it, against the real runtime."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from tests.cli.command import SCHEMAS, Ran, rex
from tests.deploy.daemon import own_runtime_directory
from tests.deploy.sources import write_extension

SOURCE = """\
#![no_std]
#![no_main]

use rex::map::{RexArrayMap, RexHashMap, RexQueue};
use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};
use rex::{Result, rex_map, rex_printk, rex_tracepoint};

#[repr(C)]
#[derive(Clone, Copy)]
struct Call {
    kind: Kind,
    count: u64,
}

#[repr(u8)]
#[derive(Clone, Copy)]
#[allow(dead_code)]
enum Kind {
    None = 0,
    Dup = 7,
}

#[rex_map]
static calls: RexHashMap<u64, Call> = RexHashMap::new(16, 0);

#[rex_map]
static limit: RexArrayMap<u64> = RexArrayMap::new(1, 0);

#[rex_map]
static order: RexQueue<u64> = RexQueue::new(8, 0);

#[rex_tracepoint]
fn on_dup(_obj: &tracepoint<SyscallsEnterDupCtx>, ctx: &'static SyscallsEnterDupCtx) -> Result {
    let descriptor = ctx.fildes;
    let most = limit.get_mut(&0).map_or(0, |most| *most);
    let table = [1_u8, 2, 3];
    let _ = order.push(&descriptor);
    if most > 0 && descriptor > most {
        return rex_printk!("{}\\n", table[core::hint::black_box(descriptor as usize)]);
    }
    calls.insert(&descriptor, &Call { kind: Kind::Dup, count: 1 })?;
    rex_printk!("dup of {}\\n", descriptor)
}
"""
TESTS = """\
[[test]]
name = "one_dup"
trace = ["dup of {number}"]
[[test.map]]
name = "calls"
only = true
entries = [{ key = 1, value = { kind = "Dup", count = 1 } }]
[[test.map]]
name = "order"
values = [1]

[[test]]
name = "wrong"
trace = ["dup of 2"]

[[test]]
name = "output"
source = { command = ["sh", "-c", "echo $HI; echo no >&2; exit 3"], env = { HI = "hi" } }
exit = 3
stdout = "hi\\n"
stderr = { contains = ["no"] }
trace = []

[[test]]
name = "endless"
source = { command = ["sleep", "60"] }
timeout = 0.3

[[test]]
name = "elsewhere"
target = ["vm"]

[[test]]
name = "later"
ignore = "not today"

[[test]]
name = "nowhere"
attach = { on_dup = "syscalls/sys_enter_dupp" }
refused = "sys_enter_dupp"
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("calls")
    write_extension(root, "calls", SOURCE)
    (root / "tests").mkdir()
    (root / "tests/calls.toml").write_text(TESTS, encoding="utf-8")
    with own_runtime_directory():
        yield root


def lines(ran: Ran) -> list[dict[str, object]]:
    schema = json.loads((SCHEMAS / "test-event.json").read_text(encoding="utf-8"))
    found = [json.loads(line) for line in ran.out.splitlines()]
    for one in found:
        jsonschema.validate(one, schema)
    return found


def test_results_by_test(package: Path) -> None:
    ran = rex("test", package)
    assert ran.status == 1, ran.err
    told = [line for line in ran.out.splitlines() if line.startswith("test ")]
    assert told[:-1] == [
        "test calls::one_dup ... ok",
        "test calls::wrong ... FAILED",
        "test calls::output ... ok",
        "test calls::endless ... FAILED",
        "test calls::elsewhere ... ignored, for vm",
        "test calls::later ... ignored, not today",
        "test calls::nowhere ... ok",
    ]
    assert told[-1].startswith("test result: FAILED. 3 passed; 2 failed; 2 ignored; 0 measured; ")
    assert "---- calls::wrong ----\ntrace differs" in ran.out
    assert "  -dup of 2\n  +dup of 1\n" in ran.out
    assert "the source did not end within 0.3 s and was stopped" in ran.out
    assert "[calls::on_dup] dup of 1" in ran.out.split("what happened:")[2]
    assert "\nfailures:\n    calls::endless\n    calls::wrong\n" in ran.out


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("one",), ["one_dup"]),
        (("one", "output"), ["one_dup", "output"]),
        (("one", "--exact"), []),
        (("calls::output", "--exact"), ["output"]),
        (("--skip", "calls", "--skip", "x"), []),
        (("--ignored",), ["later"]),
        (("o", "--skip", "one", "--skip", "wrong"), ["output", "nowhere"]),
    ],
)
def test_which_tests_are_meant(package: Path, arguments: tuple[str, ...], names: list[str]) -> None:
    listed = rex("test", package, *arguments, "--list")
    shown = [line for line in listed.out.splitlines() if line.endswith(": test")]
    assert shown == [f"calls::{name}: test" for name in names]
    assert listed.out.endswith(f"{len(names)} test{'' if len(names) == 1 else 's'}, 0 benchmarks\n")
    assert lines(rex("test", package, *arguments, "--list", "--format", "json"))[-1] == {
        "type": "suite",
        "event": "completed",
        "tests": len(names),
    }


def test_terse_and_quiet(package: Path) -> None:
    for option in (("--format", "terse"), ("-q",)):
        ran = rex("test", package, "--skip", "endless", *option)
        assert ".F.ii.\n" in ran.out, ran.out
        assert ran.status == 1


def test_json_is_what_its_schema_says(package: Path) -> None:
    ran = rex("test", package, "--skip", "endless", "--format", "json", "--test-threads", "3")
    found = lines(ran)
    assert found[0] == {
        "type": "suite",
        "event": "started",
        "test_count": 6,
        "package": "calls",
    }
    ends = {str(one["name"]): one for one in found if one["type"] == "test" and len(one) > 3}
    assert {name: one["event"] for name, one in ends.items()} == {
        "calls::one_dup": "ok",
        "calls::wrong": "failed",
        "calls::output": "ok",
        "calls::elsewhere": "ignored",
        "calls::later": "ignored",
        "calls::nowhere": "ok",
    }
    assert "dup of 2" in str(ends["calls::wrong"]["message"])
    assert "dup of 1" in str(ends["calls::wrong"]["stdout"])
    assert (found[-1]["passed"], found[-1]["failed"], found[-1]["filtered_out"]) == (3, 1, 1)


def test_nocapture_shows_what_happens_at_once(package: Path) -> None:
    ran = rex("test", package, "one_dup", "output", "--nocapture")
    assert ran.status == 0, ran.out
    assert "[calls::on_dup] dup of 1" in ran.out
    assert "\nhi\n" in ran.out


def test_what_a_test_names_must_be_there(package: Path) -> None:
    other = package / "tests/other.toml"
    other.write_text(
        '[[test]]\nname = "program"\nprograms = ["on_dupp"]\n\n'
        '[[test]]\nname = "source"\nsource = "nothing"\n\n'
        '[[test]]\nname = "value"\n[[test.map]]\nname = "calls"\n'
        'entries = [{ key = 1, value = { kind = "Open" } }]\n',
        encoding="utf-8",
    )
    try:
        ran = rex("test", package, "other")
    finally:
        other.unlink()
    assert ran.status == 1
    assert "tests/other.toml:1: there is no program `on_dupp` in the package, there is on_dup" in (
        ran.out
    )
    assert "tests/other.toml:5: expected a source `nothing` in Cargo.toml, found one dup" in ran.out
    assert "`Kind` has no 'Open', there are None, Dup" in ran.out


def test_usage(package: Path) -> None:
    assert rex("test", package, "--ignored", "--include-ignored").status == 2
    assert rex("test", package, "--test-threads", "0").status == 2
    broken = package / "tests/broken.toml"
    broken.write_text("[[test]]\nnam = 'x'\n", encoding="utf-8")
    try:
        ran = rex("test", package)
    finally:
        broken.unlink()
    assert ran.status == 2
    assert (
        "tests/broken.toml:2: `test` 1 `nam`: `nam` is unknown here; did you mean name" in ran.err
    )
    assert "tests/broken.toml:1: `test` 1: `name` is missing" in ran.err


def test_a_package_without_tests(package: Path, tmp_path: Path) -> None:
    write_extension(tmp_path, "bare", SOURCE)
    ran = rex("test", tmp_path)
    assert ran.status == 0
    assert "running 0 tests\n" in ran.out


def test_entries_are_written_before_anything_is_attached(package: Path) -> None:
    other = package / "tests/initial.toml"
    other.write_text(
        '[[test]]\nname = "stops_over_the_limit"\n'
        'source = { command = ["perl", "-MPOSIX", "-e", "POSIX::dup2(1, 9); POSIX::dup(9)"] }\n'
        'stops = [{ kind = "panic", code = "table[" }]\n'
        '[[test.map]]\nname = "limit"\ninitial = [{ key = 0, value = 5 }]\n'
        '[[test.map]]\nname = "calls"\nonly = true\n'
        'initial = [{ key = 77, value = { kind = "Dup", count = 3 } }]\n'
        'entries = [{ key = 77, value = { kind = "Dup", count = 3 } }]\n\n'
        '[[test]]\nname = "no_such_variant"\nrefused = "77"\n'
        '[[test.map]]\nname = "calls"\n'
        'initial = [{ key = 1, value_hex = "4d 00000000000000 0100000000000000" }]\n',
        encoding="utf-8",
    )
    try:
        ran = rex("test", package, "initial")
    finally:
        other.unlink()
    assert ran.status == 0, ran.out
    assert "2 passed" in ran.out
