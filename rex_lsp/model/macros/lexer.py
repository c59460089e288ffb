# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Rust's tokens, as far as macros by example tell them apart (Reference, "Tokens")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

OPENING = {b"(": b")", b"[": b"]", b"{": b"}"}
CLOSING = frozenset(OPENING.values())

MAX_DEPTH = 100
"""Brackets inside brackets beyond which nobody looks."""


class Token(NamedTuple):
    """One token. `kind` is ident, lifetime, literal, punct, open or close.

    `start` is its offset in the text it was read from, -1 for one that stands in no text;
    `own` tells that the text is that of the macro, not of the call.
    """

    kind: str
    text: bytes
    start: int
    own: bool

    @property
    def end(self) -> int:
        """The offset after the token."""
        return self.start + len(self.text)


class NotTokens(ValueError):
    """The text is no row of token trees: a quote or a bracket has no partner."""


_TOKEN = re.compile(
    rb"""(?P<blank>\s+)
    |(?P<doc>///(?!/)[^\n]*|//![^\n]*)
    |(?P<comment>//[^\n]*)
    |(?P<block>/\*)
    |(?P<literal>
        (?:b|c)?r(?P<hashes>\#*)"(?:.*?)"(?P=hashes)
        |(?:b|c)?"(?:[^"\\]|\\.)*"
        |b?'(?:\\.[^']*|[^\\'\n\x80-\xff]|[\xc0-\xff][\x80-\xbf]+)'
        |\d[\d_]*(?:\.\d[\d_]*)?[eE][+-]?\d\w*
        |\d[\d_]*\.\d\w*|\d[\d_]*\.(?![.\w])|\d\w*)
    |(?P<lifetime>'[A-Za-z_]\w*)
    |(?P<ident>(?:r\#)?[A-Za-z_\x80-\xff][\w\x80-\xff]*)
    |(?P<open>[(\[{])|(?P<close>[)\]}])
    |(?P<punct><<=|\.\.\.|\.\.=|::|->|=>|==|!=|<=|>=|&&|\|\||[-+*/%^&|]=|<<|\.\.|[^\s\w'"])
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens(text: bytes, *, own: bool) -> list[Token]:
    """The tokens of a text; doc comments become attributes. Raises NotTokens."""
    found: list[Token] = []
    waiting: list[bytes] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise NotTokens
        kind = match.lastgroup
        if kind == "block":
            at = _comment_end(text, at)
            continue
        if kind == "doc":
            found.extend(_doc(match[0], own))
        elif kind not in ("blank", "comment"):
            if kind == "open":
                waiting.append(OPENING[match[0]])
            elif kind == "close" and (not waiting or waiting.pop() != match[0]):
                raise NotTokens
            if len(waiting) > MAX_DEPTH:
                raise NotTokens
            found.append(Token("literal" if kind == "hashes" else kind, match[0], at, own))
        at = match.end()
    if waiting:
        raise NotTokens
    return found


def partners(row: list[Token]) -> dict[int, int]:
    """For each opening bracket the index of its closing one."""
    found: dict[int, int] = {}
    waiting: list[int] = []
    for index, token in enumerate(row):
        if token.kind == "open":
            waiting.append(index)
        elif token.kind == "close":
            found[waiting.pop()] = index
    return found


def _comment_end(text: bytes, at: int) -> int:
    depth = 0
    for mark in re.compile(rb"/\*|\*/").finditer(text, at):
        depth += 1 if mark[0] == b"/*" else -1
        if depth == 0:
            return mark.end()
    raise NotTokens


def _doc(comment: bytes, own: bool) -> Iterator[Token]:
    words = [("punct", b"#")] + ([("punct", b"!")] if comment.startswith(b"//!") else [])
    words += [("open", b"["), ("ident", b"doc"), ("punct", b"="), ("literal", b'""')]
    for kind, text in (*words, ("close", b"]")):
        yield Token(kind, text, -1, own)
