# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`abort`: what ends in an instruction that faults, or belongs to the compiler."""

from __future__ import annotations

from collections.abc import Iterator

from rex_lsp.model.answers import External
from rex_lsp.model.machine import Machine
from rex_lsp.model.uses import Segments
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.rules.sighting import Seen
from rex_lsp.syntax.positions import Span

_FAULTING = frozenset({("core", "process", "abort"), ("core", "arch", "breakpoint")})
_FORGET = ("core", "intrinsics", "forget")
_WHY = (
    "it ends in an instruction that the processor refuses; `panic!` stops a program and cleans up"
)


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    for path, to in context.externals:
        if _is_abort(to.canonical):
            yield _finding(path.span, to.canonical)
    for entry in context.facts.uses:
        to_ = context.resolve(entry.path, "t", entry.span.start)
        if isinstance(to_, External) and to_.canonical[:2] == ("core", "intrinsics"):
            yield _finding(entry.span, to_.canonical)


def check_image(machine: Machine) -> Iterator[Seen]:
    """Instructions that the processor refuses on purpose, where a program can come to them."""
    reached = frozenset[str]().union(*machine.reached.values())
    for trap in machine.traps:
        if trap["function"] in reached:
            for place in machine.points_of(trap["frames"], trap["function"], reached):
                yield Seen(f"this compiles to an invalid instruction: {_WHY}", place)


def _is_abort(path: Segments) -> bool:
    return path in _FAULTING or (path[:2] == ("core", "intrinsics") and path != _FORGET)


def _message(path: Segments) -> str:
    if path in _FAULTING:
        return f"`{'::'.join(path[-2:])}` is not allowed: {_WHY}"
    return f"`{'::'.join(path)}` is not allowed: intrinsics are the compiler's own"


def _finding(span: Span, path: Segments) -> Finding:
    return Finding(RULE.code, RULE.severity, _message(path), span)


RULE = Rule(
    name="abort",
    title="intrinsics, aborts and breakpoints",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING, Tier.COMPILER, Tier.BINARY),
    check_item=check,
    check_image=check_image,
    refusals=("interrupt",),
)
