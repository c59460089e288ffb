# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Typing tier and compiler say the same of generated programs.

The judge is what the compiler tier goes by: clippy for `leak`, rustc for `unsafe_code`, the
types in MIR for `float_or_simd`. `REX_SOAK_PROGRAMS` asks for more than the usual 200.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from rex_lsp.build import check
from rex_lsp.model.mir import read_mir
from rex_lsp.rules import engine
from rex_lsp.rules.float_or_simd import check_mir
from tests.build.crates import write_crate
from tests.rules.fixture import ROOT, Files
from tests.rules.programs import HEAD, KINDS

PROGRAMS = int(os.environ.get("REX_SOAK_PROGRAMS", "200"))
AT_ONCE = 500


def _batches() -> list[tuple[str, int, int]]:
    each = max(1, PROGRAMS // len(KINDS))
    return [
        (kind, start, min(AT_ONCE, each - start))
        for kind in KINDS
        for start in range(0, each, AT_ONCE)
    ]


@pytest.mark.parametrize(("kind", "start", "count"), _batches())
async def test_both_tiers_agree(tmp_path: Path, kind: str, start: int, count: int) -> None:
    code, make = KINDS[kind]
    pieces = [make(Random(f"{kind} {number}"), number) for number in range(start, start + count)]
    source = HEAD + "".join(pieces)
    crate = write_crate(tmp_path, {"src/main.rs": source})
    judged = await _judged(crate, kind, code)
    typed = _typed(source, code)
    owners = _owners(pieces)
    wrong = {owners.get(line, "?") for line in judged} ^ {owners.get(line, "?") for line in typed}
    assert not wrong, "\n".join(sorted(wrong))
    # The generator is of no use when all its programs are alike.
    assert 0 < len({owners[line] for line in typed}) < len(set(pieces))


async def _judged(crate: Path, kind: str, code: str) -> set[int]:
    """The lines that the compiler's means find."""
    result = await check(crate)
    data = (crate / "src/main.rs").read_bytes()
    found = result.findings.get(crate / "src/main.rs", [])
    strange = [f.message for f in found if f.code.startswith("E0") or f.code == "rustc"]
    assert not strange, strange
    if kind != "float_or_simd":
        told = [f for f in found if f.code == code and f.source in ("clippy", "rustc")]
        return {data.count(b"\n", 0, f.span.start) + 1 for f in told}
    (directory,) = (crate / "target/rex/cargo").glob("*/rex/deps/sample-*.mir")
    texts = [file.read_text() for file in directory.glob("*.analysis.after.mir")]
    assert texts
    bodies = [body for text in texts for body in read_mir(text)]
    return {sighting.place.line for sighting in check_mir(bodies)}


def _typed(source: str, code: str) -> set[int]:
    """The lines that the typing tier finds."""
    path = ROOT / "main.rs"
    crate = engine.Crate(path, Files({path: source.encode()}))
    data = source.encode()
    return {
        data.count(b"\n", 0, finding.span.start) + 1
        for finding in engine.check(crate, path)
        if finding.code == code
    }


def _owners(pieces: list[str]) -> dict[int, str]:
    """The module that each line belongs to."""
    line = HEAD.count("\n") + 1
    owners: dict[int, str] = {}
    for piece in pieces:
        for _ in range(piece.count("\n")):
            owners[line] = piece
            line += 1
    return owners
