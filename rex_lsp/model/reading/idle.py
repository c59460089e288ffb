# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Whether an unsafe block is one for no reason."""

from __future__ import annotations

from rex_lsp.syntax.tree import Node

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


def needs_nothing(block: Node) -> bool:
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
