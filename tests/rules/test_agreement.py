# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Typing tier and compiler say the same of generated programs.

The judge is what the compiler tier goes by: clippy, rustc's lints and errors, the types in
MIR. `REX_SOAK_PROGRAMS` asks for more than the usual 200, `REX_SOAK_REPORT` for a report.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from rex_lsp.build import check
from rex_lsp.model.mir import read_mir
from rex_lsp.rules import engine
from rex_lsp.rules.finding import Severity
from rex_lsp.rules.registry import RULES
from tests.build.crates import write_crate
from tests.rules.agreement_report import add_to_report
from tests.rules.fixture import ROOT, Files
from tests.rules.more_programs import KINDS, Kind
from tests.rules.programs import HEAD
from tests.rules.spellings import Piece

PROGRAMS = int(os.environ.get("REX_SOAK_PROGRAMS", "200"))
AT_ONCE = 500


def _batches() -> list[tuple[str, int, int]]:
    each = max(1, -(-PROGRAMS // len(KINDS)))
    return [
        (name, start, min(AT_ONCE, each - start))
        for name in KINDS
        for start in range(0, each, AT_ONCE)
    ]


@pytest.mark.parametrize(("name", "start", "count"), _batches())
async def test_both_tiers_agree(tmp_path: Path, name: str, start: int, count: int) -> None:
    kind = KINDS[name]
    pieces = [kind.make(Random(f"{name} {at}"), at) for at in range(start, start + count)]
    files = {"src/main.rs": HEAD + "".join(piece.text for piece in pieces)}
    files |= {f"src/{file}": text for piece in pieces for file, text in piece.files.items()}
    crate = write_crate(tmp_path, files)
    owners = _owners(pieces)
    if kind.judge == "maker":
        judged = {at for at, piece in enumerate(pieces) if piece.wrong}
    else:
        judged = {owners.get(place, -1) for place in await _judged(crate, name, kind)}
    typed = {owners.get(place, -1) for place in _typed(files, f"rex::{name}")}
    missed, alarms = judged - typed, typed - judged
    said = [f"missed:\n{_shown(pieces, at)}" for at in sorted(missed)]
    said += [f"false alarm:\n{_shown(pieces, at)}" for at in sorted(alarms)]
    add_to_report(name, len(pieces), len(judged & typed), len(missed), len(alarms))
    assert not said, "\n".join(said)
    # The generator is of no use when all its programs are alike.
    assert 0 < len(typed) < len({piece.text for piece in pieces})


async def _judged(crate: Path, name: str, kind: Kind) -> set[tuple[str, int]]:
    """The files and lines that the compiler's means find."""
    result = await check(crate)
    places: set[tuple[str, int]] = set()
    for path, found in result.findings.items():
        data = path.read_bytes()
        errors = [f for f in found if f.source == "rustc" and f.severity is Severity.ERROR]
        if kind.judge == "lint":
            errors = [f for f in found if f.source in ("clippy", "rustc")]
            strange = [f.message for f in errors if f.code != f"rex::{name}"]
            assert not [one for one in strange if "error" in one], strange
            errors = [f for f in errors if f.code == f"rex::{name}"]
        elif kind.judge == "mir":
            strange = [f.message for f in errors if f.code != f"rex::{name}"]
            assert not strange, strange
        lines = [data.count(b"\n", 0, f.span.start) + 1 for f in errors]
        places |= {(str(path.relative_to(crate / "src")), line) for line in lines}
    if kind.judge != "mir":
        return places
    check_mir = RULES[f"rex::{name}"].check_mir
    assert check_mir is not None
    (directory,) = (crate / "target/rex/cargo").glob("*/rex/deps/sample-*.mir")
    texts = [file.read_text() for file in directory.glob("*.analysis.after.mir")]
    assert texts
    bodies = [body for text in texts for body in read_mir(text)]
    sighted = {sighting.place for sighting in check_mir(bodies)}
    return {(place.file.rpartition("/src/")[2], place.line) for place in sighted}


def _typed(files: dict[str, str], code: str) -> set[tuple[str, int]]:
    """The files and lines that the typing tier finds."""
    held = Files({ROOT.parent / name: text.encode() for name, text in files.items()})
    crate = engine.Crate(ROOT / "main.rs", held)
    return {
        (str(path.relative_to(ROOT)), held[path].count(b"\n", 0, finding.span.start) + 1)
        for path in crate.files()
        for finding in engine.check(crate, path)
        if finding.code == code
    }


def _owners(pieces: list[Piece]) -> dict[tuple[str, int], int]:
    """The piece that each line of each file belongs to."""
    line = HEAD.count("\n") + 1
    owners: dict[tuple[str, int], int] = {}
    for at, piece in enumerate(pieces):
        for _ in range(piece.text.count("\n")):
            owners["main.rs", line] = at
            line += 1
        for file, text in piece.files.items():
            owners |= {(file, number): at for number in range(1, text.count("\n") + 2)}
    return owners


def _shown(pieces: list[Piece], at: int) -> str:
    if at < 0:
        return "outside of all modules"
    return "\n".join((pieces[at].text, *pieces[at].files.values()))
