# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Findings for people: an excerpt of the source with the place marked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from rex_lsp.cli.report import NAMES, counted
from rex_lsp.cli.report_paths import relative
from rex_lsp.cli.source_text import Sources
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.syntax.positions import Span

_COLOURS = {
    Severity.ERROR: "1;31",
    Severity.WARNING: "1;33",
    Severity.INFORMATION: "1;34",
    Severity.HINT: "1;36",
}


class Paint:
    """Colour where a person looks at a terminal; honours `NO_COLOR`."""

    def __init__(self, stream: TextIO) -> None:
        self._on = (
            stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        )

    def __call__(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._on else text


def print_human(findings: Sequence[tuple[Path, Finding]], directory: Path, out: TextIO) -> None:
    """Every finding with its source line, then one line that counts them."""
    paint = Paint(out)
    sources = Sources()
    for path, finding in findings:
        out.write(_excerpt(path, finding, directory, sources, paint) + "\n\n")
    out.write(counted([f for _, f in findings]) + "\n")


def _excerpt(path: Path, finding: Finding, directory: Path, sources: Sources, paint: Paint) -> str:
    first, *notes = finding.message.split("\n")
    colour = _COLOURS[finding.severity]
    head = paint(colour, f"{NAMES[finding.severity]}[{finding.code}]") + paint("1", f": {first}")
    lines = [head, *_marked(path, finding.span, "", directory, sources, paint, colour, "-->")]
    for related in finding.related:
        text = related.message.split("\n", 1)[0]
        lines += _marked(related.path, related.span, text, directory, sources, paint, "1;34", ":::")
    lines += [f"   {paint('1;34', '=')} {note}" for note in notes]
    for fix in finding.fixes:
        lines.append(f"   {paint('1;34', '=')} fix: {fix.title}")
    return "\n".join(lines)


def _marked(
    path: Path,
    span: Span,
    label: str,
    directory: Path,
    sources: Sources,
    paint: Paint,
    colour: str,
    arrow: str,
) -> list[str]:
    source = sources.get(path)
    number = source.line_of(span.start)
    before = source.before(span.start)
    shown = relative(path, directory)
    gutter = " " * len(str(number + 1))
    blue = "1;34"
    place = f"{gutter}{paint(blue, arrow)} {shown}:{number + 1}:{len(before) + 1}"
    text = source.line(number)
    if not text.strip():
        return [place + (f": {label}" if label else "")]
    end = span.end if source.line_of(span.end) == number else span.start + len(text.encode())
    marked = source.data[span.start : end].decode("utf-8", "replace").rstrip("\r\n")
    width = max(1, min(len(marked), len(text) - len(before)))
    indent = "".join("\t" if c == "\t" else " " for c in before)
    mark = ("^" if arrow == "-->" else "-") * width
    return [
        place,
        f"{gutter} {paint(blue, '|')}",
        f"{paint(blue, f'{number + 1} |')} {text}",
        f"{gutter} {paint(blue, '|')} {indent}{paint(colour, mark)}{' ' + label if label else ''}",
    ]
