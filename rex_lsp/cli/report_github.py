# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Findings as GitHub's workflow commands, which become annotations on the changed lines.

The form is that of GitHub's manual, "Workflow commands for GitHub Actions"; what is escaped
is what its runner unescapes (`actions/toolkit`, `command.ts`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rex_lsp.cli.report_paths import inside, relative
from rex_lsp.cli.source_text import Sources
from rex_lsp.rules.finding import Finding, Severity

_COMMANDS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFORMATION: "notice",
    Severity.HINT: "notice",
}


def commands(findings: list[tuple[Path, Finding]], root: Path) -> Iterator[str]:
    """One command a finding, the severe ones first: GitHub shows ten of a kind a step."""
    sources = Sources()
    for path, finding in sorted(findings, key=lambda pair: pair[1].severity):
        found = sources.get(path).range(finding.span)
        place = _place(path, root)
        line, column = found.start.line + 1, found.start.character + 1
        properties = {"title": finding.code, "file": place, "line": line}
        # GitHub takes columns only for findings on one line (API "Check runs", annotations).
        if found.end.line == found.start.line:
            properties["col"] = column
            properties["endLine"] = line
            properties["endColumn"] = max(found.end.character, found.start.character) + 1
        else:
            properties["endLine"] = found.end.line + 1
        given = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
        text = "\n".join(_lines(finding, f"{place}:{line}:{column}", root, sources))
        yield f"::{_COMMANDS[finding.severity]} {given}::{_data(text)}"


def trouble(message: str) -> str:
    """An error that belongs to no file."""
    return f"::error title=rex::{_data(message)}"


def _lines(finding: Finding, place: str, root: Path, sources: Sources) -> Iterator[str]:
    # The log of a job shows this text alone, so it says the place too.
    yield f"{place}: {finding.message}"
    for related in finding.related:
        line = sources.get(related.path).line_of(related.span.start) + 1
        yield f"{_place(related.path, root)}:{line}: {related.message}"
    for fix in finding.fixes:
        yield f"fix ({fix.applicability.value}): {fix.title}"


def _place(path: Path, root: Path) -> str:
    within = inside(path, root)
    return relative(path, root) if within is None else str(within)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
