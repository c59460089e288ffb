# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Which names a pattern binds."""

from __future__ import annotations

from collections.abc import Iterator

from rex_lsp.model.uses import unraw
from rex_lsp.syntax.tree import Node, text_of

_THROUGH = frozenset(
    {
        "match_pattern",
        "tuple_pattern",
        "slice_pattern",
        "or_pattern",
        "mut_pattern",
        "ref_pattern",
        "reference_pattern",
        "captured_pattern",
        "remaining_field_pattern",
    }
)
_NOTHING = frozenset({"_", "mutable_specifier", "remaining_field_pattern", "self", "ERROR"})


def bindings(pattern: Node, data: bytes) -> Iterator[tuple[str, Node | None]]:
    """Each bound name as (name, None), and each path, literal or type inside as ("", node)."""
    kind = pattern.type
    if kind in ("identifier", "shorthand_field_identifier"):
        yield unraw(text_of(pattern, data)), None
    elif kind in _NOTHING or pattern.is_missing:
        return
    elif kind in _THROUGH:
        for child in pattern.named_children:
            yield from bindings(child, data)
    elif kind in ("struct_pattern", "tuple_struct_pattern"):
        named = pattern.child_by_field_name("type")
        for child in pattern.named_children:
            if named is not None and child.id == named.id:
                yield "", child
            elif child.type == "field_pattern":
                yield from _field(child, data)
            elif child.type != "attribute_item":
                yield from bindings(child, data)
    else:
        yield "", pattern


def _field(field: Node, data: bytes) -> Iterator[tuple[str, Node | None]]:
    inner = field.child_by_field_name("pattern")
    if inner is not None:
        yield from bindings(inner, data)
        return
    for child in field.named_children:
        if child.type == "shorthand_field_identifier":
            yield unraw(text_of(child, data)), None
