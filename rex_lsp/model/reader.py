# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Reads the facts of one item from its syntax tree."""

from __future__ import annotations

from collections.abc import Callable

from rex_lsp.model.attributes import expanded
from rex_lsp.model.cfg import split_arguments
from rex_lsp.model.facts import (
    MACRO,
    TYPE,
    VALUE,
    AttributeUse,
    Facts,
    Inactive,
    Local,
    Loop,
    MethodCall,
    PathUse,
    Unsafe,
)
from rex_lsp.model.patterns import bindings
from rex_lsp.model.tokens import read_body, read_tokens
from rex_lsp.model.uses import Segments, path_segments, unraw, use_entries
from rex_lsp.syntax.items import KINDS, Attribute, Raw, body_of, read_attribute
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node, parse, text_of

_SKIP = frozenset(
    {
        "string_literal",
        "raw_string_literal",
        "char_literal",
        "boolean_literal",
        "line_comment",
        "block_comment",
        "lifetime",
        "label",
        "field_identifier",
        "visibility_modifier",
        "mutable_specifier",
        "self",
        "super",
        "crate",
        "metavariable",
        "shorthand_field_identifier",
        "use_declaration",
        "extern_crate_declaration",
    }
)
_FLOAT_SUFFIXES = ("f16", "f32", "f64", "f128")
_OPEN = b"fn x() { f(("
_OPEN_STATEMENTS = b"fn x() { "
MAX_DEPTH = 200
"""Nesting beyond which the reader looks no further: deeper code is not written by people."""


