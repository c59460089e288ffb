# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The rules of a `macro_rules!`: matching a call, and writing what it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rex_lsp.model.macros.fragments import Row, end_of
from rex_lsp.model.macros.lexer import NotTokens, Token, partners, tokens

MAX_TOKENS = 60_000
"""What one call may become, in tokens."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A token that stands for itself."""

    token: Token


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name:fragment` in a pattern, `$name` on the right side."""

    name: bytes
    fragment: str


@dataclass(frozen=True, slots=True)
class Group:
    """A pair of brackets."""

    opening: Token
    inside: tuple[Node, ...]
    closing: Token


@dataclass(frozen=True, slots=True)
class Repetition:
    """`$( … ) separator operator`."""

    inside: tuple[Node, ...]
    separator: Token | None
    operator: bytes

    @property
    def names(self) -> frozenset[bytes]:
        """The variables inside."""
        return frozenset(_names(self.inside))


Node = Plain | Variable | Group | Repetition
Bound = "tuple[Token, ...] | list[Bound]"
Bindings = dict[bytes, "tuple[Token, ...] | list[object]"]
Rule = tuple[tuple[Node, ...], tuple[Node, ...]]


class Unreadable(Exception):
    """The macro is none, or uses what is not stable."""


@lru_cache(maxsize=512)
def rules_of(definition: bytes) -> tuple[Rule, ...]:
    """The rules of the text `macro_rules! name { … }`; () where it cannot be read."""
    try:
        row = tokens(definition, own=True)
        brackets = partners(row)
        at = next(i for i, token in enumerate(row) if token.kind == "open")
        end = brackets[at]
        at += 1
        rules: list[Rule] = []
        while at < end:
            left, arrow = at, brackets[at] + 1
            right = arrow + 1
            if row[arrow].text != b"=>" or right not in brackets:
                raise Unreadable
            pattern = _nodes(row, brackets, left + 1, brackets[left], pattern=True)
            rules.append((pattern, _nodes(row, brackets, right + 1, brackets[right])))
            at = brackets[right] + 1
            if at < end and row[at].text == b";":
                at += 1
        return tuple(rules)
    except (Unreadable, NotTokens, KeyError, IndexError, StopIteration):
        return ()


def becomes(rules: Sequence[Rule], arguments: Sequence[Token]) -> list[Token] | None:
    """The tokens that a call with these arguments becomes; None where no rule fits."""
    row = Row(arguments, partners(list(arguments)))
    for pattern, right in rules:
        bindings: Bindings = {}
        if _match(pattern, row, 0, len(arguments), bindings) != len(arguments):
            continue
        out: list[Token] = []
        try:
            _write(right, bindings, out)
        except Unreadable:
            return None
        return out
    return None


def _nodes(
    row: Sequence[Token], brackets: Mapping[int, int], at: int, end: int, *, pattern: bool = False
) -> tuple[Node, ...]:
    found: list[Node] = []
    while at < end:
        token = row[at]
        if token.text == b"$" and at + 1 < end:
            at += 1
            following = row[at]
            if following.text == b"(":
                inside = _nodes(row, brackets, at + 1, brackets[at], pattern=pattern)
                at = brackets[at] + 1
                separator = None
                if at < end and row[at].text not in (b"*", b"+", b"?"):
                    separator = row[at]
                    at += 1
                if at >= end or row[at].text not in (b"*", b"+", b"?"):
                    raise Unreadable
                found.append(Repetition(inside, separator, row[at].text))
                at += 1
            elif following.text == b"crate":
                found.append(Plain(following))
                at += 1
            elif following.kind == "ident":
                fragment = ""
                at += 1
                if pattern:
                    if at + 1 >= end or row[at].text != b":":
                        raise Unreadable
                    fragment = row[at + 1].text.decode("utf-8", "replace")
                    at += 2
                found.append(Variable(following.text, fragment))
            else:
                raise Unreadable
        elif token.kind == "open":
            close = brackets[at]
            inside = _nodes(row, brackets, at + 1, close, pattern=pattern)
            found.append(Group(token, inside, row[close]))
            at = close + 1
        else:
            found.append(Plain(token))
            at += 1
    return tuple(found)


def _names(nodes: Sequence[Node]) -> list[bytes]:
    found: list[bytes] = []
    for node in nodes:
        if isinstance(node, Variable):
            found.append(node.name)
        elif isinstance(node, (Group, Repetition)):
            found.extend(_names(node.inside))
    return found


def _match(nodes: Sequence[Node], row: Row, at: int, end: int, bindings: Bindings) -> int | None:
    """The index after what the nodes match, None where they do not."""
    for node in nodes:
        if isinstance(node, Repetition):
            at = _match_rows(node, row, at, end, bindings)
            if at < 0:
                return None
        elif isinstance(node, Variable):
            after = end_of(row, node.fragment, at, end)
            if after is None:
                return None
            bindings[node.name] = tuple(row.tokens[at:after])
            at = after
        elif at >= end:
            return None
        elif isinstance(node, Plain):
            if row.tokens[at].text != node.token.text:
                return None
            at += 1
        else:
            if row.tokens[at].text != node.opening.text:
                return None
            close = row.partners[at]
            if _match(node.inside, row, at + 1, close, bindings) != close:
                return None
            at = close + 1
    return at


def _match_rows(node: Repetition, row: Row, at: int, end: int, bindings: Bindings) -> int:
    """As `_match`, for a repetition; -1 for one that has too few."""
    rounds: list[Bindings] = []
    while node.operator != b"?" or not rounds:
        start = at
        if rounds and node.separator is not None:
            if start >= end or row.tokens[start].text != node.separator.text:
                break
            start += 1
        inner: Bindings = {}
        after = _match(node.inside, row, start, end, inner)
        if after is None or after == at:
            break
        rounds.append(inner)
        at = after
    for name in node.names:
        bindings[name] = [one.get(name, ()) for one in rounds]
    return -1 if node.operator == b"+" and not rounds else at


def _write(nodes: Sequence[Node], bindings: Bindings, out: list[Token]) -> None:
    for node in nodes:
        if isinstance(node, Plain):
            out.append(node.token)
        elif isinstance(node, Variable):
            value = bindings.get(node.name)
            if value is None:
                # Not a variable of this rule: a macro that makes macros keeps it as it is.
                out.append(Token("ident", b"$" + node.name, -1, True))
            elif isinstance(value, tuple):
                out.extend(value)
            else:
                raise Unreadable
        elif isinstance(node, Group):
            out.append(node.opening)
            _write(node.inside, bindings, out)
            out.append(node.closing)
        else:
            _write_rows(node, bindings, out)
        if len(out) > MAX_TOKENS:
            raise Unreadable


def _write_rows(node: Repetition, bindings: Bindings, out: list[Token]) -> None:
    rows = {name: value for name in node.names if isinstance(value := bindings.get(name), list)}
    counts = {len(value) for value in rows.values()}
    if len(counts) != 1:
        raise Unreadable
    for index in range(counts.pop()):
        if index and node.separator is not None:
            out.append(node.separator)
        inner = dict(bindings)
        for name, value in rows.items():
            one = value[index]
            assert isinstance(one, (tuple, list))
            inner[name] = one
        _write(node.inside, inner, out)
