# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a person writes in the place of an expression that may panic, where it is mechanical.

Only inside a function that returns a `Result` whose error can be one of the kernel's: what
panicked then ends the function with `EINVAL`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable

from rex_lsp.rules.finding import Applicability, Edit, Fix, Offer
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node, text_of

_RESULT = re.compile(r"(?:\w+\s*::\s*)*Result\s*(?:<[^,]*>)?")
_POSTFIX = frozenset(
    "identifier self field_expression index_expression call_expression parenthesized_expression "
    "scoped_identifier try_expression".split()
)
_ASSIGNS = frozenset({"assignment_expression", "compound_assignment_expr"})
_DIVISIONS = {"/": "checked_div", "%": "checked_rem"}
_ERROR = "{rex}::error::code::EINVAL"

_GET = Offer("use `{method}`, end with EINVAL where there is nothing", Applicability.UNSAFE)
_DIVIDE = Offer("use `{method}`, end with EINVAL for a divisor of zero", Applicability.UNSAFE)
_QUESTION = Offer("use `{method}`, end with EINVAL without a value", Applicability.UNSAFE)
OFFERS = (_GET, _DIVIDE, _QUESTION)

_Change = tuple[Node, str, Offer, str]
"""The node that is replaced, its new text, the kind of fix and its word."""


def panic_fix(document: Document, offset: int, *, callee: str, rex_name: str = "rex") -> Fix | None:
    """The fix for a panic at an offset of its line; `callee` is core's function that is called."""
    index = max(0, bisect_right(document.bases, offset) - 1)
    chunk, base = document.chunks[index], document.bases[index]
    inner = offset - base
    node = chunk.tree.root_node.descendant_for_byte_range(inner, inner + 1)
    error = _ERROR.format(rex=rex_name)
    while node is not None and not node.type.endswith(("_item", "block", "declaration")):
        make = _MAKERS.get(node.type)
        change = make(node, chunk.data, callee, error) if make is not None else None
        if change is not None and _can_fail(node, chunk.data):
            span = Span(base + change[0].start_byte, base + change[0].end_byte)
            return change[2].fix(Edit(span, change[1]), method=change[3])
        node = node.parent
    return None


def _index(node: Node, data: bytes, callee: str, error: str) -> _Change | None:
    """`a[i]` becomes `*a.get(i).ok_or(…)?`, with what stands around it in mind."""
    if len(node.named_children) != 2 or not _about(callee, "bounds_check", "slice", "str::"):
        return None
    value, index = node.named_children
    parent = node.parent
    if value.type not in _POSTFIX or parent is None or parent.type == "try_expression":
        return None
    written = _is_written(node)
    get = "get_mut" if written else "get"
    found = f"{text_of(value, data)}.{get}({text_of(index, data)}).ok_or({error})?"
    if parent.type == "reference_expression":
        return parent, found, _GET, get
    if parent.type in ("field_expression", "index_expression") and parent.named_children[0] == node:
        return node, found, _GET, get
    if index.type == "range_expression":
        return None
    return node, f"*{found}", _GET, get


def _division(node: Node, data: bytes, callee: str, error: str) -> _Change | None:
    """`a / b` becomes `a.checked_div(b).ok_or(…)?`."""
    operator = node.child_by_field_name("operator")
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if operator is None or left is None or right is None or not _about(callee, "_by_zero"):
        return None
    sign = text_of(operator, data)
    method = _DIVISIONS.get(sign.removesuffix("="))
    if method is None or left.type.endswith("_literal"):
        return None
    dividend = text_of(left, data) if left.type in _POSTFIX else f"({text_of(left, data)})"
    made = f"{dividend}.{method}({text_of(right, data)}).ok_or({error})?"
    whole = f"{text_of(left, data)} = {made}" if sign.endswith("=") else made
    return node, whole, _DIVIDE, method


def _unwrap(node: Node, data: bytes, callee: str, error: str) -> _Change | None:
    """`x.unwrap()` becomes `x.ok_or(…)?`, of a `Result` `x.map_err(…)?`."""
    called = node.child_by_field_name("function")
    if called is None or called.type != "field_expression":
        return None
    value, name = called.child_by_field_name("value"), called.child_by_field_name("field")
    if value is None or name is None or text_of(name, data) not in ("unwrap", "expect"):
        return None
    if callee.startswith("core::option::"):
        method, made = "ok_or", f"ok_or({error})?"
    elif callee.startswith("core::result::"):
        method, made = "map_err", f"map_err(|_| {error})?"
    else:
        return None
    return node, f"{text_of(value, data)}.{made}", _QUESTION, method


_MAKERS: dict[str, Callable[[Node, bytes, str, str], _Change | None]] = {
    "index_expression": _index,
    "binary_expression": _division,
    "compound_assignment_expr": _division,
    "call_expression": _unwrap,
}


def _about(callee: str, *words: str) -> bool:
    return any(word in callee for word in words)


def _is_written(node: Node) -> bool:
    """Whether what a place expression names is assigned to or borrowed to be."""
    child, parent = node, node.parent
    while parent is not None:
        if parent.type in _ASSIGNS:
            return parent.child_by_field_name("left") == child
        if parent.type == "reference_expression":
            return any(one.type == "mutable_specifier" for one in parent.children)
        if parent.type not in ("field_expression", "index_expression"):
            return False
        if parent.named_children[0] != child:
            return False
        child, parent = parent, parent.parent
    return False


def _can_fail(node: Node, data: bytes) -> bool:
    """Whether `?` gives an error of the kernel from here."""
    around: Node | None = node
    while around is not None:
        if around.type in ("closure_expression", "async_block", "const_item", "static_item"):
            return False
        if around.type == "function_item":
            returns = around.child_by_field_name("return_type")
            return returns is not None and bool(_RESULT.fullmatch(text_of(returns, data)))
        around = around.parent
    return False
