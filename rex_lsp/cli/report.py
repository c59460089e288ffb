# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Prints findings: for people as an excerpt with the place marked, for machines as JSON.

The JSON is the format of `docs/schemas/diagnostics.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from rex_lsp.cli.source_text import Sources
from rex_lsp.rules.finding import Finding, Fix, Severity
from rex_lsp.syntax.positions import Range, Span

NAMES = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFORMATION: "information",
    Severity.HINT: "hint",
}
_COLOURS = {
    Severity.ERROR: "1;31",
    Severity.WARNING: "1;33",
    Severity.INFORMATION: "1;34",
    Severity.HINT: "1;36",
}
Findings = Mapping[Path, Sequence[Finding]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options every verb that prints findings has."""
    parser.add_argument(
        "--format",
        choices=("human", "json"),
        default="human",
        help="how to print findings (default: human)",
    )
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "information", "never"),
        default="error",
        help="exit 1 from this severity up (default: error)",
    )


def exit_status(findings: Findings, fail_on: str) -> int:
    """1 if a finding is at least as severe as `fail_on`; estimates never count."""
    worst = {name: severity for severity, name in NAMES.items()}.get(fail_on)
    if worst is None:
        return 0
    every = (f for found in findings.values() for f in found)
    return int(any(f.severity <= worst and not f.estimate for f in every))


def ordered(findings: Findings) -> list[tuple[Path, Finding]]:
    """Every finding with its file, by path and place, without repetitions."""
    pairs = {(path, f): None for path, found in findings.items() for f in found}
    return sorted(pairs, key=lambda pair: (str(pair[0]), pair[1].span, pair[1].code))


def as_json(findings: Findings, directory: Path) -> dict[str, Any]:
    """The document of `--format json`; ranges are zero-based and UTF-16, as in LSP."""
    sources = Sources()

    def shown(path: Path) -> str:
        return os.path.relpath(path.absolute(), directory.absolute())

    def fix(found: Fix, path: Path) -> dict[str, Any]:
        edits = [
            {
                "path": shown(edit.path or path),
                "range": _range(sources.get(edit.path or path).range(edit.span)),
                "newText": edit.text,
            }
            for edit in found.edits
        ]
        return {"title": found.title, "applicability": found.applicability.value, "edits": edits}

    diagnostics = [
        {
            "code": f.code,
            "severity": NAMES[f.severity],
            "message": f.message,
            "path": shown(path),
            "range": _range(sources.get(path).range(f.span)),
            "source": f.source,
            "related": [
                {
                    "path": shown(r.path),
                    "range": _range(sources.get(r.path).range(r.span)),
                    "message": r.message,
                }
                for r in f.related
            ],
            "fixes": [fix(found, path) for found in f.fixes],
        }
        for path, f in ordered(findings)
    ]
    return {"version": 1, "diagnostics": diagnostics}


def _range(found: Range) -> dict[str, Any]:
    return {
        "start": {"line": found.start.line, "character": found.start.character},
        "end": {"line": found.end.line, "character": found.end.character},
    }


def print_json(document: object) -> None:
    """One JSON document on stdout."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


class Paint:
    """Colour where a person looks at a terminal; honours `NO_COLOR`."""

    def __init__(self, stream: TextIO) -> None:
        self._on = (
            stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        )

    def __call__(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._on else text


def print_human(findings: Findings, directory: Path, stream: TextIO | None = None) -> None:
    """Every finding with its source line, then one line that counts them."""
    out = stream or sys.stdout
    paint = Paint(out)
    sources = Sources()
    every = ordered(findings)
    for path, finding in every:
        out.write(_excerpt(path, finding, directory, sources, paint) + "\n\n")
    out.write(_summary([f for _, f in every]) + "\n")


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
    shown = os.path.relpath(path.absolute(), directory.absolute())
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


def _summary(findings: Sequence[Finding]) -> str:
    counts = {name: sum(f.severity is s for f in findings) for s, name in NAMES.items()}
    said = [
        f"{n} {name}{'s' if n != 1 and name != 'information' else ''}"
        for name, n in counts.items()
        if n
    ]
    return ", ".join(said) if said else "no problems found"
