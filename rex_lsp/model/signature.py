# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The signature of a function, as far as program attributes care."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rex_lsp.model.uses import Segments, path_segments
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node, text_of


@dataclass(frozen=True, slots=True)
class Parameter:
    """`pattern: type`. `segments` is the path of the type without its reference.

    `reference` is "" for a type that is no reference, else "&" or "&mut"; `lifetime`
    the reference's lifetime. `arguments` are the paths of the type's generic arguments.
    """

    pattern: str
    text: str
    reference: str
    lifetime: str
    segments: Segments
    arguments: tuple[Segments, ...]
    span: Span

    def placed(self, place: Callable[[Span], Span]) -> Parameter:
        """The same parameter with its span put through `place`."""
        return Parameter(
            self.pattern,
            self.text,
            self.reference,
            self.lifetime,
            self.segments,
            self.arguments,
            place(self.span),
        )


@dataclass(frozen=True, slots=True)
class Signature:
    """What stands between a function's name and its body.

    `span` reaches from the generics, or else the parameters, to the end of the return type;
    `returns` is the path of the return type (None where it is no path), `result` its generic
    arguments, `modifiers` words like `async`.
    """

    parameters: tuple[Parameter, ...]
    returns: Segments | None
    result: tuple[str, ...]
    returns_text: str
    modifiers: str
    generic: bool
    span: Span
    broken: bool

    def placed(self, place: Callable[[Span], Span]) -> Signature:
        """The same signature with every span put through `place`."""
        return Signature(
            tuple([parameter.placed(place) for parameter in self.parameters]),
            self.returns,
            self.result,
            self.returns_text,
            self.modifiers,
            self.generic,
            place(self.span),
            self.broken,
        )


def read_signature(node: Node, data: bytes) -> Signature | None:
    """The signature of a function item; None while it has no parameter list."""
    parameters = node.child_by_field_name("parameters")
    if parameters is None:
        return None
    returns = node.child_by_field_name("return_type")
    generics = node.child_by_field_name("type_parameters")
    body = node.child_by_field_name("body")
    read = tuple(
        _parameter(child, data)
        for child in parameters.named_children
        if child.type in ("parameter", "self_parameter", "variadic_parameter")
    )
    broken = (
        parameters.has_error
        or (returns is not None and returns.has_error)
        or body is None
        or any(child.type == "ERROR" for child in node.children)
    )
    modifiers = ""
    for child in node.children:
        if child.type == "function_modifiers":
            modifiers = text_of(child, data)
    return Signature(
        read,
        path_segments(returns, data) if returns is not None else None,
        _arguments_text(returns, data),
        text_of(returns, data) if returns is not None else "",
        modifiers,
        generics is not None and _has_types(generics),
        Span((generics or parameters).start_byte, (returns or parameters).end_byte),
        broken,
    )


def _parameter(node: Node, data: bytes) -> Parameter:
    pattern = node.child_by_field_name("pattern")
    type_node = node.child_by_field_name("type")
    span = Span(node.start_byte, node.end_byte)
    if type_node is None:
        return Parameter(text_of(node, data), "", "", "", (), (), span)
    reference = lifetime = ""
    inner = type_node
    if type_node.type == "reference_type":
        reference = "&"
        for child in type_node.named_children:
            if child.type == "mutable_specifier":
                reference = "&mut"
            elif child.type == "lifetime":
                lifetime = text_of(child, data)
        inner = type_node.child_by_field_name("type") or type_node
    arguments: list[Segments] = []
    generic = inner.child_by_field_name("type_arguments")
    if generic is not None:
        arguments = [path_segments(child, data) or () for child in generic.named_children]
    return Parameter(
        text_of(pattern, data) if pattern is not None else "_",
        text_of(type_node, data),
        reference,
        lifetime,
        path_segments(inner, data) or (),
        tuple(arguments),
        span,
    )


def _arguments_text(node: Node | None, data: bytes) -> tuple[str, ...]:
    if node is None or node.type != "generic_type":
        return ()
    arguments = node.child_by_field_name("type_arguments")
    if arguments is None:
        return ()
    return tuple(text_of(child, data) for child in arguments.named_children)


def _has_types(generics: Node) -> bool:
    return any(child.type != "lifetime_parameter" for child in generics.named_children)
