# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Blocks, functions, closures and patterns: which names are visible where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rex_lsp.model.facts import MACRO, TYPE, VALUE, Local
from rex_lsp.model.reading import keywords
from rex_lsp.model.reading.handlers import Handlers, OpenLoop
from rex_lsp.model.reading.patterns import bindings
from rex_lsp.model.uses import Segments, path_segments, unraw, use_entries
from rex_lsp.syntax.items import KINDS
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node, text_of

if TYPE_CHECKING:
    from rex_lsp.model.reading.reader import Reader


def block(reader: Reader, node: Node) -> None:
    outer = reader.scope
    reader.scope = reader.span(node)
    label = next((c for c in node.named_children if c.type == "label"), None)
    if label is not None:
        reader.loops.append(OpenLoop("", text_of(label, reader.data), block=True))
    for child in node.named_children:
        hoist(reader, child)
    reader.children(node)
    if label is not None:
        reader.loops.pop()
    reader.scope = outer


def hoist(reader: Reader, node: Node) -> None:
    """Items of a block are visible in all of it."""
    kind = node.type
    if kind == "use_declaration":
        for entry in use_entries(node, reader.data, reader.base):
            reader.facts.uses.append(entry)
            if entry.glob:
                reader.facts.globs.append((entry.path, reader.scope))
            else:
                reader.add(entry.name, "*", reader.scope, "use", entry.path)
        return
    if kind == "extern_crate_declaration":
        keywords.extern_crate(reader, node)
        return
    if kind not in KINDS:
        return
    name_node = node.child_by_field_name("name")
    if name_node is None:
        return
    name = unraw(text_of(name_node, reader.data))
    target: Segments = ()
    if kind == "type_item":
        type_node = node.child_by_field_name("type")
        target = (path_segments(type_node, reader.data) or ()) if type_node else ()
        reader.add(name, TYPE, reader.scope, "alias" if target else "type", target)
    elif kind == "macro_definition":
        reader.add(name, MACRO, reader.scope, "macro_rules")
    elif kind in ("function_item", "function_signature_item"):
        returns = node.child_by_field_name("return_type")
        never = returns is not None and returns.type == "never_type"
        reader.facts.add_local(Local(name, VALUE, reader.scope, "fn", (), never))
    elif kind in ("static_item", "const_item"):
        reader.add(name, VALUE, reader.scope, KINDS[kind])
    elif kind in ("struct_item", "enum_item", "union_item", "trait_item", "mod_item"):
        reader.add(name, TYPE, reader.scope, KINDS[kind])
        if kind == "struct_item":
            reader.add(name, VALUE, reader.scope, "struct")


def function(reader: Reader, node: Node) -> None:
    keywords.keywords(reader, node)
    outer, loops = reader.scope, reader.loops
    reader.loops = []
    reader.scope = reader.span(node)
    body = node.child_by_field_name("body")
    generics = node.child_by_field_name("type_parameters")
    if generics is not None:
        reader.visit(generics)
    parameters = node.child_by_field_name("parameters")
    if parameters is not None:
        for parameter in parameters.named_children:
            if parameter.type == "parameter":
                read_parameter(reader, parameter, reader.scope)
            elif parameter.type != "attribute_item":
                reader.visit(parameter)
    for child in node.named_children:
        if child.type in ("where_clause",):
            reader.visit(child)
    returns = node.child_by_field_name("return_type")
    if returns is not None:
        reader.visit(returns)
    if body is not None:
        reader.visit(body)
    reader.scope, reader.loops = outer, loops


def read_parameter(reader: Reader, node: Node, visible: Span) -> None:
    pattern = node.child_by_field_name("pattern")
    type_node = node.child_by_field_name("type")
    if pattern is not None:
        bind(reader, pattern, visible, type_node)
    if type_node is not None:
        reader.visit(type_node)


def closure(reader: Reader, node: Node) -> None:
    visible = reader.span(node)
    loops, reader.loops = reader.loops, []
    parameters = node.child_by_field_name("parameters")
    if parameters is not None:
        for parameter in parameters.named_children:
            if parameter.type == "parameter":
                read_parameter(reader, parameter, visible)
            else:
                bind(reader, parameter, visible)
    returns = node.child_by_field_name("return_type")
    if returns is not None:
        reader.visit(returns)
    body = node.child_by_field_name("body")
    if body is not None:
        reader.visit(body)
    reader.loops = loops