class Reader:
    """One pass over an item. `base` is the offset that facts count from."""

    def __init__(self, data: bytes, base: int, facts: Facts | None = None) -> None:
        self.data = data
        self.base = base
        self.facts = facts if facts is not None else Facts()
        self._scope = Span(0, 0)
        self._depth = 0
        self._loops: list[_OpenLoop] = []

    # Entrance.

    def item(self, raw: Raw) -> Facts:
        """Read an item with its attributes; members of a mod, impl or trait are left out."""
        node = raw.node
        self._scope = self._span(node)
        for attribute in raw.attributes:
            self.attribute(attribute, KINDS[node.type], node)
        kind = node.type
        if kind == "use_declaration":
            self.facts.uses.extend(use_entries(node, self.data, self.base))
        elif kind == "extern_crate_declaration":
            self._extern_crate(node)
        elif kind == "inner_attribute_item":
            self.attribute(node, "inner", node)
        elif kind in ("mod_item", "impl_item", "trait_item", "foreign_mod_item"):
            self._header(node)
        else:
            self.visit(node)
        return self.facts

    def _header(self, node: Node) -> None:
        body = body_of(node)
        self._keywords(node)
        for child in node.children:
            if body is not None and child.id == body.id:
                continue
            if child.type in ("identifier", "type_identifier") and node.type in (
                "mod_item",
                "trait_item",
            ):
                continue
            self.visit(child)

    # The walk.

    def visit(self, node: Node) -> None:
        """Read a node and what is below it."""
        kind = node.type
        if kind in _SKIP:
            return
        if kind == "ERROR" or node.is_missing:
            self.facts.broken = True
            for loop in self._loops:
                loop.exits = True
            return
        if self._depth > MAX_DEPTH:
            self.facts.broken = True
            return
        self._depth += 1
        try:
            handler = _HANDLERS.get(kind)
            if handler is not None:
                handler(self, node)
            else:
                self.children(node)
        finally:
            self._depth -= 1

    def children(self, node: Node) -> None:
        """Read a node's children, with attributes standing on the node after them."""
        pending: list[Node] = []
        for child in node.named_children:
            kind = child.type
            if kind == "attribute_item":
                pending.append(child)
                continue
            if pending and kind not in ("line_comment", "block_comment"):
                for attribute in pending:
                    self.attribute(attribute, KINDS.get(kind, "statement"), child)
                pending = []
            self.visit(child)

    def _block(self, node: Node) -> None:
        outer = self._scope
        self._scope = self._span(node)
        label = next((c for c in node.named_children if c.type == "label"), None)
        if label is not None:
            self._loops.append(_OpenLoop("", text_of(label, self.data), block=True))
        for child in node.named_children:
            self._hoist(child)
        self.children(node)
        if label is not None:
            self._loops.pop()
        self._scope = outer

    def _hoist(self, node: Node) -> None:
        """Items of a block are visible in all of it."""
        kind = node.type
        if kind == "use_declaration":
            for entry in use_entries(node, self.data, self.base):
                self.facts.uses.append(entry)
                if entry.glob:
                    self.facts.globs.append((entry.path, self._scope))
                else:
                    self._add(entry.name, "*", self._scope, "use", entry.path)
            return
        if kind == "extern_crate_declaration":
            self._extern_crate(node)
            return
        if kind not in KINDS:
            return
        name_node = node.child_by_field_name("name")
        if name_node is None:
            return
        name = unraw(text_of(name_node, self.data))
        target: Segments = ()
        if kind == "type_item":
            type_node = node.child_by_field_name("type")
            target = (path_segments(type_node, self.data) or ()) if type_node else ()
            self._add(name, TYPE, self._scope, "alias" if target else "type", target)
        elif kind == "macro_definition":
            self._add(name, MACRO, self._scope, "macro_rules")
        elif kind in ("function_item", "function_signature_item"):
            returns = node.child_by_field_name("return_type")
            never = returns is not None and returns.type == "never_type"
            self.facts.add_local(Local(name, VALUE, self._scope, "fn", (), never))
        elif kind in ("static_item", "const_item"):
            self._add(name, VALUE, self._scope, KINDS[kind])
        elif kind in ("struct_item", "enum_item", "union_item", "trait_item", "mod_item"):
            self._add(name, TYPE, self._scope, KINDS[kind])
            if kind == "struct_item":
                self._add(name, VALUE, self._scope, "struct")

    def _function(self, node: Node) -> None:
        self._keywords(node)
        outer, loops = self._scope, self._loops
        self._loops = []
        self._scope = self._span(node)
        body = node.child_by_field_name("body")
        generics = node.child_by_field_name("type_parameters")
        if generics is not None:
            self.visit(generics)
        parameters = node.child_by_field_name("parameters")
        if parameters is not None:
            for parameter in parameters.named_children:
                if parameter.type == "parameter":
                    self._parameter(parameter, self._scope)
                elif parameter.type != "attribute_item":
                    self.visit(parameter)
        for child in node.named_children:
            if child.type in ("where_clause",):
                self.visit(child)
        returns = node.child_by_field_name("return_type")
        if returns is not None:
            self.visit(returns)
        if body is not None:
            self.visit(body)
        self._scope, self._loops = outer, loops

    def _parameter(self, node: Node, visible: Span) -> None:
        pattern = node.child_by_field_name("pattern")
        type_node = node.child_by_field_name("type")
        if pattern is not None:
            self._bind(pattern, visible, type_node)
        if type_node is not None:
            self.visit(type_node)

    def _closure(self, node: Node) -> None:
        visible = self._span(node)
        loops, self._loops = self._loops, []
        parameters = node.child_by_field_name("parameters")
        if parameters is not None:
            for parameter in parameters.named_children:
                if parameter.type == "parameter":
                    self._parameter(parameter, visible)
                else:
                    self._bind(parameter, visible)
        returns = node.child_by_field_name("return_type")
        if returns is not None:
            self.visit(returns)
        body = node.child_by_field_name("body")
        if body is not None:
            self.visit(body)
        self._loops = loops

    def _async_block(self, node: Node) -> None:
        loops, self._loops = self._loops, []
        self.children(node)
        self._loops = loops

    def _let(self, node: Node) -> None:
        pattern = node.child_by_field_name("pattern")
        type_node = node.child_by_field_name("type")
        value = node.child_by_field_name("value")
        if pattern is not None:
            visible = Span(node.end_byte - self.base, self._scope.end)
            self._bind(pattern, visible, type_node, value)
        for part in (type_node, value, node.child_by_field_name("alternative")):
            if part is not None:
                self.visit(part)

    def _let_condition(self, node: Node) -> None:
        pattern = node.child_by_field_name("pattern")
        value = node.child_by_field_name("value")
        if value is not None:
            self.visit(value)
        if pattern is None:
            return
        around: Node | None = node.parent
        while around is not None and around.type in ("let_chain", "parenthesized_expression"):
            around = around.parent
        end = self._scope.end
        if around is not None:
            body = around.child_by_field_name("consequence") or around.child_by_field_name("body")
            end = (body or around).end_byte - self.base
        self._bind(pattern, Span(node.end_byte - self.base, end))

    def _match_arm(self, node: Node) -> None:
        pattern = node.child_by_field_name("pattern")
        if pattern is not None:
            for child in pattern.named_children:
                condition = pattern.child_by_field_name("condition")
                if condition is not None and child.id == condition.id:
                    self.visit(child)
                else:
                    self._bind(child, self._span(node))
        value = node.child_by_field_name("value")
        for child in node.named_children:
            if child.type in ("attribute_item", "inner_attribute_item"):
                self.attribute(child, "statement", node)
        if value is not None:
            self.visit(value)

    def _bind(
        self,
        pattern: Node,
        visible: Span,
        type_node: Node | None = None,
        value: Node | None = None,
    ) -> None:
        for name, node in bindings(pattern, self.data):
            if node is None:
                self._add(name, VALUE, visible, "let")
            else:
                self.visit(node)
        simple = pattern
        if pattern.type == "mut_pattern" and pattern.named_children:
            simple = pattern.named_children[-1]
        if simple.type == "identifier":
            segments = path_segments(type_node, self.data) if type_node is not None else None
            if segments is None and value is not None and value.type == "call_expression":
                function = value.child_by_field_name("function")
                called = path_segments(function, self.data) if function is not None else None
                if called is not None and len(called) > 1:
                    segments = called[:-1]
            if segments is not None:
                name = text_of(simple, self.data)
                self.facts.typed_locals.setdefault(name, []).append((segments, visible))

    # Paths.

    def _identifier(self, node: Node) -> None:
        self._path(node, VALUE)

    def _type_identifier(self, node: Node) -> None:
        self._path(node, TYPE)

    def _path(
        self, node: Node, namespace: str, role: str = "path", owner: Span | None = None
    ) -> None:
        segments = path_segments(node, self.data)
        if segments is not None:
            self.facts.paths.append(PathUse(segments, namespace, self._span(node), role, owner))
        if node.type in ("identifier", "type_identifier", "primitive_type"):
            return
        self._arguments_of(node)

    def _arguments_of(self, node: Node) -> None:
        """Read the generic arguments and `<T as Trait>` heads inside a path."""
        for child in node.named_children:
            kind = child.type
            if kind in ("type_arguments", "qualified_type"):
                if kind == "qualified_type":
                    self._qualified(node, child)
                self.visit(child)
            elif kind == "bracketed_type":
                self._qualified_in(node, child)
            elif kind in (
                "scoped_identifier",
                "scoped_type_identifier",
                "generic_type",
                "generic_type_with_turbofish",
                "generic_function",
            ):
                self._arguments_of(child)

    def _qualified_in(self, path: Node, bracketed: Node) -> None:
        for child in bracketed.named_children:
            if child.type == "qualified_type":
                self._qualified(path, child)
            self.visit(child)

    def _qualified(self, path: Node, qualified: Node) -> None:
        """`<T as Trait>::name` is also `Trait::name`."""
        alias = qualified.child_by_field_name("alias")
        name = path.child_by_field_name("name")
        if alias is None or name is None:
            return
        segments = path_segments(alias, self.data)
        if segments is not None:
            full = (*segments, unraw(text_of(name, self.data)))
            self.facts.paths.append(PathUse(full, VALUE, self._span(path), "qualified"))

    def _scoped(self, node: Node) -> None:
        self._path(node, TYPE if node.type == "scoped_type_identifier" else VALUE)

    def _generic_type(self, node: Node) -> None:
        self._path(node, TYPE)

    def _generic_function(self, node: Node) -> None:
        self._path(node, VALUE)

    def _call(self, node: Node) -> None:
        function = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if function is not None:
            called = function
            if called.type == "field_expression":
                self._method(called, node)
            elif path_segments(called, self.data) is not None:
                index = len(self.facts.paths)
                self._path(called, VALUE, "call", self._span(node))
                for loop in self._loops:
                    loop.calls.append(index)
            else:
                self.visit(called)
        if arguments is not None:
            self.visit(arguments)

    def _method(self, function: Node, call: Node) -> None:
        receiver = function.child_by_field_name("value")
        name = function.child_by_field_name("field")
        if receiver is not None and name is not None and name.type == "field_identifier":
            local = text_of(receiver, self.data) if receiver.type == "identifier" else ""
            self.facts.methods.append(
                MethodCall(text_of(name, self.data), local, self._span(name), self._span(call))
            )
        if receiver is not None:
            self.visit(receiver)

    def _field(self, node: Node) -> None:
        value = node.child_by_field_name("value")
        if value is not None:
            self.visit(value)

    def _struct_pattern(self, node: Node) -> None:
        for name, inner in bindings(node, self.data):
            if inner is not None:
                self.visit(inner)
            else:
                self._add(name, VALUE, self._scope, "let")

    # Keywords and literals.

    def _unsafe_block(self, node: Node) -> None:
        keyword = Span(node.start_byte - self.base, node.start_byte - self.base + 6)
        idle = _needs_nothing(node)
        self.facts.unsafe.append(Unsafe("block", keyword, self._span(node), idle))
        self.children(node)

    def _keywords(self, node: Node) -> None:
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
            text = self.data[node.start_byte : end].rstrip()
            keyword = Span(node.start_byte - self.base, node.start_byte - self.base + len(text))
            self.facts.unsafe.append(Unsafe("extern", keyword, self._span(node)))
            return
        for child in node.children:
            if child.type == "function_modifiers":
                for modifier in child.children:
                    if modifier.type == "unsafe":
                        self._add_unsafe("fn", modifier, node)
                    elif modifier.type == "ERROR":
                        self.facts.broken = True
            elif child.type == "unsafe":
                self._add_unsafe(kinds[node.type], child, node)

    def _add_unsafe(self, kind: str, keyword: Node, node: Node) -> None:
        self.facts.unsafe.append(Unsafe(kind, self._span(keyword), self._span(node)))

    def _float(self, node: Node) -> None:
        self.facts.floats.append(self._span(node))

    def _integer(self, node: Node) -> None:
        text = text_of(node, self.data)
        if text.endswith(_FLOAT_SUFFIXES) and not text.lower().startswith("0x"):
            self.facts.floats.append(self._span(node))

    def _static(self, node: Node) -> None:
        if any(child.type == "mutable_specifier" for child in node.named_children):
            self.facts.static_muts.append(self._span(node))
        self._typed_item(node)

    def _typed_item(self, node: Node) -> None:
        name = node.child_by_field_name("name")
        for child in node.named_children:
            if name is None or child.id != name.id:
                self.visit(child)

    def _named_item(self, node: Node) -> None:
        """Structs, enums, unions, aliases, variants: everything but the name is read."""
        outer, self._scope = self._scope, self._span(node)
        name = node.child_by_field_name("name")
        pending: list[Node] = []
        for child in node.named_children:
            if child.type == "attribute_item":
                pending.append(child)
            elif name is None or child.id != name.id:
                self.visit(child)
        self._scope = outer

    def _nested_container(self, node: Node) -> None:
        """An impl, trait or mod inside a function body."""
        outer, self._scope = self._scope, self._span(node)
        self._header(node)
        body = body_of(node)
        if body is not None:
            self._block(body)
        self._scope = outer

    def _type_parameters(self, node: Node) -> None:
        for child in node.named_children:
            name = child.child_by_field_name("name")
            if name is not None:
                namespace = VALUE if child.type == "const_parameter" else TYPE
                self._add(unraw(text_of(name, self.data)), namespace, self._scope, "generic")
            for part in child.named_children:
                if name is None or part.id != name.id:
                    self.visit(part)

    def _extern_crate(self, node: Node) -> None:
        name = node.child_by_field_name("name")
        if name is not None:
            self.facts.extern_crates.append((text_of(name, self.data), self._span(node)))

    # Loops and their exits.

    def _loop(self, node: Node) -> None:
        kind = _endless(node, self.data)
        label = next((c for c in node.named_children if c.type == "label"), None)
        opened = _OpenLoop(kind, text_of(label, self.data) if label is not None else "")
        opened.exits = node.has_error
        self._loops.append(opened)
        visible = self._span(node)
        pattern = node.child_by_field_name("pattern")
        for field_name in ("value", "condition"):
            part = node.child_by_field_name(field_name)
            if part is not None:
                self.visit(part)
        if pattern is not None:
            self._bind(pattern, visible)
        body = node.child_by_field_name("body")
        if body is not None:
            self.visit(body)
        self._loops.pop()
        if kind:
            start = node.start_byte - self.base
            if label is not None:
                after = self.data[label.end_byte : node.end_byte]
                skipped = len(after) - len(after.lstrip(b": \t\r\n"))
                start = label.end_byte + skipped - self.base
            keyword = Span(start, start + len(kind))
            self.facts.loops.append(
                Loop(
                    kind,
                    keyword,
                    visible,
                    opened.exits,
                    tuple(opened.calls),
                    tuple(opened.macros),
                )
            )

    def _break(self, node: Node) -> None:
        label = next((c for c in node.named_children if c.type == "label"), None)
        if label is None:
            for loop in reversed(self._loops):
                loop.exits = True
                if not loop.block:
                    break
        else:
            self._leave(text_of(label, self.data))
        self.children(node)

    def _continue(self, node: Node) -> None:
        label = next((c for c in node.named_children if c.type == "label"), None)
        if label is not None:
            name = text_of(label, self.data)
            for at, loop in enumerate(self._loops):
                if loop.label == name:
                    for inner in self._loops[at + 1 :]:
                        inner.exits = True

    def _leave(self, label: str) -> None:
        """A `break 'label` ends the loops inside the labelled one, and it."""
        found = [at for at, loop in enumerate(self._loops) if loop.label == label]
        for loop in self._loops[found[-1] if found else 0 :]:
            loop.exits = True

    def _return(self, node: Node) -> None:
        for loop in self._loops:
            loop.exits = True
        self.children(node)

    # Macros.

    def _macro_call(self, node: Node) -> None:
        name = node.child_by_field_name("macro")
        if name is None:
            return
        segments = path_segments(name, self.data)
        whole = self._span(node)
        if segments is not None:
            index = len(self.facts.paths)
            self.facts.paths.append(PathUse(segments, MACRO, self._span(name), "macro", whole))
            for loop in self._loops:
                loop.macros.append(index)
        tree = next((c for c in node.named_children if c.type == "token_tree"), None)
        if tree is not None:
            self.tokens(tree)

    def tokens(self, tree: Node) -> None:
        """Read a token tree: as expressions, else as statements, else as loose tokens."""
        if tree.end_byte - tree.start_byte <= 2:
            return
        inner = self.data[tree.start_byte + 1 : tree.end_byte - 1]
        for opening, closing in ((_OPEN, b")) }"), (_OPEN_STATEMENTS, b" }")):
            source = opening + inner + closing
            root = parse(source).root_node
            if root.has_error:
                continue
            base = self.base - (tree.start_byte + 1) + len(opening)
            reader = Reader(source, base, self.facts)
            reader._depth = self._depth + 1
            reader._loops = self._loops
            reader._scope = self._span(tree)
            item = root.named_children[0] if root.named_children else None
            body = item.child_by_field_name("body") if item is not None else None
            if body is None:
                continue
            reader._inside(body, opening)
            return
        read_tokens(tree, self.data, self.base, self.facts)
        for loop in self._loops:
            loop.exits = True

    def _inside(self, body: Node, opening: bytes) -> None:
        if opening is _OPEN_STATEMENTS:
            self._block(body)
            return
        for statement in body.named_children:
            call = statement.named_children[0] if statement.named_children else statement
            if statement.type == "call_expression":
                call = statement
            arguments = call.child_by_field_name("arguments")
            if arguments is not None:
                self.children(arguments)

    def _macro_rules(self, node: Node) -> None:
        self.facts.macro_body = True
        for rule in node.named_children:
            if rule.type == "macro_rule":
                right = rule.child_by_field_name("right")
                if right is not None:
                    read_body(right, self.data, self.base, self.facts)

    # Attributes.

    def _attribute_here(self, node: Node) -> None:
        self.attribute(node, "inner" if node.type == "inner_attribute_item" else "statement", node)

    def attribute(self, node: Node, owner: str, on: Node) -> None:
        """Take an attribute in, and those that a `cfg_attr` brings."""
        if node.has_error:
            return
        read = read_attribute(node, self.data)
        span = Span(read.span.start - self.base, read.span.end - self.base)
        attribute = Attribute(read.path, read.arguments, span, read.unsafe)
        self._take(attribute, owner, self._span(on))

    def _take(self, attribute: Attribute, owner: str, on: Span) -> None:
        for one, condition in expanded(attribute):
            if one.path == "cfg":
                parts = split_arguments(one.arguments)
                if len(parts) == 1:
                    predicate = f"any(not({condition}), {parts[0]})" if condition else parts[0]
                    start = min(one.span.start, on.start)
                    self.facts.inactive.append(Inactive(predicate, Span(start, on.end)))
            self.facts.attributes.append(AttributeUse(one, owner, on, condition))

    # Small things.

    def _span(self, node: Node) -> Span:
        return Span(node.start_byte - self.base, node.end_byte - self.base)

    def _add(
        self, name: str, namespace: str, visible: Span, kind: str, target: Segments = ()
    ) -> None:
        self.facts.add_local(Local(name, namespace, visible, kind, target))


