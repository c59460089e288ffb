# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Moves findings along when the text before them changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from rex_lsp.rules.finding import Edit, Finding, Fix, Related
from rex_lsp.syntax.changes import Splice
from rex_lsp.syntax.positions import Span


def shift_span(span: Span, splices: Iterable[Splice]) -> Span | None:
    """Where ``span`` is after the splices; None when one of them changed it inside."""
    start, end = span.start, span.end
    for splice in splices:
        by = splice.inserted - (splice.span.end - splice.span.start)
        if splice.span.end <= start:
            start, end = start + by, end + by
        elif splice.span.start < end:
            return None
    return Span(start, end)


def shift_finding(finding: Finding, path: Path, splices: tuple[Splice, ...]) -> Finding | None:
    """The finding of the file at ``path`` after an edit there; None when its anchor changed.

    A fix or related place inside the edit goes; the others move along.
    """
    span = shift_span(finding.span, splices)
    if span is None:
        return None
    related = [_shift_related(one, path, splices) for one in finding.related]
    fixes = [_shift_fix(one, path, splices) for one in finding.fixes]
    return replace(
        finding,
        span=span,
        related=tuple(one for one in related if one is not None),
        fixes=tuple(one for one in fixes if one is not None),
    )


def _shift_related(related: Related, path: Path, splices: tuple[Splice, ...]) -> Related | None:
    if related.path != path:
        return related
    span = shift_span(related.span, splices)
    return None if span is None else replace(related, span=span)


def _shift_fix(fix: Fix, path: Path, splices: tuple[Splice, ...]) -> Fix | None:
    edits: list[Edit] = []
    for edit in fix.edits:
        if edit.path not in (None, path):
            edits.append(edit)
            continue
        span = shift_span(edit.span, splices)
        if span is None:
            return None
        edits.append(replace(edit, span=span))
    return replace(fix, edits=tuple(edits))
