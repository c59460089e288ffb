# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Many fixes at once: which of them go together, and what they make of a text."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from rex_lsp.rules.finding import Applicability, Edit, Finding, Fix
from rex_lsp.syntax.positions import Span

Chosen = tuple[Path, Finding, Fix]


def compatible(
    findings: Iterable[tuple[Path, Finding]], allowed: Collection[Applicability]
) -> list[Chosen]:
    """One fix for each finding, as far as they do not touch each other's text.

    First come, first served; of one finding's fixes a safe one wins, then a preferred one.
    What is left out is found again in the text that the others made.
    """
    taken: list[tuple[Path, Span]] = []
    chosen: list[Chosen] = []
    done: set[tuple[Edit, ...]] = set()
    for path, finding in findings:
        fixes = [fix for fix in finding.fixes if fix.applicability in allowed]
        for fix in sorted(fixes, key=lambda one: (not one.safe, not one.preferred)):
            places = [(edit.path or path, edit.span) for edit in fix.edits]
            edits = tuple(
                Edit(edit.span, edit.text, place)
                for edit, (place, _) in zip(fix.edits, places, strict=True)
            )
            if edits in done:
                break
            if not any(_clash(place, other) for place in places for other in taken):
                taken += places
                done.add(edits)
                chosen.append((path, finding, fix))
                break
    return chosen


def by_file(chosen: Iterable[Chosen]) -> dict[Path, list[Edit]]:
    """The edits of fixes, each under the file that it changes."""
    found: dict[Path, list[Edit]] = {}
    for path, _, fix in chosen:
        for edit in fix.edits:
            found.setdefault(edit.path or path, []).append(edit)
    return found


def applied(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes after edits that do not overlap; lines that are put in end as the text's do."""
    crlf = data.count(b"\r\n") * 2 > data.count(b"\n")
    for edit in sorted(edits, key=lambda one: one.span, reverse=True):
        text = edit.text.replace("\r\n", "\n").encode("utf-8", "surrogatepass")
        if crlf:
            text = text.replace(b"\n", b"\r\n")
        data = data[: edit.span.start] + text + data[edit.span.end :]
    return data


def _clash(one: tuple[Path, Span], other: tuple[Path, Span]) -> bool:
    (file, span), (taken_file, taken) = one, other
    return file == taken_file and (
        span == taken or (span.start < taken.end and taken.start < span.end)
    )
