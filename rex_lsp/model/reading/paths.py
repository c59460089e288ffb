# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Paths, calls and method calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rex_lsp.model.facts import TYPE, VALUE, MethodCall, PathUse
from rex_lsp.model.reading.handlers import Handlers
from rex_lsp.model.uses import path_segments, unraw
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node, text_of

if TYPE_CHECKING:
    from rex_lsp.model.reading.reader import Reader


def identifier(reader: Reader, node: Node) -> None:
    _name(reader, node, VALUE)


def type_identifier(reader: Reader, node: Node) -> None:
    _name(reader, node, TYPE)


def _name(reader: Reader, node: Node, namespace: str) -> None:
    """A path of one segment: two thirds of all paths are such."""
    start, end = node.start_byte, node.end_byte
    name = unraw(reader.data[start:end].decode("utf-8", "surrogatepass"))
    span = Span(start - reader.base, end - reader.base)
    reader.facts.paths.append(PathUse((name,), namespace, span))


def path(
    reader: Reader, node: Node, namespace: str, role: str = "path", owner: Span | None = None
) -> None:
    segments = path_segments(node, reader.data)
    if segments is not None:
        reader.facts.paths.append(PathUse(segments, namespace, reader.span(node), role, owner))
    if node.type in ("identifier", "type_identifier", "primitive_type"):
        return
    arguments_of(reader, node)


def arguments_of(reader: Reader, node: Node) -> None:
    """Read the generic arguments and `<T as Trait>` heads inside a path."""
    for child in node.named_children:
        kind = child.type
        if kind in ("type_arguments", "qualified_type"):
            if kind == "qualified_type":
                qualified(reader, node, child)
            reader.visit(child)
        elif kind == "bracketed_type":
            qualified_in(reader, node, child)
        elif kind in (
            "scoped_identifier",
            "scoped_type_identifier",
            "generic_type",
            "generic_type_with_turbofish",
            "generic_function",
        ):
            arguments_of(reader, child)


def qualified_in(reader: Reader, path: Node, bracketed: Node) -> None:
    for child in bracketed.named_children:
        if child.type == "qualified_type":
            qualified(reader, path, child)
        reader.visit(child)


def qualified(reader: Reader, path: Node, qualified: Node) -> None:
    """`<T as Trait>::name` is also `Trait::name`."""
    alias = qualified.child_by_field_name("alias")
    name = path.child_by_field_name("name")
    if alias is None or name is None:
        return
    segments = path_segments(alias, reader.data)
    if segments is not None:
        full = (*segments, unraw(text_of(name, reader.data)))
        reader.facts.paths.append(PathUse(full, VALUE, reader.span(path), "qualified"))


def scoped(reader: Reader, node: Node) -> None:
    path(reader, node, TYPE if node.type == "scoped_type_identifier" else VALUE)


def generic_type(reader: Reader, node: Node) -> None:
    path(reader, node, TYPE)


def generic_function(reader: Reader, node: Node) -> None:
    path(reader, node, VALUE)


def call(reader: Reader, node: Node) -> None:
    function = node.child_by_field_name("function")
    arguments = node.child_by_field_name("arguments")
    if function is not None:
        called = function
        if called.type == "field_expression":
            method(reader, called, node)
        elif path_segments(called, reader.data) is not None:
            index = len(reader.facts.paths)
            path(reader, called, VALUE, "call", reader.span(node))
            for loop in reader.loops:
                loop.calls.append(index)
        else:
            reader.visit(called)
    if arguments is not None:
        reader.visit(arguments)


def method(reader: Reader, function: Node, call: Node) -> None:
    receiver = function.child_by_field_name("value")
    name = function.child_by_field_name("field")
    if receiver is not None and name is not None and name.type == "field_identifier":
        local = text_of(receiver, reader.data) if receiver.type in ("identifier", "self") else ""
        reader.facts.methods.append(
            MethodCall(text_of(name, reader.data), local, reader.span(name), reader.span(call))
        )
    if receiver is not None:
        reader.visit(receiver)


def field(reader: Reader, node: Node) -> None:
    value = node.child_by_field_name("value")
    if value is not None:
        reader.visit(value)


HANDLERS: Handlers = {
    "identifier": identifier,
    "type_identifier": type_identifier,
    "primitive_type": type_identifier,
    "scoped_identifier": scoped,
    "scoped_type_identifier": scoped,
    "generic_type": generic_type,
    "generic_type_with_turbofish": generic_type,
    "generic_function": generic_function,
    "call_expression": call,
    "field_expression": field,
}