class _OpenLoop:
    """A loop or labelled block being read; kind is "" for one that ends by itself."""

    def __init__(self, kind: str, label: str, block: bool = False) -> None:
        self.kind = kind
        self.label = label
        self.block = block
        self.exits = False
        self.calls: list[int] = []
        self.macros: list[int] = []


def _endless(node: Node, data: bytes) -> str:
    """The keyword of a loop that nothing in its head can end, else ""."""
    if node.type == "loop_expression":
        return "loop"
    if node.type == "while_expression":
        condition = node.child_by_field_name("condition")
        if condition is not None and text_of(condition, data).strip("() ") == "true":
            return "while"
        return ""
    value = node.child_by_field_name("value")
    while value is not None and value.type == "parenthesized_expression" and value.named_children:
        value = value.named_children[0]
    if value is not None and value.type == "range_expression":
        kinds = [child.type for child in value.children]
        if kinds and kinds[-1] == ".." and len(kinds) == 2:
            return "for"
    return ""


_NEUTRAL = frozenset(
    {
        "block",
        "expression_statement",
        "binary_expression",
        "integer_literal",
        "boolean_literal",
        "char_literal",
        "string_literal",
        "string_content",
        "escape_sequence",
        "parenthesized_expression",
        "let_declaration",
        "mutable_specifier",
        "if_expression",
        "else_clause",
        "assignment_expression",
        "compound_assignment_expr",
        "type_cast_expression",
        "primitive_type",
        "tuple_expression",
        "line_comment",
        "block_comment",
        "return_expression",
        "unit_expression",
        "empty_statement",
    }
)


