# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex stack|panics|audit|size` for a pull request: what changed, and what is too much."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rex_lsp.image.sizes import crate_of
from tests.build.crates import write_crate
from tests.cli.command import rex
from tests.image.programs import SOURCE

# One program gone, one new, one with a larger frame, one that no longer panics.
CHANGED = (
    SOURCE.replace("[x as u8; 320]", "[x as u8; 640]")
    .replace("fn prints(", "fn speaks(")
    .replace("Ok(table[ctx.data_length()])", "Ok(*table.get(ctx.data_length()).unwrap_or(&0))")
)
VERBS = {"stack": "stack", "panics": "panics", "audit": "audit-images", "size": "size"}


@pytest.fixture(scope="session")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_crate(tmp_path_factory.mktemp("changed"), {"src/main.rs": CHANGED})
    assert rex("build", root).status == 0
    return root / "target/rex/sample.rex"


def compared(verb: str, old: Path, new: Path, scratch: Path) -> dict[tuple[str, str], Any]:
    """Elements of `changes` by kind and name."""
    before = scratch / f"{verb}.json"
    before.write_text(rex(verb, old, "--format", "json").out, encoding="utf-8")
    document = rex(verb, new, "--format", "json", "--compare", before).json(VERBS[verb])
    found = document["changes"]
    weights = [abs((one["now"] or 0) - (one["before"] or 0)) for one in found]
    assert weights == sorted(weights, reverse=True)
    return {(one["kind"], one["name"]): one for one in found}


