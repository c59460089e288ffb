# SPDX-License-Identifier: Apache-2.0 OR MIT
"""From an offset to the item around it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rex_lsp.model.uses import Segments, unraw
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.items import Raw, body_of, raw_items
from rex_lsp.syntax.tree import Node, text_of


@dataclass(frozen=True, slots=True)
class Place:
    """A byte offset of a file."""

    path: Path
    offset: int


@dataclass(frozen=True, slots=True)
class Around:
    """The innermost item around an offset: its nodes, the inline modules it is in.

    `offset` counts from the start of the item's region.
    """

    raw: Raw
    data: bytes
    modules: Segments
    offset: int


def enclosing(document: Document, offset: int) -> Around | None:
    """The item that an offset lies in; members of impls and traits count as items."""
    return next(reversed(list(every_enclosing(document, offset))), None)


def every_enclosing(document: Document, offset: int) -> Iterator[Around]:
    """The items that an offset lies in, the outermost first."""
    index = max(0, bisect_right(document.bases, offset) - 1)
    chunk = document.chunks[index]
    inner = offset - document.bases[index]
    container: Node | None = chunk.tree.root_node
    modules: Segments = ()
    while container is not None:
        raw = next((r for r in raw_items(container) if r.start <= inner <= r.node.end_byte), None)
        if raw is None:
            return
        yield Around(raw, chunk.data, modules, inner - raw.start)
        container = body_of(raw.node) if raw.node.type in _CONTAINERS else None
        if container is not None and not container.start_byte <= inner <= container.end_byte:
            return
        if raw.node.type == "mod_item":
            name = raw.node.child_by_field_name("name")
            if name is not None and container is not None:
                modules = (*modules, unraw(text_of(name, chunk.data)))


_CONTAINERS = frozenset({"mod_item", "impl_item", "trait_item", "foreign_mod_item"})
