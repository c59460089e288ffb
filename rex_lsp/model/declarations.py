# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What names a chunk of a file declares, without the places: equal as long as the names are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from rex_lsp.model.attributes import expanded
from rex_lsp.model.macros.expansion import CALL, Expansion, call_of
from rex_lsp.model.recent import Recent
from rex_lsp.model.uses import Segments, path_segments, unraw, use_entries
from rex_lsp.syntax.chunk import Chunk
from rex_lsp.syntax.items import KINDS, Attribute, Raw, body_of, raw_items, read_attribute
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.queries import captures
from rex_lsp.syntax.tree import Node, text_of

_NAMESPACES = {
    "fn": "v",
    "static": "v",
    "const": "v",
    "enum": "t",
    "union": "t",
    "trait": "t",
    "type": "t",
    "mod": "t",
    "macro_rules": "m",
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """One name, or one glob (name ""). `path` is what a use or a type alias stands for.

    `file` is the text of `#[path]`, or the file of an `include!` (kind "include");
    `files` are those of `#[cfg_attr(predicate, path = …)]` with their predicates, which come
    first. `conditions` are cfg predicates. `event` is the tracepoint of a context that
    `tracepoint_context!` makes. `source` is the text of a macro's definition, of a call
    in the place of an item (kind "macro_call"), or of what a type alias stands for;
    `exported` tells `#[macro_export]`, and of a module `#[macro_use]`. Places are no part of
    equality; `call` is the macro call that made this, from whose start its places count then.
    """

    kind: str
    name: str
    namespaces: str
    path: Segments = ()
    glob: bool = False
    inline: bool = False
    file: str = ""
    files: tuple[tuple[str, str], ...] = ()
    conditions: tuple[str, ...] = ()
    diverges: bool = False
    exits: bool = False
    event: str = ""
    source: bytes = b""
    exported: bool = False
    children: tuple[Declaration, ...] = ()
    span: Span = field(default=Span(0, 0), compare=False)
    name_span: Span = field(default=Span(0, 0), compare=False)
    call: Declaration | None = field(default=None, compare=False, repr=False)

    def shifted(self, by: int) -> Declaration:
        """The same declaration `by` bytes further on."""
        return replace(
            self,
            children=tuple([child.shifted(by) for child in self.children]),
            span=self.span.shifted(by),
            name_span=self.name_span.shifted(by),
        )


@dataclass(frozen=True, slots=True)
class Declared:
    """What one item declares."""

    all: tuple[Declaration, ...]

    def shifted(self, by: int) -> Declared:
        """The same `by` bytes further on."""
        return Declared(tuple([one.shifted(by) for one in self.all]))


def declarations(chunk: Chunk, recent: Recent[Declared]) -> tuple[Declaration, ...]:
    """The declarations of a chunk; spans count from the chunk's start."""
    data = chunk.data

    def read(raw: Raw) -> Declared:
        return Declared(tuple(_item(raw, data)))

    return tuple(one for raw in chunk.raws for one in recent.of(raw, data, None, read).all)


@lru_cache(maxsize=512)
def expanded_declarations(expansion: Expansion) -> tuple[Declaration, ...]:
    """What the items of an expansion declare; spans count from the call's start."""

    def placed(one: Declaration) -> Declaration:
        return replace(
            one,
            children=tuple(placed(child) for child in one.children),
            span=expansion.shown(one.span),
            name_span=expansion.shown(one.name_span),
        )

    found = (one for raw in expansion.raws() for one in _item(raw, expansion.text))
    return tuple(placed(one) for one in found)


def _all(container: Node, data: bytes) -> Iterator[Declaration]:
    for raw in raw_items(container):
        yield from _item(raw, data)


def _item(raw: Raw, data: bytes) -> Iterator[Declaration]:
    node = raw.node
    kind = KINDS[node.type]
    span = Span(node.start_byte, node.end_byte)
    attributes = [one for a in raw.attributes or () for one in expanded(read_attribute(a, data))]
    conditions = tuple(
        f"(any(not({condition}), all{a.arguments}))" if condition else a.arguments
        for a, condition in attributes
        if a.path == "cfg"
    )
    if kind == "use":
        for entry in use_entries(node, data):
            yield Declaration(
                "use",
                entry.name,
                "tvm",
                entry.path,
                entry.glob,
                conditions=conditions,
                span=span,
                name_span=entry.span,
            )
        return
    if kind == "macro_call":
        included = _included(node, data)
        if included:
            yield Declaration("include", "", "", file=included, span=span)
        yield from _contexts(node, data, conditions)
        call = call_of(node)
        named = call.child_by_field_name("macro") if call is not None else None
        called_path = path_segments(named, data) if named is not None else None
        if call is not None and called_path and not included and not call.has_error:
            yield Declaration(
                CALL,
                "",
                "",
                called_path,
                source=data[call.start_byte : call.end_byte],
                conditions=conditions,
                span=Span(call.start_byte, call.end_byte),
            )
        return
    name_node = node.child_by_field_name("name")
    if name_node is None:
        if kind == "extern_block":
            body = body_of(node)
            if body is not None:
                yield from _all(body, data)
        return
    name = unraw(text_of(name_node, data))
    name_span = Span(name_node.start_byte, name_node.end_byte)
    if kind == "extern_crate":
        alias = node.child_by_field_name("alias")
        called = unraw(text_of(alias, data)) if alias is not None else name
        path: Segments = ("crate",) if name == "self" else ("::", name)
        yield Declaration(
            "extern_crate", called, "t", path, conditions=conditions, span=span, name_span=name_span
        )
    elif kind == "mod":
        body = body_of(node)
        yield Declaration(
            "mod",
            name,
            "t",
            inline=body is not None,
            file=next(_paths(attributes, conditional=False), ("", ""))[1],
            files=tuple(_paths(attributes, conditional=True)),
            conditions=conditions,
            exported=any(a.path == "macro_use" for a, _ in attributes),
            children=tuple(_all(body, data)) if body is not None else (),
            span=span,
            name_span=name_span,
        )
    elif kind == "type":
        target = node.child_by_field_name("type")
        path = (path_segments(target, data) or ()) if target is not None else ()
        generic = target is not None and target.type == "generic_type"
        yield Declaration(
            "type",
            name,
            "t",
            path,
            conditions=conditions,
            source=text_of(target, data).encode("utf-8", "replace") if target and generic else b"",
            span=span,
            name_span=name_span,
        )
    elif kind == "struct":
        body = node.child_by_field_name("body")
        namespaces = "t" if body is not None and body.type == "field_declaration_list" else "tv"
        yield Declaration(
            "struct", name, namespaces, conditions=conditions, span=span, name_span=name_span
        )
    elif kind == "macro_rules":
        yield Declaration(
            "macro_rules",
            name,
            "m",
            exits=bool(captures("macro_exits", node, "exit")),
            conditions=conditions,
            source=data[node.start_byte : node.end_byte],
            exported=any(a.path == "macro_export" for a, _ in attributes),
            span=span,
            name_span=name_span,
        )
    elif kind in _NAMESPACES:
        returns = node.child_by_field_name("return_type")
        yield Declaration(
            kind,
            name,
            _NAMESPACES[kind],
            conditions=conditions,
            diverges=returns is not None and returns.type == "never_type",
            children=tuple(_variants(node, data)) if kind == "enum" else (),
            span=span,
            name_span=name_span,
        )


CONTEXT = re.compile(rb'//[^\n]*|/\*.*?\*/|\bstruct\s+(?:r#)?(\w+)\s*:\s*"([^"\n]*)"', re.DOTALL)
"""Name and tracepoint of the structs in a `tracepoint_context!`; comments match without."""


def _contexts(node: Node, data: bytes, conditions: tuple[str, ...]) -> Iterator[Declaration]:
    """The structs of `rex::tracepoint_context! { … }`; what else is called so declares none."""
    call = node.named_children[0] if node.type == "expression_statement" else node
    name = call.child_by_field_name("macro")
    if name is None or text_of(name, data).rpartition("::")[2].strip() != "tracepoint_context":
        return
    for found in CONTEXT.finditer(data, call.start_byte, call.end_byte):
        if found[1] is None:
            continue
        yield Declaration(
            "struct",
            found[1].decode(),
            "t",
            conditions=conditions,
            event=found[2].decode("utf-8", "replace"),
            span=Span(node.start_byte, node.end_byte),
            name_span=Span(*found.span(1)),
        )


def _variants(node: Node, data: bytes) -> Iterator[Declaration]:
    body = body_of(node)
    if body is None:
        return
    for variant in body.named_children:
        name = variant.child_by_field_name("name")
        if variant.type == "enum_variant" and name is not None:
            place = Span(name.start_byte, name.end_byte)
            yield Declaration("variant", text_of(name, data), "tv", span=place, name_span=place)


def _paths(
    attributes: list[tuple[Attribute, str]], *, conditional: bool
) -> Iterator[tuple[str, str]]:
    """The files of path attributes, each with the predicate of its `cfg_attr`."""
    for attribute, condition in attributes:
        if attribute.path == "path" and bool(condition) is conditional:
            yield condition, attribute.arguments.lstrip("= ").strip().strip('"')


def _included(node: Node, data: bytes) -> str:
    call = node.named_children[0] if node.type == "expression_statement" else node
    name = call.child_by_field_name("macro")
    if name is None or text_of(name, data) not in ("include", "core::include", "std::include"):
        return ""
    for child in call.named_children:
        if child.type == "token_tree":
            strings = [part for part in child.named_children if part.type == "string_literal"]
            if len(child.named_children) == 1 and strings:
                return text_of(strings[0], data).strip('"')
    return ""
