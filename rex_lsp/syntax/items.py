# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Items: what stands at the top of a file, a module, an impl or a trait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node, text_of

KINDS = {
    "function_item": "fn",
    "function_signature_item": "fn",
    "struct_item": "struct",
    "enum_item": "enum",
    "union_item": "union",
    "trait_item": "trait",
    "impl_item": "impl",
    "mod_item": "mod",
    "use_declaration": "use",
    "static_item": "static",
    "const_item": "const",
    "type_item": "type",
    "associated_type": "type",
    "foreign_mod_item": "extern_block",
    "extern_crate_declaration": "extern_crate",
    "macro_definition": "macro_rules",
    "macro_invocation": "macro_call",
    "inner_attribute_item": "inner_attribute",
    "expression_statement": "macro_call",
}
_CONTAINERS = frozenset({"mod", "impl", "trait", "extern_block"})


@dataclass(frozen=True, slots=True)
class Attribute:
    """`#[path arguments]`; `unsafe` tells `#[unsafe(path …)]`, which has the same path."""

    path: str
    arguments: str
    span: Span
    unsafe: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One item. Spans count from the start of the document (of the chunk, inside a chunk).

    `span` is the item without its attributes, `region` the item with the comments and
    attributes before it. A macro call in the place of an item has kind `macro_call`,
    an impl has the text of its type as its name.
    """

    kind: str
    name: str
    span: Span
    name_span: Span
    region: Span
    attributes: tuple[Attribute, ...] = ()
    children: tuple[Item, ...] = ()

    def shifted(self, by: int) -> Item:
        """The same item `by` bytes further on."""
        if by == 0:
            return self
        return replace(
            self,
            span=self.span.shifted(by),
            name_span=self.name_span.shifted(by),
            region=self.region.shifted(by),
            attributes=tuple(replace(a, span=a.span.shifted(by)) for a in self.attributes),
            children=tuple(child.shifted(by) for child in self.children),
        )


@dataclass(frozen=True, slots=True)
class Raw:
    """An item's nodes: attributes and doc comments first, then the item itself."""

    node: Node
    attributes: tuple[Node, ...]
    start: int


def raw_items(container: Node) -> Iterator[Raw]:
    """The items directly inside a source file or a declaration list.

    Broken stretches (ERROR nodes) are passed over; what tree-sitter recovered around
    them is still given.
    """
    attributes: list[Node] = []
    start = -1
    last_row = -1
    for node in container.children:
        kind = node.type
        if kind == "attribute_item":
            attributes.append(node)
            if start < 0:
                start = node.start_byte
        elif kind in ("line_comment", "block_comment"):
            if start < 0 and node.start_point.row != last_row:
                start = node.start_byte
        elif kind in KINDS and _is_item(node):
            yield Raw(node, tuple(attributes), start if start >= 0 else node.start_byte)
            attributes = []
            start = -1
            last_row = node.end_point.row
        elif kind not in ("{", "}", ";", ","):
            attributes = []
            start = -1


def _is_item(node: Node) -> bool:
    if node.type == "expression_statement":
        return bool(node.named_children) and node.named_children[0].type == "macro_invocation"
    return not node.is_missing


def body_of(node: Node) -> Node | None:
    """The declaration list of a mod, impl, trait or extern block."""
    return node.child_by_field_name("body")


def read_items(container: Node, data: bytes) -> tuple[Item, ...]:
    """The items of a container as plain data."""
    return tuple(read_item(raw, data) for raw in raw_items(container))


def read_item(raw: Raw, data: bytes) -> Item:
    """One item as plain data."""
    node = raw.node
    kind = KINDS[node.type]
    named = _name_node(node, kind)
    children: tuple[Item, ...] = ()
    if kind in _CONTAINERS:
        body = body_of(node)
        if body is not None:
            children = read_items(body, data)
    return Item(
        kind=kind,
        name=text_of(named, data) if named is not None else "",
        span=Span(node.start_byte, node.end_byte),
        name_span=(
            Span(named.start_byte, named.end_byte)
            if named is not None
            else Span(node.start_byte, node.start_byte)
        ),
        region=Span(raw.start, node.end_byte),
        attributes=tuple(read_attribute(a, data) for a in raw.attributes),
        children=children,
    )


def read_attribute(node: Node, data: bytes) -> Attribute:
    """`#[…]` or `#![…]` as plain data."""
    span = Span(node.start_byte, node.end_byte)
    for child in node.named_children:
        if child.type != "attribute":
            continue
        text = text_of(child, data)
        unsafe = False
        inner = text.strip()
        if inner.startswith("unsafe") and inner[6:].lstrip().startswith("("):
            unsafe = True
            inner = inner[6:].lstrip()[1:]
            inner = inner[: inner.rfind(")")] if ")" in inner else inner
        path, arguments = split_attribute(inner)
        return Attribute(path, arguments, span, unsafe)
    return Attribute("", "", span)


def split_attribute(text: str) -> tuple[str, str]:
    """`path(args)` or `path = value` as path and the rest, which keeps its brackets or `=`."""
    text = text.strip()
    for at, char in enumerate(text):
        if char in "([{=":
            return "".join(text[:at].split()), text[at:].strip()
    return "".join(text.split()), ""


def _name_node(node: Node, kind: str) -> Node | None:
    if kind == "impl":
        return node.child_by_field_name("type")
    if kind == "macro_call":
        inner = node
        if node.type == "expression_statement" and node.named_children:
            inner = node.named_children[0]
        return inner.child_by_field_name("macro")
    if kind == "use":
        return node.child_by_field_name("argument")
    return node.child_by_field_name("name")
