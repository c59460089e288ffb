# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`one_lock`: a second lock taken while a guard is alive."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from rex_lsp.model.mir import Block, Body, Statement
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Applicability, Edit, Finding, Offer, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.rules.sighting import Sighting, bare
from rex_lsp.syntax.positions import Span

_DROP = Offer("drop the first guard before", Applicability.UNSAFE)
_NEW = ("rex", "spinlock", "rex_spinlock_guard", "new")
_GUARD = "rex_spinlock_guard"
_TAKES = f"{_GUARD}::new"
_LET = re.compile(rb"\blet\s+(?:mut\s+)?([A-Za-z]\w*|_\w+)\s*(?::[^=;]*)?=\s*$")
_MOVED = re.compile(r"\bmove _(\d+)\b(?!\.)")
_BRANCH = re.compile(rb"[^;{\s]\s*\{")
"""A block that is no plain one: something stands before it."""

_TO = re.compile(r"_(\d+) = ")
_DROPPED = re.compile(r"(?:drop|StorageDead)\(_(\d+)\)")
_MESSAGE = (
    "a second lock while another is held: a program may hold one lock at a time, and is ended "
    "when it takes another"
)


def check(context: ItemContext) -> Iterator[Finding]:
    """Two locks in one block with nothing between that could give the first one back."""
    taken = [
        (path.span, path.owner)
        for path, to in context.externals
        if to.canonical == _NEW and path.role == "call" and path.owner is not None
    ]
    for (first, whole), (second, _) in pairwise(taken):
        named = _LET.search(context.text, 0, first.start)
        between = context.text[whole.end : second.start]
        if named is None or b"}" in between or _BRANCH.search(between):
            continue
        name = named[1]
        if re.search(rb"\b(?:drop|return|" + re.escape(name) + rb")\b|[?|]|=>|!\s*\(", between):
            continue
        line = context.text.rfind(b"\n", 0, second.start) + 1
        indent = context.text[line : line + _indent(context.text[line:])].decode()
        edit = Edit(Span(line, line), f"{indent}drop({name.decode()});\n")
        own_line = whole.end < line
        fix = _DROP.fix(edit)
        yield Finding(RULE.code, RULE.severity, _MESSAGE, second, fixes=(fix,) if own_line else ())


def _indent(text: bytes) -> int:
    return len(text) - len(text.lstrip(b" \t"))


def check_mir(bodies: Sequence[Body]) -> Iterator[Sighting]:
    """The same along every path through a function, and through the functions it calls."""
    takers = _takers(bodies)
    for body in bodies:
        guards = {index for index, local in body.locals.items() if _holds(local.type)}
        if guards:
            yield from _walk(body, guards, takers)


def _holds(type_: str) -> bool:
    return _GUARD in type_ and not type_.startswith(("&", "*", "fn("))


def _takers(bodies: Sequence[Body]) -> set[str]:
    """The functions of the crate that take a lock, whether or not they give it back."""
    takers: set[str] = set()
    calls = {body.name: {bare(one.value) for one in body.constants()} for body in bodies}
    for name, called in calls.items():
        if any(value.endswith(_TAKES) for value in called):
            takers.add(name)
    while True:
        more = {name for name, called in calls.items() if name not in takers and called & takers}
        if not more:
            return takers
        takers |= more


def _walk(body: Body, guards: set[int], takers: set[str]) -> Iterator[Sighting]:
    """May-analysis: which guards can be alive at the beginning of each block."""
    alive: dict[int, frozenset[int]] = {0: frozenset()}
    waiting = [0]
    while waiting:
        index = waiting.pop()
        block = body.blocks.get(index)
        if block is None:
            continue
        after = _through(block, set(alive[index]), guards)
        for following in block.successors:
            known = alive.get(following)
            merged = after if known is None else known | after
            if merged != known:
                alive[following] = frozenset(merged)
                waiting.append(following)
    for index, before in alive.items():
        block = body.blocks.get(index)
        if block is not None:
            yield from _second(block, set(before), guards, takers)


def _through(block: Block, alive: set[int], guards: Iterable[int]) -> frozenset[int]:
    for statement in block.statements:
        _step(statement, alive, guards)
    return frozenset(alive)


def _step(statement: Statement, alive: set[int], guards: Iterable[int]) -> None:
    alive.difference_update(int(one) for one in _MOVED.findall(statement.text))
    alive.difference_update(int(one) for one in _DROPPED.findall(statement.text))
    to = _TO.match(statement.text)
    if to is not None and int(to[1]) in guards:
        alive.add(int(to[1]))


def _second(
    block: Block, alive: set[int], guards: Iterable[int], takers: set[str]
) -> Iterator[Sighting]:
    for statement in block.statements:
        moved = {int(one) for one in _MOVED.findall(statement.text)}
        if alive - moved:
            for constant in statement.constants:
                value = bare(constant.value)
                if value.endswith(_TAKES) or value in takers:
                    yield Sighting(_MESSAGE, statement.place)
        _step(statement, alive, guards)


RULE = Rule(
    name="one_lock",
    title="a second lock taken while a guard is alive",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING, Tier.COMPILER),
    offers=(_DROP,),
    check_item=check,
    check_mir=check_mir,
    mir_words=(_GUARD,),
    mir_callers=True,
)
