# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`recursion`: a function that calls itself."""

from __future__ import annotations

from collections.abc import Iterator

from rex_lsp.model.answers import Item
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.syntax.positions import Span


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    name_span = context.name_span
    if context.node.type != "function_item" or name_span is None:
        return
    name = context.source(name_span)
    for span in _calls(context, name):
        yield Finding(
            RULE.code,
            RULE.severity,
            f"`{name}` calls itself: how deep it goes is checked while it runs, and a program "
            "that leaves its stack is ended",
            span,
        )


def _calls(context: ItemContext, name: str) -> Iterator[Span]:
    parent = context.node.parent
    member = parent is not None and parent.type == "declaration_list"
    container = parent.parent if member and parent is not None else None
    in_impl = container is not None and container.type in ("impl_item", "trait_item")
    for path, to in context.answers:
        if path.role != "call":
            continue
        if in_impl:
            if path.segments == ("Self", name):
                yield path.span
        elif isinstance(to, Item) and _is(to, context, name):
            yield path.span
    if in_impl:
        for call in context.facts.methods:
            if call.name == name and call.receiver == "self":
                yield call.span


def _is(item: Item, context: ItemContext, name: str) -> bool:
    declared = (item.kind, item.name, item.module, item.rest)
    return declared == ("fn", name, context.module, ())


RULE = Rule(
    name="recursion",
    title="a function that calls itself: its depth is checked while it runs",
    severity=Severity.INFORMATION,
    tiers=(Tier.TYPING, Tier.BINARY),
    suppressible=True,
    check_item=check,
)