def test_a_stack_that_changed(image: Path, changed: Path, tmp_path: Path) -> None:
    found = compared("stack", image, changed, tmp_path)
    assert {name: one["change"] for (_, name), one in found.items()} == {
        "plain": "grew",
        "panics": "shrank",
        "prints": "gone",
        "speaks": "new",
    }
    plain = found["program", "plain"]
    assert plain["now"] - plain["before"] == 320
    shown = rex(
        "stack", changed, "--compare", tmp_path / "stack.json", "--format", "markdown"
    ).out.splitlines()
    assert shown[:2] == [
        "| image | what | name | before | now | change | how |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    assert [row for row in shown if "`plain`" in row and "+320 B" in row and "grew" in row]


def test_a_number_that_means_something_else_is_a_change(image: Path, tmp_path: Path) -> None:
    document = rex("stack", image, "--format", "json").json("stack")
    next(r for r in document["programs"] if r["program"] == "plain")["certainty"] = "at_most"
    old = tmp_path / "old.json"
    old.write_text(json.dumps(document), encoding="utf-8")
    (one,) = rex("stack", image, "--format", "json", "--compare", old).json("stack")["changes"]
    assert (one["name"], one["change"], one["note"]) == ("plain", "changed", "at most, now exact")


def test_panics_that_went(image: Path, changed: Path, tmp_path: Path) -> None:
    found = compared("panics", image, changed, tmp_path)
    assert {key: one["change"] for key, one in found.items()} == {("bounds", "src/main.rs"): "gone"}


def test_sizes_that_changed(image: Path, changed: Path, tmp_path: Path) -> None:
    found = compared("size", image, changed, tmp_path)
    assert found["program", "speaks"]["change"] == "new"
    assert found["crate", "sample"]["change"] in {"grew", "shrank"}
    assert ("segment", "maps") not in found


@pytest.mark.parametrize("verb", VERBS)
def test_nothing_changed_and_no_document(verb: str, image: Path, tmp_path: Path) -> None:
    assert compared(verb, image, image, tmp_path) == {}
    ran = rex(verb, image, "--compare", tmp_path / f"{verb}.json")
    assert (ran.status, ran.out) == (0, f"rex {verb}: nothing changed\n")
    broken = tmp_path / "broken.json"
    for text in ("", "[]", '{"version": 1}', '{"programs": [3], "panics": [3], "images": [3]}'):
        broken.write_text(text, encoding="utf-8")
        ran = rex(verb, image, "--compare", broken)
        assert ran.status == 2 and f"rex {verb} --format json" in ran.err
    assert rex(verb, image, "--compare", tmp_path / "missing").status == 2


def test_budgets(image: Path) -> None:
    stack = rex("stack", image, "--budget", "30000")
    assert stack.status == 1 and "recursive needs" in stack.err, "recursion fits no budget"
    assert "plain needs" not in stack.err
    assert rex("panics", image, "--budget", "1").status == 0
    panics = rex("panics", image, "--budget", "0")
    assert panics.status == 1 and "1 places may panic, the budget is 0" in panics.err
    total = rex("size", image, "--format", "json").json("size")["images"][0]["bytes"]
    assert rex("size", image, "--budget", str(total)).status == 0
    size = rex("size", image, "--budget", str(total - 1))
    assert size.status == 1 and f"takes {total:,} B" in size.err
    for verb in ("stack", "panics", "size"):
        assert rex(verb, image, "--budget", "much").status == 2
        assert rex(verb, image, "--budget", "-1").status == 2


def test_an_image_by_its_first_bytes(image: Path, tmp_path: Path) -> None:
    other = tmp_path / "image.of.another.name"
    other.write_bytes(image.read_bytes())
    assert rex("audit", other).status == 0
    other.write_bytes(image.read_bytes()[:-1])
    for verb in VERBS:
        assert rex(verb, other).status == 2
    text = tmp_path / "text.rex"
    text.write_text("no image", encoding="utf-8")
    ran = rex("size", text)
    assert ran.status == 2 and "not a valid image" in ran.err


def binutils(*argv: str | Path) -> list[list[str]]:
    """The words of each line that a program of binutils prints."""
    ran = subprocess.run([*map(str, argv)], capture_output=True, text=True, check=True)
    return [line.split() for line in ran.stdout.splitlines()]


def test_sizes_are_those_of_binutils(image: Path) -> None:
    (ours,) = rex("size", image, "--format", "json").json("size")["images"]
    elf = image.with_suffix(".elf")
    theirs = {
        row[0]: int(row[1])
        for row in binutils("size", "-A", elf)
        if len(row) == 3 and row[1].isdecimal()
    }
    segments = {row["kind"]: row["bytes"] for row in ours["segments"]}
    assert segments["text"] == theirs[".text"]
    assert segments["rodata"] == theirs[".rodata"]
    symbols = sorted(
        int(row[2], 0)
        for row in binutils("readelf", "-sW", elf)
        if len(row) == 8 and row[3] == "FUNC"
    )
    assert sorted(row["text"] for row in ours["functions"]) == symbols
    assert sum(symbols) + ours["padding"] == segments["text"]
    assert sum(row["text"] for row in ours["crates"]) == sum(symbols)
    assert ours["file"] == image.stat().st_size


def test_what_a_program_reaches(image: Path) -> None:
    (ours,) = rex("size", image, "--format", "json").json("size")["images"]
    size = {row["name"]: row["text"] for row in ours["functions"]}
    programs = {row["name"]: row for row in ours["programs"]}
    assert programs["plain"]["text"] == size["plain"] + size["sample::room"]
    assert programs["plain"]["own"] == programs["plain"]["text"]
    assert programs["prints"]["text"] > programs["prints"]["own"] > 0
    shown = rex("size", image, "-n", "3").out
    assert "and " in shown and "smaller functions" in shown
    assert re.search(r"^crate +code +share$", shown, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("function", "crate"),
    [
        ("plain", "sample"),
        ("core::fmt::write", "core"),
        ("<sample::Key as core::hash::Hash>::hash", "sample"),
        ("<u8 as core::fmt::Display>::fmt", "core"),
        ("<&[sample::Key; 4] as core::fmt::Debug>::fmt", "sample"),
        ("core::ptr::drop_in_place::<sample::Key>", "core"),
        ("<rex::xdp::xdp>::load", "rex"),
    ],
)
def test_the_crate_of_a_function(function: str, crate: str) -> None:
    assert crate_of(function, "sample") == crate