def _needs_nothing(block: Node) -> bool:
    """Whether an unsafe block holds only literals, operators and local names it declares."""
    declared = {b"true"}
    stack = list(block.named_children)
    while stack:
        node = stack.pop()
        if node.type == "let_declaration":
            pattern = node.child_by_field_name("pattern")
            if pattern is not None and pattern.type == "identifier" and pattern.text is not None:
                declared.add(pattern.text)
    stack = list(block.named_children)
    while stack:
        node = stack.pop()
        if node.type == "let_declaration":
            pattern = node.child_by_field_name("pattern")
            if pattern is not None and pattern.type == "identifier" and pattern.text:
                declared.add(pattern.text)
        if node.type == "identifier":
            if node.text is None or (node.text not in declared and node.text.isupper()):
                return False
        elif node.type not in _NEUTRAL:
            return False
        stack.extend(node.named_children)
    return True


_HANDLERS: dict[str, Callable[[Reader, Node], None]] = {
    "identifier": Reader._identifier,
    "type_identifier": Reader._type_identifier,
    "primitive_type": Reader._type_identifier,
    "scoped_identifier": Reader._scoped,
    "scoped_type_identifier": Reader._scoped,
    "generic_type": Reader._generic_type,
    "generic_type_with_turbofish": Reader._generic_type,
    "generic_function": Reader._generic_function,
    "call_expression": Reader._call,
    "field_expression": Reader._field,
    "struct_pattern": Reader._struct_pattern,
    "tuple_struct_pattern": Reader._struct_pattern,
    "block": Reader._block,
    "function_item": Reader._function,
    "function_signature_item": Reader._function,
    "closure_expression": Reader._closure,
    "async_block": Reader._async_block,
    "try_block": Reader._async_block,
    "let_declaration": Reader._let,
    "let_condition": Reader._let_condition,
    "match_arm": Reader._match_arm,
    "unsafe_block": Reader._unsafe_block,
    "float_literal": Reader._float,
    "integer_literal": Reader._integer,
    "static_item": Reader._static,
    "const_item": Reader._typed_item,
    "struct_item": Reader._named_item,
    "enum_item": Reader._named_item,
    "union_item": Reader._named_item,
    "type_item": Reader._named_item,
    "associated_type": Reader._named_item,
    "enum_variant": Reader._named_item,
    "field_declaration": Reader._named_item,
    "impl_item": Reader._nested_container,
    "trait_item": Reader._nested_container,
    "mod_item": Reader._nested_container,
    "foreign_mod_item": Reader._nested_container,
    "type_parameters": Reader._type_parameters,
    "loop_expression": Reader._loop,
    "while_expression": Reader._loop,
    "for_expression": Reader._loop,
    "break_expression": Reader._break,
    "continue_expression": Reader._continue,
    "return_expression": Reader._return,
    "try_expression": Reader._return,
    "macro_invocation": Reader._macro_call,
    "macro_definition": Reader._macro_rules,
    "attribute_item": Reader._attribute_here,
    "inner_attribute_item": Reader._attribute_here,
}
