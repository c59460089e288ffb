# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`// rex: allow(code, …): reason` above an item or a statement; advice rules only."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rex_lsp.syntax.items import Raw
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node

_COMMENT = re.compile(rb"//\s*rex:\s*allow\(([^)\n]*)\)\s*:\s*\S")


@dataclass(frozen=True, slots=True)
class Allowance:
    """The rules that one comment allows (names without `rex::`), and where."""

    names: frozenset[str]
    span: Span


def allowances(raw: Raw, data: bytes) -> tuple[Allowance, ...]:
    """The allow comments of an item; spans count from the start of the item's region.

    A comment without a reason allows nothing.
    """
    text = data[raw.start : raw.node.end_byte]
    if b"rex:" not in text:
        return ()
    found: list[Allowance] = []
    for match in _COMMENT.finditer(text):
        names = frozenset(
            part.strip().removeprefix("rex::") for part in match[1].decode("utf-8").split(",")
        )
        span = _covered(raw, data, raw.start + match.start())
        if span is not None:
            found.append(Allowance(names, span.shifted(-raw.start)))
    return tuple(found)


def _covered(raw: Raw, data: bytes, at: int) -> Span | None:
    """What stands below a comment: the item when the comment is above it, else a statement."""
    if at < raw.node.start_byte:
        return Span(raw.start, raw.node.end_byte)
    comment = raw.node.descendant_for_byte_range(at, at + 1)
    while comment is not None and comment.type != "line_comment":
        comment = comment.parent
    if comment is None:
        return None
    below: Node | None = comment.next_named_sibling
    while below is not None and below.type in ("line_comment", "block_comment", "attribute_item"):
        below = below.next_named_sibling
    return None if below is None else Span(below.start_byte, below.end_byte)
