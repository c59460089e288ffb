# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The table in the crate's documentation names every program, and only programs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.holes.programs import programs
from tests.holes.test_projects import HARMLESS, HOSTILE

TABLE = Path(__file__).resolve().parents[2] / "kernel_crate/rex/src/holes.md"
# Words of the text in the same letters that are no programs.
_WORDS = set(
    "leak dependency float_or_simd known_unsound pointer_as_data unsafe dyn sim core "
    "bpf_override_return bpf_snprintf".split()
)
HOLES = "A1 A2 A3 B1 B2 B3 B4 C1 C2 C3 D1 D2 D3 D4 D5 E1 E2 F1 F2 F3 G1 G2 G3 H1 H2 H3 H4 H5"


def names(text: str) -> set[str]:
    """Names in code type."""
    return set(re.findall(r"`([a-z][a-z0-9_]*)`", text)) - _WORDS


def rows() -> dict[str, list[str]]:
    """The cells of each row by its first one."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    cells = [[c.strip() for c in line.strip("|").split(" | ")] for line in lines if line[:1] == "|"]
    return {row[0].strip("| "): row for row in cells[2:]}


def known() -> tuple[set[str], set[str]]:
    """Names of the hostile and of the harmless programs and projects."""
    hostile = {p.name for p in programs() if p.hostile} | {p.name for p in HOSTILE}
    harmless = {p.name for p in programs() if not p.hostile} | {p.name for p in HARMLESS}
    return hostile, harmless


def test_every_program_is_in_the_documentation_and_no_other() -> None:
    hostile, harmless = known()
    named = names(TABLE.read_text(encoding="utf-8"))
    assert named - hostile - harmless == set()
    assert (hostile | harmless) - named == set()


def test_every_hole_has_a_row() -> None:
    assert set(HOLES.split()) <= set(rows())


@pytest.mark.parametrize("hole", sorted(rows()))
def test_a_row_names_what_shows_it(hole: str) -> None:
    hostile, harmless = known()
    row = rows()[hole]
    assert len(row) == 5
    assert all(row)
    assert names(row[3])
    assert names(row[3]) <= hostile
    assert names(row[4])
    assert names(row[4]) <= harmless


def test_at_least_forty_further_programs() -> None:
    first, _, rest = TABLE.read_text(encoding="utf-8").partition("# Further programs that try")
    hostile, _ = known()
    assert len((names(rest) - names(first)) & hostile) >= 40
