# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Paths and `use` trees, read from syntax."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node, text_of

GLOBAL = "::"
"""The first segment of a path that begins with `::`."""

Segments = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UseEntry:
    """One leaf of a use tree. `name` is what it is called here; "" for a glob, "_" for none.

    `span` is the leaf as written, `written` how many segments it shows itself (the rest
    stand before the braces of its group); `whole` is the use declaration.
    """

    path: Segments
    name: str
    glob: bool
    span: Span
    whole: Span
    written: int


def unraw(name: str) -> str:
    """`r#type` as `type`."""
    return name[2:] if name.startswith("r#") else name


def path_segments(node: Node, data: bytes) -> Segments | None:
    """The segments of a path node without generic arguments; None where it is no plain path."""
    kind = node.type
    if kind in ("identifier", "type_identifier", "primitive_type", "metavariable", "crate"):
        return (unraw(text_of(node, data)),)
    if kind in ("self", "super", "Self"):
        return (kind,)
    if kind in ("scoped_identifier", "scoped_type_identifier"):
        name = node.child_by_field_name("name")
        path = node.child_by_field_name("path")
        if name is None:
            return None
        last = unraw(text_of(name, data))
        if path is None:
            return (GLOBAL, last)
        before = path_segments(path, data)
        return None if before is None else (*before, last)
    if kind in ("generic_type", "generic_type_with_turbofish"):
        inner = node.child_by_field_name("type")
        return None if inner is None else path_segments(inner, data)
    if kind == "generic_function":
        inner = node.child_by_field_name("function")
        return None if inner is None else path_segments(inner, data)
    if kind == "bracketed_type":
        for child in node.named_children:
            if child.type == "qualified_type":
                inner = child.child_by_field_name("type")
                return None if inner is None else path_segments(inner, data)
            return path_segments(child, data)
    return None


def use_entries(declaration: Node, data: bytes, base: int = 0) -> Iterator[UseEntry]:
    """The leaves of a `use` declaration; spans count from `base`."""
    argument = declaration.child_by_field_name("argument")
    if argument is None or declaration.has_error:
        return
    whole = Span(declaration.start_byte - base, declaration.end_byte - base)
    yield from _leaves(argument, (), data, base, whole)


def _leaves(
    node: Node, prefix: Segments, data: bytes, base: int, whole: Span
) -> Iterator[UseEntry]:
    kind = node.type
    span = Span(node.start_byte - base, node.end_byte - base)
    if kind == "use_list":
        for child in node.named_children:
            yield from _leaves(child, prefix, data, base, whole)
    elif kind == "scoped_use_list":
        path = node.child_by_field_name("path")
        inner = node.child_by_field_name("list")
        before: Segments | None = ()
        if path is not None:
            before = path_segments(path, data)
        elif not prefix:
            before = (GLOBAL,)
        if before is not None and inner is not None:
            yield from _leaves(inner, prefix + before, data, base, whole)
    elif kind == "use_wildcard":
        path = node.named_children[0] if node.named_children else None
        segments: Segments | None = () if prefix or path is not None else (GLOBAL,)
        if path is not None:
            segments = path_segments(path, data)
        if segments is not None:
            yield UseEntry(prefix + segments, "", True, span, whole, len(segments))
    elif kind == "use_as_clause":
        path = node.child_by_field_name("path")
        alias = node.child_by_field_name("alias")
        segments = path_segments(path, data) if path is not None else None
        if segments is not None and alias is not None:
            full = _without_self(prefix, segments)
            name = unraw(text_of(alias, data))
            yield UseEntry(full, name, False, span, whole, len(segments))
    else:
        segments = path_segments(node, data)
        if segments is not None:
            full = _without_self(prefix, segments)
            if full:
                yield UseEntry(full, full[-1], False, span, whole, len(segments))


def _without_self(prefix: Segments, segments: Segments) -> Segments:
    """`a::{self}` names `a`."""
    if prefix and segments == ("self",):
        return prefix
    return prefix + segments
