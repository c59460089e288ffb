# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`inline_asm`: assembly inside Rust."""

from __future__ import annotations

from collections.abc import Iterator

from rex_lsp.model.answers import External, Unknown
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.rules.rule import Rule, Tier

ASSEMBLY = frozenset({"asm", "global_asm", "naked_asm", "llvm_asm"})


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    for path, to in context.answers:
        if path.namespace != "m":
            continue
        if isinstance(to, External):
            found = to.canonical[:2] == ("core", "arch") and to.canonical[-1] in ASSEMBLY
        else:
            found = isinstance(to, Unknown) and to.absent and path.segments[-1] in ASSEMBLY
        if found:
            yield Finding(
                RULE.code,
                RULE.severity,
                f"`{path.segments[-1]}!` is not allowed: nobody can check what assembly does to "
                "the kernel",
                path.span,
            )


RULE = Rule(
    name="inline_asm",
    title="`asm!`, `global_asm!`, `naked_asm!`",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING,),
    check_item=check,
)
