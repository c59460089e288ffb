# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`helper_not_available`: a helper that another kind of program has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rex_lsp.model.answers import External
from rex_lsp.model.facts import VALUE
from rex_lsp.model.helpers import HELPERS
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.rules.rule import Rule, Tier

_NO_METHOD = re.compile(r"no method named `(\w+)` found for .*`&?(?:rex::)?[\w:]+")


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    program = context.program
    if program is None or program.signature is None or len(program.signature.parameters) != 2:
        return
    given = program.signature.parameters[0]
    type_ = context.resolve(given.segments, "t", 0) if given.segments else None
    if not isinstance(type_, External) or type_.path[0] != "rex":
        return
    own = type_.path[-1]
    for call in context.facts.methods:
        types = HELPERS.get(call.name)
        if call.receiver != given.pattern or types is None or own in types:
            continue
        local = context.facts.visible(given.pattern, VALUE, call.span.start)
        if local is None or local.kind != "let" or local.visible.contains(given.span.start):
            yield Finding(RULE.code, RULE.severity, message(call.name, own), call.span)


def message(helper: str, own: str) -> str:
    """What there is to say about a helper that a type of program does not have."""
    others = ", ".join(f"`{name}`" for name in HELPERS[helper])
    return f"`{helper}` is no helper of `{own}` programs: {others} {_have(helper)} it"


def _have(helper: str) -> str:
    return "has" if len(HELPERS[helper]) == 1 else "have"


def is_about(text: str) -> bool:
    """Whether rustc's E0599 is about a helper of another type of program."""
    found = _NO_METHOD.match(text)
    return found is not None and found[1] in HELPERS


RULE = Rule(
    name="helper_not_available",
    title="a helper that this type of program does not have",
    severity=Severity.WARNING,
    tiers=(Tier.TYPING, Tier.COMPILER),
    suppressible=True,
    programs_only=True,
    check_item=check,
)
