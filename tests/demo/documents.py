# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The text of an open file, in LSP's positions: lines and UTF-16 code units."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def units(text: str) -> int:
    """The length in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def cut(line: str, column: int) -> int:
    """The index in ``line`` of a UTF-16 column; past the end counts as the end."""
    seen = 0
    for index, character in enumerate(line):
        if seen >= column:
            return index
        seen += units(character)
    return len(line)


class TextFile:
    """A file, its text as edited so far, and its version."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.uri = path.as_uri()
        self.text = path.read_text(encoding="utf-8")
        self.version = 1

    @property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return self.text.split("\n")

    def line_of(self, needle: str) -> int:
        """The zero-based line of the only occurrence of ``needle``."""
        found = [n for n, line in enumerate(self.lines) if needle in line]
        assert len(found) == 1, f"expected one line with {needle!r}, found {len(found)}"
        return found[0]

    def slice(self, span: Json) -> str:
        """The text of an LSP range."""
        return self.text[self._offset(span["start"]) : self._offset(span["end"])]

    def whole_line(self, number: int) -> Json:
        """The range of a line with its end."""
        return {
            "start": {"line": number, "character": 0},
            "end": {"line": number + 1, "character": 0},
        }

    def apply(self, edits: Sequence[Json]) -> list[Json]:
        """Apply edits that all speak of the present text; the changes to send for it."""
        ordered = sorted(enumerate(edits), key=lambda e: (_start(e[1]), e[0]), reverse=True)
        changes: list[Json] = []
        for _, edit in ordered:
            start, end = self._offset(edit["range"]["start"]), self._offset(edit["range"]["end"])
            self.text = self.text[:start] + edit["newText"] + self.text[end:]
            changes.append({"range": edit["range"], "text": edit["newText"]})
        self.version += 1
        return changes

    def _offset(self, position: Json) -> int:
        lines = self.lines
        number = min(position["line"], len(lines))
        before = sum(len(line) + 1 for line in lines[:number])
        if number == len(lines):
            return len(self.text)
        return before + cut(lines[number], position["character"])


def _start(edit: Json) -> tuple[int, int]:
    start = edit["range"]["start"]
    return start["line"], start["character"]
