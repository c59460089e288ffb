# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The walk over one item."""

from __future__ import annotations

from rex_lsp.model.attributes import expanded
from rex_lsp.model.cfg import split_arguments
from rex_lsp.model.facts import AttributeUse, Facts, Inactive, Local
from rex_lsp.model.reading import keywords, loops, macros, paths, scopes
from rex_lsp.model.reading.handlers import Handlers, OpenLoop
from rex_lsp.model.uses import Segments, use_entries
from rex_lsp.syntax.items import KINDS, Attribute, Raw, read_attribute
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node

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
MAX_DEPTH = 200
"""Nesting beyond which the reader looks no further: deeper code is not written by people."""


class Reader:
    """One pass over an item. `base` is the offset that facts count from.

    `scope` is where names declared now are visible, `loops` those being read.
    """

    def __init__(self, data: bytes, base: int, facts: Facts | None = None) -> None:
        self.data = data
        self.base = base
        self.facts = facts if facts is not None else Facts()
        self.scope = Span(0, 0)
        self.depth = 0
        self.sound = False
        self.loops: list[OpenLoop] = []

    def item(self, raw: Raw) -> Facts:
        """Read an item with its attributes; members of a mod, impl or trait are left out."""
        node = raw.node
        self.sound = not node.has_error
        self.scope = self.span(node)
        for attribute in raw.attributes:
            self.attribute(attribute, KINDS[node.type], node)
        kind = node.type
        if kind == "use_declaration":
            self.facts.uses.extend(use_entries(node, self.data, self.base))
        elif kind == "extern_crate_declaration":
            keywords.extern_crate(self, node)
        elif kind == "inner_attribute_item":
            self.attribute(node, "inner", node)
        elif kind in ("mod_item", "impl_item", "trait_item", "foreign_mod_item"):
            keywords.header(self, node)
        else:
            self.visit(node)
        return self.facts

    def visit(self, node: Node) -> None:
        """Read a node and what is below it."""
        self._visit(node, node.type)

    def _visit(self, node: Node, kind: str) -> None:
        if kind in _SKIP:
            return
        if kind == "ERROR" or (not self.sound and node.is_missing):
            self.facts.broken = True
            for loop in self.loops:
                loop.exits = True
            return
        if self.depth > MAX_DEPTH:
            self.facts.broken = True
            return
        self.depth += 1
        handler = HANDLERS.get(kind)
        if handler is not None:
            handler(self, node)
        else:
            self.children(node)
        self.depth -= 1

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
            self._visit(child, kind)

    def attribute(self, node: Node, owner: str, on: Node) -> None:
        """Take an attribute in, and those that a `cfg_attr` brings."""
        if node.has_error:
            return
        read = read_attribute(node, self.data)
        span = Span(read.span.start - self.base, read.span.end - self.base)
        attribute = Attribute(read.path, read.arguments, span, read.unsafe)
        self._take(attribute, owner, self.span(on))

    def _take(self, attribute: Attribute, owner: str, on: Span) -> None:
        for one, condition in expanded(attribute):
            if one.path == "cfg":
                parts = split_arguments(one.arguments)
                if len(parts) == 1:
                    predicate = f"any(not({condition}), {parts[0]})" if condition else parts[0]
                    start = min(one.span.start, on.start)
                    self.facts.inactive.append(Inactive(predicate, Span(start, on.end)))
            self.facts.attributes.append(AttributeUse(one, owner, on, condition))

    def over(self, source: bytes, base: int, scope: Span) -> Reader:
        """A reader of other text that stands for a part of this one, with the same facts."""
        made = Reader(source, base, self.facts)
        made.depth = self.depth + 1
        made.loops = self.loops
        made.scope = scope
        return made

    def span(self, node: Node) -> Span:
        """A node's place, counted from the base."""
        return Span(node.start_byte - self.base, node.end_byte - self.base)

    def add(
        self, name: str, namespace: str, visible: Span, kind: str, target: Segments = ()
    ) -> None:
        """Make a name visible."""
        self.facts.add_local(Local(name, namespace, visible, kind, target))


def _attribute_here(reader: Reader, node: Node) -> None:
    owner = "inner" if node.type == "inner_attribute_item" else "statement"
    reader.attribute(node, owner, node)


HANDLERS: Handlers = {
    **paths.HANDLERS,
    **scopes.HANDLERS,
    **keywords.HANDLERS,
    **loops.HANDLERS,
    **macros.HANDLERS,
    "attribute_item": _attribute_here,
    "inner_attribute_item": _attribute_here,
}
"""What reads which kind of node; of any other kind the children are read."""
