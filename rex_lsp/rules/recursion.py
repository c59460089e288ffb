# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`recursion`: a function that calls itself, or that others lead back to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from pathlib import Path

from rex_lsp.model.answers import Item
from rex_lsp.model.machine import Machine, Point, short
from rex_lsp.rules.calls import Function, Graph, inner_functions, way
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Finding, Related, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.rules.sighting import Seen
from rex_lsp.syntax.positions import Span

_AT_MOST = 64
"""Calls of a file that are followed until they come back."""

_NAMED = 8
"""Functions of a cycle that a message names."""
_WHY = "how deep it goes is checked while it runs, and a program that leaves its stack is ended"


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    name_span = context.name_span
    if context.node.type != "function_item" or name_span is None:
        return
    name = context.source(name_span)
    inner = inner_functions(context)
    for span in _calls(context, name):
        if any(one.contains(span.start) for one in inner):
            continue
        yield Finding(
            RULE.code,
            RULE.severity,
            f"`{name}` calls itself: {_WHY}",
            span,
        )


def check_image(machine: Machine) -> Iterator[Seen]:
    """The calls that close a circle, each with the others of its circle."""
    reached = frozenset[str]().union(*machine.reached.values())
    for cycle in machine.cycles:
        members = frozenset(cycle)
        calls: dict[Point, str] = {}
        for name in cycle:
            for call in machine.calls.get(name, ()):
                if call.kind == "function" and not members.isdisjoint(call.targets):
                    for place in machine.points_of(call.frames, name, reached):
                        if name in reached:
                            calls.setdefault(
                                place, f"`{short(name)}` calls `{short(call.targets[0])}`"
                            )
        who = f"`{short(cycle[0])}` calls itself"
        if len(cycle) > 1:
            who = f"{', '.join(f'`{short(name)}`' for name in cycle)} call each other"
        for place in calls:
            related = tuple((other, said) for other, said in calls.items() if other != place)
            yield Seen(f"{who}: {_WHY}", place, related=related)


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


def cycles(
    path: Path, functions: Iterable[tuple[int, Function]], graph: Graph
) -> Iterator[tuple[int, Finding]]:
    """Calls that lead back to where they stand by way of other functions of the file.

    `functions` are those of the file, each with the offset that its spans count from; each
    finding comes with that of its own. `graph` is what lies on cycles.
    """
    placed = [(base, one) for base, one in functions if one.key in graph]
    by_key = {one.key: (base, one) for base, one in placed}
    calls = ((base, one, *call) for base, one in placed for call in one.calls)
    likely = (call for call in calls if call[2] in graph[call[1].key])
    for base, one, called, span in islice(likely, _AT_MOST):
        row = way(graph, called, one.key)
        if row is not None:
            names = [f"`{key[-1]}`" for key in row[:-1]]
            more = len(names) - _NAMED
            through = ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
            related = []
            for caller, callee in pairwise(row[: _NAMED * 2]):
                start, function = by_key[caller]
                place = next(span for key, span in function.calls if key == callee)
                text = f"`{caller[-1]}` calls `{callee[-1]}` here"
                related.append(Related(path, place.shifted(start), text))
            message = f"`{one.name}` calls itself by way of {through}: {_WHY}"
            yield base, Finding(RULE.code, RULE.severity, message, span, related=tuple(related))


RULE = Rule(
    name="recursion",
    title="a function that calls itself: its depth is checked while it runs",
    severity=Severity.INFORMATION,
    tiers=(Tier.TYPING, Tier.BINARY),
    suppressible=True,
    check_item=check,
    check_image=check_image,
)
