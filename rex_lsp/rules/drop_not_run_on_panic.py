# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`drop_not_run_on_panic`: a destructor of the extension's own."""

from __future__ import annotations

from collections.abc import Iterator

from rex_lsp.model.answers import External
from rex_lsp.model.uses import path_segments
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.rules.rule import Rule, Tier

_DROP = frozenset({("core", "ops", "Drop"), ("core", "Drop"), ("core", "prelude", "v1", "Drop")})


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    node = context.node
    trait = node.child_by_field_name("trait") if node.type == "impl_item" else None
    segments = path_segments(trait, context.data) if trait is not None else None
    if trait is None or not segments:
        return
    to = context.resolve(segments, "t", context.span_of(trait).start)
    if isinstance(to, External) and to.canonical in _DROP:
        yield Finding(
            RULE.code,
            RULE.severity,
            "this destructor does not run when the program panics or is ended: the runtime gives "
            "back locks, references and reservations of its own, and knows no other",
            context.span_of(trait),
        )


RULE = Rule(
    name="drop_not_run_on_panic",
    title="a destructor that does not run after a panic",
    severity=Severity.INFORMATION,
    tiers=(Tier.TYPING,),
    suppressible=True,
    check_item=check,
)
