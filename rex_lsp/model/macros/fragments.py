# SPDX-License-Identifier: Apache-2.0 OR MIT
"""How far a fragment (`$x:expr`, …) reaches (Reference, "Macros By Example", "Metavariables").

What may follow a fragment is fixed by the language, so its end is found by what cannot
belong to it, without reading it as code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rex_lsp.model.macros.lexer import Token

_EXPRESSION_ENDS = frozenset({b",", b";", b"=>"})
_TYPE_ENDS = frozenset({b",", b";", b"=>", b"=", b":", b"|", b">", b"as", b"where", b"{"})
_BEFORE_ARRAY = frozenset({b"", b"&", b"mut", b"->"})
_BEFORE_ANGLE = frozenset({b"::", b"(", b",", b"=", b"as"})
_BEFORE_ARRAY = frozenset({b"", b"&", b"mut", b"->"})
_PATTERN_ENDS = frozenset({b",", b"=>", b"="})
_BRACED = frozenset({b"fn", b"struct", b"enum", b"union", b"trait", b"impl", b"mod", b"extern"})
_ENDED = frozenset({b"use", b"static", b"const", b"type"})
_BEFORE_OPERAND = frozenset(b"( [ { , ; = => + - * / % ! & && || ^ < return move".split())


class Row:
    """Tokens with the partners of their brackets."""

    def __init__(self, tokens: Sequence[Token], partners: Mapping[int, int]) -> None:
        self.tokens = tokens
        self.partners = partners

    def after(self, at: int) -> int:
        """The index after the token tree at `at`."""
        return self.partners.get(at, at) + 1


def end_of(row: Row, fragment: str, at: int, end: int) -> int | None:
    """The index after a fragment that begins at `at`; None where none does.

    `end` is where the tokens around it end.
    """
    if fragment == "vis":
        return _visibility(row, at, end)
    if at >= end:
        return None
    token = row.tokens[at]
    if fragment == "tt":
        return row.after(at)
    if fragment == "ident":
        return at + 1 if token.kind == "ident" and token.text != b"_" else None
    if fragment == "lifetime":
        return at + 1 if token.kind == "lifetime" else None
    if fragment == "literal":
        return _literal(row, at, end)
    if fragment == "block":
        return row.after(at) if token.text == b"{" else None
    if fragment == "item":
        return _item(row, at, end)
    if fragment == "meta":
        return _meta(row, at, end)
    if fragment in ("ty", "path"):
        return _type(row, at, end)
    if fragment in ("pat", "pat_param"):
        return _pattern(row, at, end, whole=fragment == "pat")
    if fragment in ("expr", "expr_2021", "stmt"):
        found = _item(row, at, end) if fragment == "stmt" else None
        return found if found is not None else _expression(row, at, end)
    return None


def _visibility(row: Row, at: int, end: int) -> int:
    if at < end and row.tokens[at].text == b"pub":
        at += 1
        inner = row.tokens[at + 1].text if at + 1 < end else b""
        if at < end and row.tokens[at].text == b"(" and inner in _RESTRICTED:
            at = row.after(at)
    return at


_RESTRICTED = frozenset({b"crate", b"self", b"super", b"in"})


def _literal(row: Row, at: int, end: int) -> int | None:
    if row.tokens[at].text == b"-":
        at += 1
    if at >= end:
        return None
    token = row.tokens[at]
    return at + 1 if token.kind == "literal" or token.text in (b"true", b"false") else None


def _expression(row: Row, at: int, end: int) -> int | None:
    first = at
    angles = 0
    while at < end:
        token = row.tokens[at]
        if token.text in _EXPRESSION_ENDS and not angles:
            break
        before = row.tokens[at - 1].text if at > first else b"("
        if token.text == b"|" and before in _BEFORE_OPERAND:
            at += 1
            while at < end and row.tokens[at].text != b"|":
                at = row.after(at)
        elif token.text == b"<" and (angles or before in _BEFORE_ANGLE):
            angles += 1
        elif token.text == b">" and angles:
            angles -= 1
        at = row.after(at) if at < end else at
    return min(at, end) if at > first else None


def _type(row: Row, at: int, end: int) -> int | None:
    first = at
    angles = 0
    while at < end:
        token = row.tokens[at]
        before = row.tokens[at - 1].text if at > first else b""
        if token.text == b"<":
            angles += 1
        elif angles and token.text == b">":
            angles -= 1
        elif not angles and (
            token.text in _TYPE_ENDS
            or (token.text == b"[" and before not in _BEFORE_ARRAY)
            or (at > first and _begins_anew(row, at))
        ):
            break
        at = row.after(at)
    return min(at, end) if at > first else None


_GLUE = frozenset(b":: & && mut dyn impl for -> * const unsafe extern + ? ! fn <".split())


def _begins_anew(row: Row, at: int) -> bool:
    """Whether a word stands where a type that has begun cannot go on."""
    before, token = row.tokens[at - 1], row.tokens[at]
    if token.kind not in ("ident", "literal"):
        return False
    return before.text not in _GLUE and before.kind != "lifetime" and before.text != b'"C"'


def _pattern(row: Row, at: int, end: int, *, whole: bool) -> int | None:
    first = at
    while at < end:
        text = row.tokens[at].text
        if text in _PATTERN_ENDS or text in (b"if", b"in") or (text == b"|" and not whole):
            break
        at = row.after(at)
    return min(at, end) if at > first else None


def _meta(row: Row, at: int, end: int) -> int | None:
    first = at
    while at < end and (row.tokens[at].kind == "ident" or row.tokens[at].text == b"::"):
        at += 1
    if at == first:
        return None
    if at < end and row.tokens[at].kind == "open":
        return row.after(at)
    if at < end and row.tokens[at].text == b"=":
        return _expression(row, at + 1, end)
    return at


def _item(row: Row, at: int, end: int) -> int | None:
    while at + 1 < end and row.tokens[at].text == b"#":
        at = row.after(at + 1)
    at = _visibility(row, at, end)
    words = [token.text for token in row.tokens[at : min(end, at + 5)]]
    keyword = next((word for word in words if word in _BRACED or word in _ENDED), b"")
    if not keyword:
        return _macro_item(row, at, end)
    if words.index(keyword) and not set(words[: words.index(keyword)]) <= _QUALIFIERS:
        return None
    if keyword == b"const" and b"fn" in words:
        keyword = b"fn"
    while at < end:
        text = row.tokens[at].text
        if text == b";" or (text == b"{" and keyword in _BRACED):
            return row.after(at)
        at = row.after(at)
    return None


_QUALIFIERS = frozenset({b"unsafe", b"async", b"default", b"auto", b"safe"})


def _macro_item(row: Row, at: int, end: int) -> int | None:
    while at < end and (row.tokens[at].kind == "ident" or row.tokens[at].text == b"::"):
        at += 1
    if at >= end or row.tokens[at].text != b"!":
        return None
    at += 1
    if at < end and row.tokens[at].kind == "ident":
        at += 1
    if at >= end or row.tokens[at].kind != "open":
        return None
    braced = row.tokens[at].text == b"{"
    at = row.after(at)
    if braced:
        return at
    return at + 1 if at < end and row.tokens[at].text == b";" else None
