# SPDX-License-Identifier: Apache-2.0 OR MIT
"""How the demo looks: headings, source excerpts with carets, diffs, lines of trace."""

from __future__ import annotations

import difflib
import time
import unicodedata
from collections.abc import Sequence
from typing import Any, TextIO

from .documents import TextFile, cut

Json = dict[str, Any]

_COLOURS = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
}
_SEVERITY = {
    1: ("error", "red"),
    2: ("warning", "yellow"),
    3: ("information", "blue"),
    4: ("hint", "cyan"),
}
_PAUSE_SECONDS = 0.04


class Screen:
    """Prints to a stream: with colour and at a readable pace on a terminal, else plain."""

    def __init__(self, stream: TextIO, *, colour: bool, paced: bool) -> None:
        self._stream = stream
        self._colour = colour
        self._paced = paced

    def style(self, text: str, *names: str) -> str:
        """The text in these styles, where there is colour."""
        if not self._colour or not names:
            return text
        codes = ";".join(_COLOURS[name] for name in names)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def line(self, text: str = "") -> None:
        """One line, then a short pause on a terminal."""
        print(text, file=self._stream, flush=True)
        if self._paced:
            time.sleep(_PAUSE_SECONDS)

    def heading(self, number: int, title: str) -> None:
        """The title of a step."""
        self.line()
        self.line(self.style(f"{number}. {title}", "bold", "blue"))

    def said(self, text: str) -> None:
        """What the person at the keyboard does."""
        self.line(self.style("  » ", "bold") + text)

    def good(self, text: str) -> None:
        """Something that is as it should be."""
        self.line("  " + self.style("✓ ", "green") + text)

    def quiet(self, text: str) -> None:
        """Something on the side."""
        self.line("    " + self.style(text, "dim"))

    def trace(self, text: str) -> None:
        """What a running program said."""
        self.line("    " + self.style("│ ", "cyan") + text)

    def diagnostic(self, document: TextFile, found: Json) -> None:
        """One diagnostic with its line and carets under its range."""
        name, colour = _SEVERITY[found.get("severity", 1)]
        start, end = found["range"]["start"], found["range"]["end"]
        number = start["line"]
        source = document.lines[number].expandtabs(4)
        first = cut(source, start["character"])
        last = cut(source, end["character"]) if end["line"] == number else len(source)
        margin = " " * len(str(number + 1))
        head, *rest = found["message"].split("\n")
        label = self.style(f"{name}[{found.get('code', '')}]", "bold", colour)
        self.line(f"    {label} {self.style(head, 'bold')}")
        where = f"{document.path.name}:{number + 1}:{first + 1}"
        self.line(
            f"    {margin}{self.style('-->', 'blue')} {where}"
            + self.style(f"  ({found.get('source', '')})", "dim")
        )
        bar = self.style("|", "blue")
        self.line(f"    {self.style(str(number + 1), 'blue')} {bar} {source}")
        gap = " " * columns(source[:first])
        carets = "^" * max(1, columns(source[first:last].rstrip()))
        self.line(f"    {margin} {bar} {gap}{self.style(carets, 'bold', colour)}")
        calls = [one["message"] for one in found.get("relatedInformation") or []]
        for text in (*rest, *calls):
            self.line(f"    {margin} {self.style('=', 'blue')} {text}")

    def diff(self, before: Sequence[str], after: Sequence[str]) -> None:
        """What changed, three lines of it around at most one line of context."""
        for text in list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]:
            if text.startswith("@@"):
                continue
            colour = "red" if text.startswith("-") else "green"
            self.line("    " + self.style(text, colour))


def columns(text: str) -> int:
    """The width on a terminal: wide characters take two columns, marks that combine none."""
    width = 0
    for character in text:
        if unicodedata.combining(character):
            continue
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return width
