# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The demo's own parts: positions in a buffer, carets under wide characters."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from .documents import TextFile, cut, units
from .screen import Screen, columns

TEXT = "fn a() {}\n/* é 😀 */ bad();\nfn b() {}\n"


@pytest.fixture
def document(tmp_path: Path) -> TextFile:
    """A file with characters of one and of two UTF-16 units before a fault."""
    path = tmp_path / "main.rs"
    path.write_text(TEXT, encoding="utf-8")
    return TextFile(path)


def span(line: int, start: int, end: int) -> dict[str, Any]:
    """A range within one line."""
    return {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}


def test_columns_count_utf_16_units() -> None:
    assert units("é😀") == 3
    assert cut("é😀x", 3) == 2
    assert cut("abc", 99) == 3


def test_slice_is_what_the_range_names(document: TextFile) -> None:
    assert document.slice(span(1, 11, 14)) == "bad"


def test_edits_all_speak_of_the_text_before(document: TextFile) -> None:
    edits = [
        {"range": span(0, 3, 4), "newText": "first"},
        {"range": span(1, 11, 14), "newText": "good"},
        {"range": document.whole_line(2), "newText": ""},
    ]
    changes = document.apply(edits)
    assert document.text == "fn first() {}\n/* é 😀 */ good();\n"
    assert document.version == 2
    # Sent one after the other, later places first, so that each range still fits.
    assert [change["range"]["start"]["line"] for change in changes] == [2, 1, 0]


def test_carets_stand_below_the_fault(document: TextFile) -> None:
    out = io.StringIO()
    found = {"range": span(1, 11, 14), "severity": 2, "code": "rex::x", "message": "no\nbecause"}
    Screen(out, colour=False, paced=False).diagnostic(document, found)
    source, carets, reason = out.getvalue().splitlines()[2:5]
    assert columns(source[: source.index("bad")]) == carets.index("^")
    assert carets.count("^") == 3
    assert reason.endswith("= because")
    assert "\x1b" not in out.getvalue()


def test_colour_only_where_it_is_wanted() -> None:
    assert Screen(io.StringIO(), colour=True, paced=False).style("x", "red") == "\x1b[31mx\x1b[0m"
    assert Screen(io.StringIO(), colour=False, paced=False).style("x", "red") == "x"
