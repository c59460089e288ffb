# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`// rex: allow(code, …): reason` above an item or a statement; advice rules only."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rex_lsp.syntax.items import Raw
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.queries import captures
from rex_lsp.syntax.tree import Node, text_of

_COMMENT = re.compile(r"//\s*rex:\s*allow\(([^)\n]*)\)\s*:\s*\S")


@dataclass(frozen=True, slots=True)
class Allowance:
    """The rules that one comment allows (names without `rex::`), and where."""

    names: frozenset[str]
    span: Span


def allowances(raw: Raw, data: bytes) -> tuple[Allowance, ...]:
    """The allow comments of an item; spans count from the start of the item's region.

    A comment without a reason allows nothing.
    """
    if b"rex:" not in data[raw.start : raw.node.end_byte]:
        return ()
    found: list[Allowance] = []
    for comment in _comments(raw):
        match = _COMMENT.match(text_of(comment, data))
        below = _below(comment, raw)
        if match is not None and below is not None:
            names = frozenset(part.strip().removeprefix("rex::") for part in match[1].split(","))
            found.append(Allowance(names, below.shifted(-raw.start)))
    return tuple(found)


def _comments(raw: Raw) -> list[Node]:
    """The allow comments before an item and inside it."""
    found = captures("allowances", raw.node, "allow")
    before = raw.node.prev_named_sibling
    while before is not None and before.start_byte >= raw.start:
        found += captures("allowances", before, "allow")
        before = before.prev_named_sibling
    return found


def _below(comment: Node, raw: Raw) -> Span | None:
    """What a comment stands above: the item, or a statement in it."""
    if comment.start_byte < raw.node.start_byte:
        return Span(raw.start, raw.node.end_byte)
    below: Node | None = comment.next_named_sibling
    while below is not None and below.type in ("line_comment", "block_comment", "attribute_item"):
        below = below.next_named_sibling
    return None if below is None else Span(below.start_byte, below.end_byte)