def async_block(reader: Reader, node: Node) -> None:
    loops, reader.loops = reader.loops, []
    reader.children(node)
    reader.loops = loops


def let(reader: Reader, node: Node) -> None:
    pattern = node.child_by_field_name("pattern")
    type_node = node.child_by_field_name("type")
    value = node.child_by_field_name("value")
    if pattern is not None:
        visible = Span(node.end_byte - reader.base, reader.scope.end)
        bind(reader, pattern, visible, type_node, value)
    for part in (type_node, value, node.child_by_field_name("alternative")):
        if part is not None:
            reader.visit(part)


def let_condition(reader: Reader, node: Node) -> None:
    pattern = node.child_by_field_name("pattern")
    value = node.child_by_field_name("value")
    if value is not None:
        reader.visit(value)
    if pattern is None:
        return
    around: Node | None = node.parent
    while around is not None and around.type in ("let_chain", "parenthesized_expression"):
        around = around.parent
    end = reader.scope.end
    if around is not None:
        body = around.child_by_field_name("consequence") or around.child_by_field_name("body")
        end = (body or around).end_byte - reader.base
    bind(reader, pattern, Span(node.end_byte - reader.base, end))


def match_arm(reader: Reader, node: Node) -> None:
    pattern = node.child_by_field_name("pattern")
    if pattern is not None:
        for child in pattern.named_children:
            condition = pattern.child_by_field_name("condition")
            if condition is not None and child.id == condition.id:
                reader.visit(child)
            else:
                bind(reader, child, reader.span(node))
    value = node.child_by_field_name("value")
    for child in node.named_children:
        if child.type in ("attribute_item", "inner_attribute_item"):
            reader.attribute(child, "statement", node)
    if value is not None:
        reader.visit(value)


def bind(
    reader: Reader,
    pattern: Node,
    visible: Span,
    type_node: Node | None = None,
    value: Node | None = None,
) -> None:
    simple = pattern
    if pattern.type == "mut_pattern" and pattern.named_children:
        simple = pattern.named_children[-1]
    pointer = simple.type == "identifier" and (
        type_node.type == "pointer_type"
        if type_node is not None
        else keywords.is_pointer(reader, value)
    )
    for name, node in bindings(pattern, reader.data):
        if node is None:
            reader.facts.add_local(Local(name, VALUE, visible, "let", pointer=pointer))
        else:
            reader.visit(node)
    if simple.type == "identifier":
        segments = path_segments(type_node, reader.data) if type_node is not None else None
        if segments is None and value is not None and value.type == "call_expression":
            function = value.child_by_field_name("function")
            called = path_segments(function, reader.data) if function is not None else None
            if called is not None and len(called) > 1:
                segments = called[:-1]
        if segments is not None:
            name = text_of(simple, reader.data)
            reader.facts.typed_locals.setdefault(name, []).append((segments, visible))


def struct_pattern(reader: Reader, node: Node) -> None:
    for name, inner in bindings(node, reader.data):
        if inner is not None:
            reader.visit(inner)
        else:
            reader.add(name, VALUE, reader.scope, "let")


def type_parameters(reader: Reader, node: Node) -> None:
    for child in node.named_children:
        name = child.child_by_field_name("name")
        if name is not None:
            namespace = VALUE if child.type == "const_parameter" else TYPE
            reader.add(unraw(text_of(name, reader.data)), namespace, reader.scope, "generic")
        for part in child.named_children:
            if name is None or part.id != name.id:
                reader.visit(part)


HANDLERS: Handlers = {
    "block": block,
    "function_item": function,
    "function_signature_item": function,
    "closure_expression": closure,
    "async_block": async_block,
    "try_block": async_block,
    "let_declaration": let,
    "let_condition": let_condition,
    "match_arm": match_arm,
    "struct_pattern": struct_pattern,
    "tuple_struct_pattern": struct_pattern,
    "type_parameters": type_parameters,
}
