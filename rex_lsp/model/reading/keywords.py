# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Items inside items, `unsafe`, statics and float literals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rex_lsp.model.facts import VALUE, Unsafe
from rex_lsp.model.reading import scopes
from rex_lsp.model.reading.handlers import Handlers
from rex_lsp.model.reading.idle import needs_nothing
from rex_lsp.model.uses import unraw
from rex_lsp.syntax.items import body_of
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node, text_of

if TYPE_CHECKING:
    from rex_lsp.model.reading.reader import Reader

_FLOAT_SUFFIXES = ("f16", "f32", "f64", "f128")


def header(reader: Reader, node: Node) -> None:
    body = body_of(node)
    keywords(reader, node)
    for child in node.children:
        if body is not None and child.id == body.id:
            continue
        if child.type in ("identifier", "type_identifier") and node.type in (
            "mod_item",
            "trait_item",
        ):
            continue
        reader.visit(child)


def unsafe_block(reader: Reader, node: Node) -> None:
    keyword = Span(node.start_byte - reader.base, node.start_byte - reader.base + 6)
    idle = needs_nothing(node)
    reader.facts.unsafe.append(Unsafe("block", keyword, reader.span(node), idle))
    reader.children(node)


def keywords(reader: Reader, node: Node) -> None:
    """The `unsafe` of an item, and extern blocks, which need none to be unsafe."""
    kinds = {
        "function_item": "fn",
        "function_signature_item": "fn",
        "impl_item": "impl",
        "trait_item": "trait",
        "mod_item": "mod",
    }
    if node.type == "foreign_mod_item":
        body = body_of(node)
        end = body.start_byte if body is not None else node.end_byte
        text = reader.data[node.start_byte : end].rstrip()
        keyword = Span(node.start_byte - reader.base, node.start_byte - reader.base + len(text))
        reader.facts.unsafe.append(Unsafe("extern", keyword, reader.span(node)))
        return
    for child in node.children:
        if child.type == "function_modifiers":
            for modifier in child.children:
                if modifier.type == "unsafe":
                    add_unsafe(reader, "fn", modifier, node)
                elif modifier.type == "ERROR":
                    reader.facts.broken = True
        elif child.type == "unsafe":
            add_unsafe(reader, kinds[node.type], child, node)


def add_unsafe(reader: Reader, kind: str, keyword: Node, node: Node) -> None:
    reader.facts.unsafe.append(Unsafe(kind, reader.span(keyword), reader.span(node)))


def cast(reader: Reader, node: Node) -> None:
    """`pointer as usize`, where the pointer can be seen."""
    type_node = node.child_by_field_name("type")
    value = node.child_by_field_name("value")
    if type_node is not None and type_node.type == "primitive_type" and is_pointer(reader, value):
        reader.facts.addresses.append(reader.span(node))
    reader.children(node)


def is_pointer(reader: Reader, value: Node | None) -> bool:
    """Whether an expression certainly is a raw pointer or the address of a function."""
    while value is not None and value.type == "parenthesized_expression" and value.named_children:
        value = value.named_children[0]
    if value is None:
        return False
    if value.type == "type_cast_expression":
        type_node = value.child_by_field_name("type")
        return type_node is not None and type_node.type in ("pointer_type", "function_type")
    if value.type == "identifier":
        called = unraw(text_of(value, reader.data))
        local = reader.facts.visible(called, VALUE, value.start_byte - reader.base)
        return local is not None and local.pointer
    if value.type != "call_expression":
        return False
    function = value.child_by_field_name("function")
    name = function.child_by_field_name("field") if function is not None else None
    return name is not None and name.text in (b"as_ptr", b"as_mut_ptr")


def array(reader: Reader, node: Node) -> None:
    """`[element; length]` as a value; behind a `&` it may be no part of a frame."""
    length = node.child_by_field_name("length")
    parent = node.parent
    if length is not None and (parent is None or parent.type != "reference_expression"):
        element = text_of(node.named_children[0], reader.data)
        reader.facts.arrays.append((element, text_of(length, reader.data), reader.span(node)))
    reader.children(node)


def float_literal(reader: Reader, node: Node) -> None:
    reader.facts.floats.append(reader.span(node))


def integer(reader: Reader, node: Node) -> None:
    text = text_of(node, reader.data)
    if text.endswith(_FLOAT_SUFFIXES) and not text.lower().startswith("0x"):
        reader.facts.floats.append(reader.span(node))


def static(reader: Reader, node: Node) -> None:
    if any(child.type == "mutable_specifier" for child in node.named_children):
        reader.facts.static_muts.append(reader.span(node))
    typed_item(reader, node)


def typed_item(reader: Reader, node: Node) -> None:
    name = node.child_by_field_name("name")
    for child in node.named_children:
        if name is None or child.id != name.id:
            reader.visit(child)


def named_item(reader: Reader, node: Node) -> None:
    """Structs, enums, unions, aliases, variants: everything but the name is read."""
    outer, reader.scope = reader.scope, reader.span(node)
    name = node.child_by_field_name("name")
    pending: list[Node] = []
    for child in node.named_children:
        if child.type == "attribute_item":
            pending.append(child)
        elif name is None or child.id != name.id:
            reader.visit(child)
    reader.scope = outer


def nested_container(reader: Reader, node: Node) -> None:
    """An impl, trait or mod inside a function body."""
    outer, reader.scope = reader.scope, reader.span(node)
    header(reader, node)
    body = body_of(node)
    if body is not None:
        scopes.block(reader, body)
    reader.scope = outer


def extern_crate(reader: Reader, node: Node) -> None:
    name = node.child_by_field_name("name")
    if name is not None:
        reader.facts.extern_crates.append((text_of(name, reader.data), reader.span(node)))


HANDLERS: Handlers = {
    "unsafe_block": unsafe_block,
    "float_literal": float_literal,
    "type_cast_expression": cast,
    "array_expression": array,
    "integer_literal": integer,
    "static_item": static,
    "const_item": typed_item,
    "struct_item": named_item,
    "enum_item": named_item,
    "union_item": named_item,
    "type_item": named_item,
    "associated_type": named_item,
    "enum_variant": named_item,
    "field_declaration": named_item,
    "impl_item": nested_container,
    "trait_item": nested_container,
    "mod_item": nested_container,
    "foreign_mod_item": nested_container,
}
