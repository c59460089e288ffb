# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Pieces of text that several rules' fixes need."""

from __future__ import annotations

import re

from rex_lsp.rules.finding import Edit
from rex_lsp.syntax.positions import Span

_ATOM = re.compile(r"[\w:.]+(?:\([^()]*\))?")


def without_line(text: bytes, span: Span) -> Edit:
    """Remove a span, with its whole line where nothing else stands there."""
    start, end = span.start, span.end
    line_start = text.rfind(b"\n", 0, start) + 1
    line_end = text.find(b"\n", end)
    if line_end < 0:
        line_end = len(text)
    if not text[line_start:start].strip() and not text[end:line_end].strip():
        return Edit(Span(line_start, min(line_end + 1, len(text))), "")
    while end < len(text) and text[end] in b" \t":
        end += 1
    return Edit(Span(start, end), "")


def as_operand(expression: str) -> str:
    """An expression that can stand where a call stood."""
    inner = expression.strip()
    return inner if _ATOM.fullmatch(inner) else f"({inner})"


def call_argument(text: bytes, path: Span, call: Span) -> str | None:
    """The only argument of the call of a path, None when there is not exactly one."""
    rest = text[path.end : call.end].decode("utf-8", "surrogatepass").strip()
    if rest.startswith("::<"):
        depth = 0
        for at, char in enumerate(rest):
            depth += (char == "<") - (char == ">")
            if char == ">" and depth == 0:
                rest = rest[at + 1 :].strip()
                break
    if not (rest.startswith("(") and rest.endswith(")")):
        return None
    inner = rest[1:-1].strip()
    depth = 0
    for char in inner.rstrip(","):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            return None
    return inner.rstrip(",").strip() or None
