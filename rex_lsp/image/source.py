# SPDX-License-Identifier: Apache-2.0 OR MIT
"""From the lines and columns of debug information to what a person wrote there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection

from rex_lsp.model.machine import Point
from rex_lsp.rules.sighting import CALLS
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Encoding, Position, Span
from rex_lsp.syntax.tree import Node


def span_at(document: Document, point: Point, kinds: Collection[str] = CALLS) -> Span | None:
    """The smallest node of one of these kinds that begins at a point, on its first line.

    The name and the arguments for a call of a method, whose point is the name. Where there
    is no such node, what follows on the line; None where the text has no such line.
    """
    line = point.line - 1
    if not 0 <= line < document.line_count():
        return None
    start = document.offset(Position(line, 0), Encoding.UTF8)
    end = document.offset(Position(line, 1 << 30), Encoding.UTF8)
    text = document.data[start:end].partition(b" //")[0]
    lead = len(text) - len(text.lstrip())
    # rustc's columns count bytes.
    column = max(lead, point.column - 1 if 0 < point.column <= len(text) else 0)
    rest = Span(start + column, max(start + column, start + len(text.rstrip())))
    found = _node(document, rest.start, kinds)
    return rest if found is None else Span(found.start, min(found.end, rest.end))


def _node(document: Document, offset: int, kinds: Collection[str]) -> Span | None:
    index = max(0, bisect_right(document.bases, offset) - 1)
    chunk, base = document.chunks[index], document.bases[index]
    inner = offset - base
    node: Node | None = chunk.tree.root_node.descendant_for_byte_range(inner, inner + 1)
    while node is not None and not (node.type in kinds and _begins(node, inner)):
        node = node.parent
        if node is not None and node.type.endswith(("_item", "_statement", "declaration")):
            return None
    return None if node is None else Span(base + inner, base + node.end_byte)


def _begins(node: Node, offset: int) -> bool:
    """Whether a node, or the name of the method it calls, begins at an offset."""
    if node.start_byte == offset:
        return True
    called = node.child_by_field_name("function")
    if called is not None and called.type == "generic_function":
        called = called.child_by_field_name("function")
    name = None if called is None else called.child_by_field_name("field")
    return name is not None and name.start_byte == offset
