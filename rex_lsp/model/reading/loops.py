# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Loops that nothing in their head ends, and the ways out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rex_lsp.model.facts import Loop
from rex_lsp.model.reading import scopes
from rex_lsp.model.reading.handlers import Handlers, OpenLoop
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node, text_of

if TYPE_CHECKING:
    from rex_lsp.model.reading.reader import Reader


def loop(reader: Reader, node: Node) -> None:
    kind = endless(node, reader.data)
    label = next((c for c in node.named_children if c.type == "label"), None)
    opened = OpenLoop(kind, text_of(label, reader.data) if label is not None else "")
    opened.exits = node.has_error
    reader.loops.append(opened)
    visible = reader.span(node)
    pattern = node.child_by_field_name("pattern")
    for field_name in ("value", "condition"):
        part = node.child_by_field_name(field_name)
        if part is not None:
            reader.visit(part)
    if pattern is not None:
        scopes.bind(reader, pattern, visible)
    body = node.child_by_field_name("body")
    if body is not None:
        reader.visit(body)
    reader.loops.pop()
    if kind:
        start = node.start_byte - reader.base
        if label is not None:
            after = reader.data[label.end_byte : node.end_byte]
            skipped = len(after) - len(after.lstrip(b": \t\r\n"))
            start = label.end_byte + skipped - reader.base
        keyword = Span(start, start + len(kind))
        reader.facts.loops.append(
            Loop(
                kind,
                keyword,
                visible,
                opened.exits,
                tuple(opened.calls),
                tuple(opened.macros),
            )
        )


def break_(reader: Reader, node: Node) -> None:
    label = next((c for c in node.named_children if c.type == "label"), None)
    if label is None:
        for loop in reversed(reader.loops):
            loop.exits = True
            if not loop.block:
                break
    else:
        leave(reader, text_of(label, reader.data))
    reader.children(node)


def continue_(reader: Reader, node: Node) -> None:
    label = next((c for c in node.named_children if c.type == "label"), None)
    if label is not None:
        name = text_of(label, reader.data)
        for at, loop in enumerate(reader.loops):
            if loop.label == name:
                for inner in reader.loops[at + 1 :]:
                    inner.exits = True


def leave(reader: Reader, label: str) -> None:
    """A `break 'label` ends the loops inside the labelled one, and it."""
    found = [at for at, loop in enumerate(reader.loops) if loop.label == label]
    for loop in reader.loops[found[-1] if found else 0 :]:
        loop.exits = True


def return_(reader: Reader, node: Node) -> None:
    for loop in reader.loops:
        loop.exits = True
    reader.children(node)


def endless(node: Node, data: bytes) -> str:
    """The keyword of a loop that nothing in its head can end, else ""."""
    if node.type == "loop_expression":
        return "loop"
    if node.type == "while_expression":
        condition = node.child_by_field_name("condition")
        if condition is not None and text_of(condition, data).strip("() ") == "true":
            return "while"
        return ""
    value = node.child_by_field_name("value")
    while value is not None and value.type == "parenthesized_expression" and value.named_children:
        value = value.named_children[0]
    if value is not None and value.type == "range_expression":
        kinds = [child.type for child in value.children]
        if kinds and kinds[-1] == ".." and len(kinds) == 2:
            return "for"
    return ""


HANDLERS: Handlers = {
    "loop_expression": loop,
    "while_expression": loop,
    "for_expression": loop,
    "break_expression": break_,
    "continue_expression": continue_,
    "return_expression": return_,
    "try_expression": return_,
}
