# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Reads token trees that are no expressions: bodies of macro_rules and odd macro arguments."""

from __future__ import annotations

from collections.abc import Sequence

from rex_lsp.model.facts import AttributeUse, Facts, PathUse, Unsafe
from rex_lsp.model.uses import GLOBAL, unraw
from rex_lsp.syntax.items import Attribute, split_attribute
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node, text_of

ANY = "?"
"""The namespace of a path in loose tokens: nobody knows whether it is a type or a value."""

MAX_DEPTH = 200
"""Brackets inside brackets beyond which nobody looks."""

_NAMES = frozenset({"identifier", "primitive_type", "metavariable", "crate", "self", "super"})
_DECLARING = frozenset(
    {"fn", "let", "struct", "enum", "union", "trait", "mod", "static", "const", "type", "mut"}
)
_UNSAFE = {"fn": "fn", "extern": "fn", "impl": "impl", "trait": "trait"}


def read_tokens(tree: Node, data: bytes, base: int, facts: Facts, *, quoted: bool) -> None:
    """Take in the loose tokens of a macro call's argument; `quoted` ones only become text."""
    _Tokens(data, base, facts, "path", words=not quoted).read(tree)


def read_body(tree: Node, data: bytes, base: int, facts: Facts) -> None:
    """Take in the right side of a macro_rules rule."""
    _Tokens(data, base, facts, "body").read(tree)


class _Tokens:
    def __init__(
        self, data: bytes, base: int, facts: Facts, role: str, *, words: bool = False
    ) -> None:
        self.data = data
        self.base = base
        self.facts = facts
        self.role = role
        self.words = words
        self.declared: set[str] = set()

    def read(self, tree: Node) -> None:
        start = len(self.facts.paths)
        self._trees(tree)
        if self.declared:
            self.facts.paths[start:] = [
                path
                for path in self.facts.paths[start:]
                if len(path.segments) > 1 or path.segments[0] not in self.declared
            ]

    def _trees(self, tree: Node, depth: int = 0) -> None:
        if depth > MAX_DEPTH:
            self.facts.broken = True
            return
        children = tree.children
        if len(children) >= 2 and children[0].type in "([{":
            children = children[1:-1]
        self._sequence(children)
        for child in children:
            if child.type in ("token_tree", "token_repetition"):
                self._trees(child, depth + 1)

    def _sequence(self, tokens: Sequence[Node]) -> None:
        at = 0
        while at < len(tokens):
            token = tokens[at]
            kind = token.type
            before = tokens[at - 1].type if at else ""
            if before == "as" and _imports(tokens, at):
                self.declared.add(text_of(token, self.data))
            elif kind in _NAMES or (kind == "::" and self._starts_global(tokens, at)):
                at = self._path(tokens, at, before)
                continue
            if kind == "float_literal" and before != ".":
                self.facts.floats.append(self._span(token))
            elif kind == "integer_literal":
                text = text_of(token, self.data)
                if text.endswith(("f32", "f64")) and not text.lower().startswith("0x"):
                    self.facts.floats.append(self._span(token))
            elif kind == "unsafe" or (kind == "identifier" and token.text == b"unsafe"):
                self._unsafe(tokens, at)
            elif kind == "#":
                self._attribute(tokens, at)
            elif kind == "static" and before != "'":
                following = tokens[at + 1].type if at + 1 < len(tokens) else ""
                if following in ("mut", "mutable_specifier"):
                    self.facts.static_muts.append(self._span(token))
            at += 1

    def _starts_global(self, tokens: Sequence[Node], at: int) -> bool:
        before = tokens[at - 1].type if at else ""
        if before == ">" or before in _NAMES:
            return False
        return at + 1 < len(tokens) and tokens[at + 1].type in _NAMES

    def _path(self, tokens: Sequence[Node], at: int, before: str) -> int:
        first = at
        segments: list[str] = []
        if tokens[at].type == "::":
            segments.append(GLOBAL)
            at += 1
        segments.append(unraw(text_of(tokens[at], self.data)))
        at += 1
        while at + 1 < len(tokens) and tokens[at].type == "::":
            if tokens[at + 1].type not in _NAMES:
                break
            segments.append(unraw(text_of(tokens[at + 1], self.data)))
            at += 2
        span = Span(self._span(tokens[first]).start, self._span(tokens[at - 1]).end)
        following = tokens[at].type if at < len(tokens) else ""
        name = segments[0]
        if name == "unsafe" and len(segments) == 1:
            self._unsafe(tokens, first)
            return at
        if len(segments) == 1:
            if before in _DECLARING:
                if before != "mut" or (first >= 2 and tokens[first - 2].type == "let"):
                    self.declared.add(name)
                return at
            if before in (".", "'", "$") or following in (":", "="):
                return at
        if name.startswith("$") and name != "$crate":
            return at
        if following == "!" and at + 1 < len(tokens) and tokens[at + 1].type == "token_tree":
            self.facts.paths.append(PathUse(tuple(segments), "m", span, "macro"))
            return at
        if following == "!" and at + 1 >= len(tokens):
            return at
        self.facts.paths.append(PathUse(tuple(segments), ANY, span, self.role))
        return at

    def _unsafe(self, tokens: Sequence[Node], at: int) -> None:
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        if following is None:
            kind = "word"
        elif following.type == "token_tree" and following.children[0].type == "{":
            kind = "block"
        else:
            kind = _UNSAFE.get(following.type, "word")
        if kind == "word" and not self.words:
            return
        keyword = self._span(tokens[at])
        self.facts.unsafe.append(Unsafe(kind, keyword, keyword))

    def _attribute(self, tokens: Sequence[Node], at: int) -> None:
        if at + 1 < len(tokens) and tokens[at + 1].type == "!":
            at += 1
        if at + 1 >= len(tokens) or tokens[at + 1].type != "token_tree":
            return
        tree = tokens[at + 1]
        text = text_of(tree, self.data)
        if not text.startswith("["):
            return
        inner = text[1:-1].strip()
        unsafe = inner.startswith("unsafe") and inner[6:].lstrip().startswith("(")
        if unsafe:
            inner = inner[6:].strip()[1:-1]
        path, arguments = split_attribute(inner)
        span = Span(self._span(tokens[at]).start, self._span(tree).end)
        attribute = Attribute(path, arguments, span, unsafe)
        self.facts.attributes.append(AttributeUse(attribute, "macro", span))

    def _span(self, node: Node) -> Span:
        return Span(node.start_byte - self.base, node.end_byte - self.base)


def _imports(tokens: Sequence[Node], at: int) -> bool:
    """Whether the words before stand in a `use`, where `as` gives a name."""
    for token in reversed(tokens[:at]):
        if token.type == ";":
            return False
        if token.type == "use" or token.text == b"use":
            return True
    return False
