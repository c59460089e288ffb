# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Which function certainly calls which, and the cycles that come of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rex_lsp.model.answers import Item
from rex_lsp.model.uses import path_segments
from rex_lsp.rules.context import ItemContext
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node

Key = tuple[str, ...]
"""A function: its module, then its type if it has one, then its name."""

FARTHEST = 500

_TYPES = frozenset({"struct", "enum", "union"})


@dataclass(frozen=True, slots=True)
class Function:
    """A function and its calls of functions that are known; spans count from its region."""

    key: Key
    name: str
    calls: tuple[tuple[Key, Span], ...]

    @property
    def edges(self) -> tuple[Key, tuple[Key, ...]]:
        """The function and what it calls, without the places."""
        return self.key, tuple(key for key, _ in self.calls)


def function_of(context: ItemContext) -> Function | None:
    """The function that an item is, with its calls; None for any other item."""
    node = context.node
    if node.type != "function_item" or context.name_span is None:
        return None
    container = _container(node)
    own = context.module if container is None else _type_of(context, container)
    if own is None:
        return None
    name = context.source(context.name_span)
    inner = inner_functions(context)
    calls = [
        (key, span)
        for key, span in _calls(context, own, container is not None)
        if not any(one.contains(span.start) for one in inner)
    ]
    return Function((*own, name), name, tuple(calls))


def _container(node: Node) -> Node | None:
    around = node.parent.parent if node.parent is not None else None
    if around is None or around.type not in ("impl_item", "trait_item"):
        return None
    return around


def _type_of(context: ItemContext, container: Node) -> Key | None:
    type_ = container.child_by_field_name("type")
    segments = path_segments(type_, context.data) if type_ is not None else None
    answer = context.resolve(segments, "t", 0) if segments else None
    return _key(answer) if isinstance(answer, Item) and answer.kind in _TYPES else None


def _key(item: Item) -> Key:
    return (*item.module, item.name, *item.rest)


def _calls(context: ItemContext, own: Key, member: bool) -> Iterator[tuple[Key, Span]]:
    for path, to in context.answers:
        if path.role != "call":
            continue
        if member and path.segments[0] == "Self" and len(path.segments) == 2:
            yield (*own, path.segments[1]), path.span
        elif isinstance(to, Item) and (
            (to.kind == "fn" and not to.rest) or (to.kind in _TYPES and len(to.rest) == 1)
        ):
            yield _key(to), path.span
    if member:
        for call in context.facts.methods:
            if call.receiver == "self":
                yield (*own, call.name), call.span


def inner_functions(context: ItemContext) -> list[Span]:
    """Functions inside the function, which somebody may call or not."""
    if context.text.count(b"fn ") < 2:
        return []
    found: list[Span] = []
    waiting = [context.node.child_by_field_name("body")]
    while waiting:
        node = waiting.pop()
        if node is None:
            continue
        if node.type == "function_item":
            found.append(context.span_of(node))
        else:
            waiting.extend(node.named_children)
    return found


Graph = Mapping[Key, frozenset[Key]]


def graph_of(edges: Iterable[tuple[Key, tuple[Key, ...]]]) -> Graph:
    """Which function calls which; of two that are called the same nobody knows which is meant."""
    graph: dict[Key, frozenset[Key]] = {}
    twice: set[Key] = set()
    for key, called in edges:
        if key in graph:
            twice.add(key)
        graph[key] = frozenset(called)
    known = graph.keys() - twice
    return {key: (graph[key] & known) - {key} for key in known}


def way(graph: Graph, start: Key, end: Key) -> list[Key] | None:
    """The shortest row of calls from one function to another.

    None where there is none, or where it takes more than `FARTHEST` functions to find it.
    """
    before: dict[Key, Key] = {start: start}
    waiting = deque([start])
    while waiting and len(before) <= FARTHEST:
        key = waiting.popleft()
        if key == end:
            row = [end]
            while row[-1] != start:
                row.append(before[row[-1]])
            return row[::-1]
        for following in sorted(graph.get(key, ())):
            if following not in before:
                before[following] = key
                waiting.append(following)
    return None


def on_cycles(graph: Graph) -> Graph:
    """The part of the graph that is between the first and the last function of some cycle.

    What nobody calls, and what calls nobody, is taken away until nothing of that is left.
    """
    callers: dict[Key, set[Key]] = {key: set() for key in graph}
    for key, called in graph.items():
        for one in called:
            callers[one].add(key)
    left = {key: set(called) for key, called in graph.items()}
    for ways, back in ((left, callers), (callers, left)):
        waiting = [key for key, ends in ways.items() if not ends]
        while waiting:
            key = waiting.pop()
            for one in back.pop(key):
                ways[one].discard(key)
                if not ways[one]:
                    waiting.append(one)
            del ways[key]
    return {key: frozenset(called) for key, called in left.items()}
