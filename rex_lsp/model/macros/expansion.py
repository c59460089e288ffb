# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a macro call becomes, as text, with the way back from there to the call."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from rex_lsp.model.macros.lexer import NotTokens, Token, tokens
from rex_lsp.model.macros.rules import becomes, rules_of
from rex_lsp.syntax.items import Raw, raw_items
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node, parse

CALL = "macro_call"


@dataclass(frozen=True, slots=True)
class Expansion:
    """The text that a call becomes.

    `pieces` are the stretches of it that stand in the call's arguments: start and end in
    the text, and where it stands in the call, counted from the call's beginning. `name` is
    the place of the macro's name there.
    """

    text: bytes
    pieces: tuple[tuple[int, int, int], ...]
    name: Span

    def place(self, span: Span) -> Span | None:
        """Where a stretch of the text stands in the call; None where it is the macro's own.

        Of what is made of both it is the part that the call gave.
        """
        first = bisect_right(self.pieces, span.start, key=lambda piece: piece[1])
        starts: list[int] = []
        ends: list[int] = []
        for start, end, source in self.pieces[first:]:
            if start >= span.end and not (start == span.start == span.end):
                break
            starts.append(source + max(0, span.start - start))
            ends.append(source + min(end, span.end) - start)
        return Span(min(starts), max(ends)) if starts else None

    def shown(self, span: Span) -> Span:
        """Where a stretch of the text is shown: at the macro's name, if it is not the call's."""
        return self.place(span) or self.name

    def is_same(self, span: Span, written: bytes) -> bool:
        """Whether a stretch of the text is what is written somewhere, blanks left aside."""
        return b"".join(self.text[span.start : span.end].split()) == b"".join(written.split())

    def raws(self) -> list[Raw]:
        """The items of the text."""
        return list(raw_items(_parsed(self.text)))


def call_of(node: Node) -> Node | None:
    """The macro call that stands in the place of an item."""
    call = node.named_children[0] if node.type == "expression_statement" else node
    return call if call.type == "macro_invocation" else None


@lru_cache(maxsize=1024)
def expand(definition: bytes, call: bytes) -> Expansion | None:
    """What a call becomes by a macro's definition, both as text; None where nobody can tell."""
    try:
        row = tokens(call, own=False)
    except NotTokens:
        return None
    mark = next((at for at, token in enumerate(row) if token.text == b"!"), 0)
    if not mark or mark + 1 >= len(row) or row[mark + 1].kind != "open":
        return None
    close = len(row) - 1
    while close and row[close].kind != "close":
        close -= 1
    made = becomes(rules_of(definition), row[mark + 2 : close])
    if made is None:
        return None
    name = Span(row[0].start, row[mark - 1].end)
    found = _written(made, name)
    return None if _parsed(found.text).has_error else found


def _written(row: list[Token], name: Span) -> Expansion:
    text = bytearray()
    pieces: list[tuple[int, int, int]] = []
    before: Token | None = None
    for token in row:
        joined = before is not None and before.own == token.own and before.end == token.start
        if before is not None and not (joined and token.start >= 0):
            text += b" "
        start = len(text)
        text += token.text
        if not token.own and token.start >= 0:
            pieces.append((start, len(text), token.start))
        before = token
    return Expansion(bytes(text), tuple(pieces), name)


@lru_cache(maxsize=64)
def _parsed(text: bytes) -> Node:
    return parse(text).root_node
