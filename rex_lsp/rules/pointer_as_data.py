# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`pointer_as_data`: kernel addresses on their way out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rex_lsp.model.facts import VALUE
from rex_lsp.model.mir import Body
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.rules.sighting import Sighting, bare
from rex_lsp.syntax.positions import Span

_FORMATTING = frozenset(
    "rex_printk write writeln format_args panic assert assert_eq assert_ne debug_assert todo "
    "unimplemented unreachable debug_assert_eq debug_assert_ne".split()
)
_STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_POINTER = re.compile(rb"(?<!\{)(?:\{\{)*\{[^{}:]*:[^{}]*p\}")
_ADDRESSES = ("addr", "expose_provenance", "new_pointer")
_WHY = "addresses tell an attacker where the kernel is: give out a number of your own instead"


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    for path, to in context.externals:
        formats = path.role == "macro" and to.canonical[-1] in _FORMATTING
        if not formats or path.owner is None:
            continue
        literal = _STRING.search(context.text, path.span.end, path.owner.end)
        if literal is not None and _POINTER.search(literal[1]):
            yield _finding(f"`{{:p}}` prints an address: {_WHY}", Span(*literal.span()))
    for span in context.facts.addresses:
        yield _finding(f"a pointer becomes a number: {_WHY}", span)
    for call in context.facts.methods:
        local = context.facts.visible(call.receiver, VALUE, call.span.start)
        if call.name in _ADDRESSES and local is not None and local.pointer:
            yield _finding(f"an address is read: {_WHY}", call.span)


def check_mir(bodies: Sequence[Body]) -> Iterator[Sighting]:
    """The same with true types."""
    for body in bodies:
        for statement in body.statements():
            if "PointerExposeProvenance" in statement.text:
                yield Sighting(f"a pointer becomes a number: {_WHY}", statement.place)
            for constant in statement.constants:
                name = bare(constant.value).rpartition("::")[2]
                pointer = "*const" in constant.value or "*mut" in constant.value
                if name in _ADDRESSES and (pointer or name == "new_pointer"):
                    yield Sighting(f"an address is read: {_WHY}", constant.place)


def _finding(message: str, span: Span) -> Finding:
    return Finding(RULE.code, RULE.severity, message, span)


RULE = Rule(
    name="pointer_as_data",
    title="`{:p}`, pointers cast to integers: kernel addresses on their way out",
    severity=Severity.WARNING,
    tiers=(Tier.TYPING, Tier.COMPILER),
    suppressible=True,
    check_item=check,
    check_mir=check_mir,
    mir_words=(
        "PointerExposeProvenance",
        "::addr",
        "addr::<",
        "::expose_provenance",
        "new_pointer",
    ),
)
