# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Edits as they arrive from a client, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass

from rex_lsp.syntax.positions import Range, Span


class EditRejected(Exception):
    """A change that cannot be applied; the document is as it was before the whole batch."""


@dataclass(frozen=True, slots=True)
class Change:
    """One content change of `textDocument/didChange`; without a range it is the whole text."""

    range: Range | None
    text: str


@dataclass(frozen=True, slots=True)
class Splice:
    """A change in bytes: the text of `span` (before this change) became `inserted` bytes."""

    span: Span
    inserted: int


@dataclass(frozen=True, slots=True)
class Touched:
    """What a batch did: its splices in order, and whether the whole text was replaced."""

    version: int | None
    splices: tuple[Splice, ...]
    replaced: bool = False
