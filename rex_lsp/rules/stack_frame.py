# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`stack_frame` and `stack_budget`: as one types, an estimate from the arrays in sight."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.syntax.positions import Span

PAGE = 4096
BUDGET_BYTES = 16384
_NUMBER = re.compile(r"(\d[\d_]*)(?:usize)?")
_ELEMENT = re.compile(
    r"(?:\d[\d_]*?|0x[\da-fA-F_]+?)_?(?P<suffix>[iu](?:8|16|32|64|128|size))?|true|false|"
    r"'.'|b'.'"
)
_SIZES = {"8": 1, "16": 2, "32": 4, "64": 8, "128": 16, "size": 8}


def check_frame(context: ItemContext) -> Iterator[Finding]:
    """Arrays that fill more than a page together."""
    size, span = _arrays(context)
    if PAGE < size <= BUDGET_BYTES:
        yield _estimate(
            RULE,
            f"estimate: the arrays here take at least {size} bytes of one frame, more than "
            f"a page ({PAGE})",
            span,
        )


def check_budget(context: ItemContext) -> Iterator[Finding]:
    """Arrays that fill more than the whole stack."""
    size, span = _arrays(context)
    if size > BUDGET_BYTES:
        yield _estimate(
            BUDGET,
            f"estimate: the arrays here take at least {size} bytes, more than a program's "
            f"stack budget ({BUDGET_BYTES})",
            span,
        )


def _arrays(context: ItemContext) -> tuple[int, Span]:
    """The bytes of a function's arrays, as far as their texts tell, and the largest one."""
    largest, total, place = 0, 0, Span(0, 0)
    if context.node.type != "function_item":
        return 0, place
    for element, length, span in context.facts.arrays:
        number, one = _NUMBER.fullmatch(length), _element(element)
        if number is None or not one:
            continue
        size = int(number[1].replace("_", "")) * one
        total += size
        if size > largest:
            largest, place = size, span
    return total, place


def _element(text: str) -> int:
    found = _ELEMENT.fullmatch(text.strip())
    if found is None:
        return 0
    if found["suffix"]:
        return _SIZES[found["suffix"][1:]]
    # A number without a suffix may be of any type: it has at least one byte.
    return 4 if text.startswith("'") else 1


def _estimate(rule: Rule, message: str, span: Span) -> Finding:
    return Finding(rule.code, Severity.INFORMATION, message, span, estimate=True)


RULE = Rule(
    name="stack_frame",
    title="one frame of more than a page in an image that has a checked function",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING, Tier.BINARY),
    check_item=check_frame,
    refusals=("large_frame",),
)
BUDGET = Rule(
    name="stack_budget",
    title="a worst-case depth over the program's budget of 16 KiB",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING, Tier.BINARY),
    check_item=check_budget,
    refusals=("budget", "chain"),
)
