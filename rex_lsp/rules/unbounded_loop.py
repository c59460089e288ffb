# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`unbounded_loop`: a loop that only the watchdog ends."""

from __future__ import annotations

from collections.abc import Iterator

from rex_lsp.model.answers import Answer, External, Item
from rex_lsp.model.facts import Loop
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.rules.rule import Rule, Tier

_STAYING = frozenset(
    "rex_printk print println eprint eprintln write writeln format_args stringify concat line "
    "file column module_path matches debug_assert debug_assert_eq debug_assert_ne "
    "function_name cfg include_str include_bytes vec format".split()
)
"""Macros that are known not to leave the loop; what another crate's macro does is not known."""


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    for loop in context.facts.loops:
        if not loop.exits and not _leaves(context, loop):
            yield Finding(
                RULE.code,
                RULE.severity,
                f"this `{loop.kind}` has no way out but the watchdog's: it needs a `break`, "
                "`return` or `?`",
                loop.keyword,
            )


def _leaves(context: ItemContext, loop: Loop) -> bool:
    if any(context.diverges(context.answer_of(index)[1]) for index in loop.calls):
        return True
    return any(_may_leave(context.answer_of(index)[1]) for index in loop.macros)


def _may_leave(answer: Answer) -> bool:
    if isinstance(answer, External):
        return answer.canonical[-1] not in _STAYING
    if isinstance(answer, Item):
        return answer.kind != "macro_rules" or answer.exits
    return True


RULE = Rule(
    name="unbounded_loop",
    title="a loop with no exit but the watchdog's",
    severity=Severity.WARNING,
    tiers=(Tier.TYPING,),
    suppressible=True,
    check_item=check,
)
