# SPDX-License-Identifier: Apache-2.0 OR MIT
"""One rule for a reader: its record as JSON, its page with the fixes it offers."""

from __future__ import annotations

from typing import Any

from rex_lsp.cli.report import NAMES
from rex_lsp.rules.finding import Applicability
from rex_lsp.rules.rule import Rule

_WHO = {
    Applicability.SAFE: "safe: `rex check --fix` applies it",
    Applicability.UNSAFE: "unsafe, look at what it changes: "
    "`rex check --fix --unsafe-fixes` applies it",
    Applicability.MANUAL: "to be completed by hand",
}


def record(rule: Rule) -> dict[str, Any]:
    """What stands in a rule's record, as `docs/schemas/rules.json` has it."""
    return {
        "code": rule.code,
        "title": rule.title,
        "severity": NAMES[rule.severity],
        "tiers": [str(tier) for tier in rule.tiers],
        "suppressible": rule.suppressible,
        "fixes": [
            {"title": offer.title, "applicability": offer.applicability.value}
            for offer in rule.offers
        ],
    }


def page(rule: Rule) -> str:
    """The rule's page, Markdown, followed by its fixes."""
    text = rule.page.rstrip("\n") + "\n"
    if not rule.offers:
        return text
    lines = [f"- {offer.title} ({_WHO[offer.applicability]})" for offer in rule.offers]
    return "\n".join([text, "## Fixes", "", *lines, ""])
