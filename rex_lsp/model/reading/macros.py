# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Macro calls, whose arguments are read again as code, and the bodies of macro_rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rex_lsp.model.facts import MACRO, PathUse
from rex_lsp.model.reading import scopes
from rex_lsp.model.reading.handlers import Handlers
from rex_lsp.model.reading.tokens import read_body, read_tokens
from rex_lsp.model.uses import path_segments
from rex_lsp.syntax.tree import Node, parse

if TYPE_CHECKING:
    from rex_lsp.model.reading.reader import Reader

_OPEN = b"fn x() { f(("
_OPEN_STATEMENTS = b"fn x() { "
_QUOTING = frozenset({"stringify", "concat"})


def macro_call(reader: Reader, node: Node) -> None:
    name = node.child_by_field_name("macro")
    if name is None:
        return
    segments = path_segments(name, reader.data)
    whole = reader.span(node)
    if segments is not None:
        index = len(reader.facts.paths)
        reader.facts.paths.append(PathUse(segments, MACRO, reader.span(name), "macro", whole))
        for loop in reader.loops:
            loop.macros.append(index)
    tree = next((c for c in node.named_children if c.type == "token_tree"), None)
    if tree is not None:
        quoted = segments is not None and segments[-1] in _QUOTING
        tokens(reader, tree, quoted=quoted)


def tokens(reader: Reader, tree: Node, *, quoted: bool = False) -> None:
    """Read a token tree: as expressions, else as statements, else as loose tokens."""
    if tree.end_byte - tree.start_byte <= 2:
        return
    inner = reader.data[tree.start_byte + 1 : tree.end_byte - 1]
    for opening, closing in ((_OPEN, b")) }"), (_OPEN_STATEMENTS, b" }")):
        source = opening + inner + closing
        root = parse(source).root_node
        if root.has_error:
            continue
        item = root.named_children[0] if root.named_children else None
        body = item.child_by_field_name("body") if item is not None else None
        if body is None:
            continue
        base = reader.base - (tree.start_byte + 1) + len(opening)
        inside(reader.over(source, base, reader.span(tree)), body, opening)
        return
    read_tokens(tree, reader.data, reader.base, reader.facts, quoted=quoted)
    for loop in reader.loops:
        loop.exits = True


def inside(reader: Reader, body: Node, opening: bytes) -> None:
    if opening is _OPEN_STATEMENTS:
        scopes.block(reader, body)
        return
    for statement in body.named_children:
        call = statement.named_children[0] if statement.named_children else statement
        if statement.type == "call_expression":
            call = statement
        arguments = call.child_by_field_name("arguments")
        if arguments is not None:
            reader.children(arguments)


def macro_rules(reader: Reader, node: Node) -> None:
    reader.facts.macro_body = True
    for rule in node.named_children:
        if rule.type == "macro_rule":
            right = rule.child_by_field_name("right")
            if right is not None:
                read_body(right, reader.data, reader.base, reader.facts)


HANDLERS: Handlers = {
    "macro_invocation": macro_call,
    "macro_definition": macro_rules,
}
