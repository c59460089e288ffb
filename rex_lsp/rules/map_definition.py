# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`map_definition`: what `#[rex_map]` stands on has to be a map."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rex_lsp.model.answers import External, Item
from rex_lsp.model.program import MapStatic
from rex_lsp.model.uses import path_segments
from rex_lsp.rules.context import FileContext, ItemContext
from rex_lsp.rules.finding import Applicability, Edit, Finding, Fix, Offer, Related, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node, parse

_PLAIN = Offer("make it a plain `static`", Applicability.UNSAFE)
_POINTERS = {
    "reference_type": "a reference",
    "pointer_type": "a raw pointer",
    "function_type": "a function pointer",
}
_SIZES = re.compile(rb"::\s*new\s*\(\s*(\d[\d_]*)(?:u32)?\s*,")
_PAGE = 4096


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    found = context.rex_attribute
    if found is None or found[0] != "rex_map":
        return
    attribute = found[1]
    node = context.node
    if node.type != "static_item":
        message = f"`#[{attribute.path}]` makes a map of a `static`; this is none"
        yield _finding(message, attribute.span)
        return
    type_node = node.child_by_field_name("type")
    if type_node is None or type_node.has_error:
        return
    mutable = next((c for c in node.named_children if c.type == "mutable_specifier"), None)
    if mutable is not None:
        span = context.span_of(mutable)
        fix = _PLAIN.fix(Edit(Span(span.start, span.end + 1), ""))
        yield _finding("a map is an immutable `static`", span, (fix,))
    segments = path_segments(type_node, context.data)
    answer = context.resolve(segments, "t", 0) if segments else None
    wrong = isinstance(answer, External) and answer.path[:2] != ("rex", "map")
    if segments is None or wrong or (isinstance(answer, Item) and answer.kind != "type"):
        shown = context.source(context.span_of(type_node))
        message = f"expected a map type of `rex::map`, found `{shown}`"
        yield _finding(message, context.span_of(type_node))
        return
    yield from _pointers(context, type_node)
    if isinstance(answer, External) and answer.written:
        yield from _behind(context, type_node, answer.written)
    if isinstance(answer, External):
        yield from _size(context, answer.path[-1], type_node)


def _pointers(context: ItemContext, type_node: Node) -> Iterator[Finding]:
    for what, node in _kept(type_node):
        yield _finding(_message(what), context.span_of(node))


def _behind(context: ItemContext, type_node: Node, written: bytes) -> Iterator[Finding]:
    """What the alias that the map's type is written by stands for."""
    alias = parse(b"type X = " + written + b";").root_node
    for what, _ in _kept(alias.named_children[0]) if alias.named_children else ():
        yield _finding(_message(what), context.span_of(type_node))
        return


def _message(what: str) -> str:
    return (
        f"{what} cannot be in a map: user space and other programs write there, and an "
        "address that they write would be followed"
    )


def _kept(type_node: Node) -> Iterator[tuple[str, Node]]:
    """The pointers among a type's arguments, each with what it is."""
    waiting = list(type_node.named_children)
    while waiting:
        inner = waiting.pop(0)
        what = _POINTERS.get(inner.type)
        if what is not None:
            yield what, inner
        else:
            waiting.extend(inner.named_children)


def _size(context: ItemContext, kind: str, type_node: Node) -> Iterator[Finding]:
    after = context.span_of(type_node).end
    size = _SIZES.search(context.text, after)
    if size is None:
        return
    number = int(size[1].replace(b"_", b""))
    span = Span(size.start(1), size.end(1))
    if kind == "RexRingBuf":
        if number < _PAGE or number & (number - 1):
            message = f"a ring buffer's size is a power of two of at least {_PAGE}, found {number}"
            yield _finding(message, span)
    elif number == 0 and kind != "RexPerfEventArray":
        yield _finding("a map without room for any entry cannot be made", span)


def check_file(context: FileContext) -> Iterator[Finding]:
    """A map's name is its symbol, so it is one of its kind in the whole crate."""
    first: dict[str, tuple[MapStatic, int, Path]] = {}
    for path in context.other_files():
        for one, base in context.maps(path):
            known, known_base, where = first.setdefault(one.name, (one, base, path))
            if (known is one and known_base == base) or path != context.path:
                continue
            message = f"two maps are called `{one.name}`: the name is the map's symbol"
            there = Related(where, known.name_span.shifted(known_base), "the first one is here")
            yield Finding(
                RULE.code,
                RULE.severity,
                message,
                one.name_span.shifted(base),
                related=(there,),
                item=one.item,
            )


def _finding(message: str, span: Span, fixes: tuple[Fix, ...] = ()) -> Finding:
    return Finding(RULE.code, RULE.severity, message, span, fixes=fixes)


RULE = Rule(
    name="map_definition",
    title="`#[rex_map]` on something that is no map, or a map that cannot be",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING, Tier.COMPILER, Tier.BINARY),
    offers=(_PLAIN,),
    programs_only=True,
    check_item=check,
    check_file=check_file,
    refusals=("map", "same_map"),
)
