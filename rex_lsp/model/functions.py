# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Functions as they are written, and the calls between them that the source names."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rex_lsp.model.answers import Item
from rex_lsp.model.crate import Crate
from rex_lsp.model.facts import VALUE
from rex_lsp.model.places import Around, Place, enclosing
from rex_lsp.model.reading.reader import Reader
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.items import body_of, raw_items
from rex_lsp.syntax.positions import Encoding, Position, Span
from rex_lsp.syntax.tree import Node, text_of

Open = Callable[[Path], "Document | None"]


@dataclass(frozen=True, slots=True)
class Definition:
    """A function as it is written.

    `lines` are its first and last line, from 0, its attributes included; `body` is where its
    body begins.
    """

    path: Path
    name: str
    span: Span
    name_span: Span
    body: int
    lines: tuple[int, int]


def definition_at(document: Document, path: Path, offset: int) -> Definition | None:
    """The innermost function (a method too) around an offset."""
    around = enclosing(document, offset)
    return None if around is None else _definition(document, path, offset, around)


def definition_on(document: Document, path: Path, line: int) -> Definition | None:
    """The function that a line, from 0, belongs to."""
    span = line_span(document, line)
    return None if span is None else definition_at(document, path, span.start)


def line_span(document: Document, line: int, column: int = 0) -> Span | None:
    """A line's text from a column (from 1, in bytes; 0 is its first word) to its end."""
    if not 0 <= line < document.line_count():
        return None
    start = document.offset(Position(line, 0), Encoding.UTF8)
    text = document.data[start : document.offset(Position(line, 1 << 30), Encoding.UTF8)]
    lead = len(text) - len(text.lstrip())
    first = column - 1 if 0 < column <= len(text) else lead
    return Span(start + first, start + max(len(text.rstrip()), first))


def definitions(document: Document, path: Path, within: Span | None = None) -> Iterator[Definition]:
    """The functions of a file that touch a stretch of it."""
    within = within or Span(0, len(document))
    first = max(0, bisect_right(document.bases, within.start) - 1)
    for chunk, base in list(zip(document.chunks, document.bases, strict=True))[first:]:
        if base > within.end:
            return
        for node in _functions(chunk.tree.root_node):
            if base + node.start_byte <= within.end and base + node.end_byte >= within.start:
                found = definition_at(document, path, base + node.start_byte)
                if found is not None:
                    yield found


def function_meant(
    crate: Crate, document: Document, path: Path, offset: int, open_text: Open
) -> Definition | None:
    """The function that the name at an offset calls, else the one around the offset."""
    around = definition_at(document, path, offset)
    if around is None or around.name_span.start <= offset <= around.name_span.end:
        return around
    for target, span in calls_of(crate, document, around, open_text):
        if span.start <= offset <= span.end:
            return target
    return around


def calls_of(
    crate: Crate, document: Document, caller: Definition, open_text: Open
) -> Iterator[tuple[Definition, Span]]:
    """The functions of the crate that one calls by a path, and where."""
    around = enclosing(document, caller.span.start)
    if around is None:
        return
    start = caller.span.start - around.offset
    facts = Reader(around.data, around.raw.start).item(around.raw)
    for use in facts.paths:
        if use.role != "call":
            continue
        span = use.span.shifted(start)
        answer = crate.resolve(use.segments, Place(caller.path, span.start), VALUE)
        place = crate.place_of(answer) if isinstance(answer, Item) and not answer.rest else None
        if place is None or not isinstance(answer, Item) or answer.kind != "fn":
            continue
        target = open_text(place[0])
        found = None if target is None else definition_at(target, place[0], place[1].start)
        if found is not None:
            yield found, span


def _definition(document: Document, path: Path, offset: int, around: Around) -> Definition | None:
    node = around.raw.node
    named = node.child_by_field_name("name")
    if node.type != "function_item" or named is None:
        return None
    base, body = offset - around.offset - around.raw.start, body_of(node)
    start = around.raw.attributes[0] if around.raw.attributes else node
    first = document.position(base + start.start_byte, Encoding.UTF8).line
    last = document.position(base + node.end_byte, Encoding.UTF8).line
    return Definition(
        path,
        text_of(named, around.data),
        Span(base + node.start_byte, base + node.end_byte),
        Span(base + named.start_byte, base + named.end_byte),
        base + (node if body is None else body).start_byte,
        (first, last),
    )


def _functions(container: Node) -> Iterator[Node]:
    """Function nodes of a container and of the modules, impls and traits inside."""
    for raw in raw_items(container):
        if raw.node.type == "function_item":
            yield raw.node
        elif raw.node.type in ("mod_item", "impl_item", "trait_item"):
            body = body_of(raw.node)
            if body is not None:
                yield from _functions(body)
