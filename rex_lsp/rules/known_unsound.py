# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`known_unsound`: safe code that the compiler accepts although it should not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rex_lsp.model.mir import Body, split_types
from rex_lsp.rules.finding import Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.rules.sighting import Sighting

_FUNCTION = re.compile(r"(?:for<[^>]*> )?fn\((.*)\) -> (.*) \{")
_NESTED = re.compile(r"&'(\w+) (?:mut )?&'(\w+)\b")
_MESSAGE = (
    "a function whose arguments imply that one lifetime outlives another must not become a "
    "function pointer: the compiler forgets the condition, and any lifetime can be made of it"
)


def check_mir(bodies: Sequence[Body]) -> Iterator[Sighting]:
    """rust-lang/rust issue 25860: an implied bound is lost when a function becomes a pointer."""
    for body in bodies:
        for statement in body.statements():
            if "ReifyFnPointer" not in statement.text:
                continue
            if any(_implies(constant.type) for constant in statement.constants):
                yield Sighting(_MESSAGE, statement.place)


def _implies(type_: str) -> bool:
    """Whether `&'a &'b _` among the arguments is what makes a `'b` good enough for an `'a`."""
    function = _FUNCTION.match(type_)
    if function is None:
        return False
    arguments, result = split_types(function[1]), function[2]
    for argument in arguments:
        for nested in _NESTED.finditer(argument):
            short, long = nested[1], nested[2]
            others = [other for other in arguments if other is not argument]
            returned = re.search(rf"'{short}\b|'{long}\b", result)
            if (
                short != long
                and returned
                and any(f"'{long}" in o or f"'{short}" in o for o in others)
            ):
                return True
    return False


RULE = Rule(
    name="known_unsound",
    title="patterns of the compiler's known unsoundness",
    severity=Severity.ERROR,
    tiers=(Tier.COMPILER,),
    check_mir=check_mir,
)
