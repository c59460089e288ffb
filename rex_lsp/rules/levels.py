# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The level that the settings give an advice rule; safety rules keep their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.rules.registry import RULES

LEVELS: Mapping[str, Severity | None] = {
    "off": None,
    "hint": Severity.HINT,
    "information": Severity.INFORMATION,
    "warning": Severity.WARNING,
    "error": Severity.ERROR,
}
"""What a setting may say; None is silence."""


def at_level(finding: Finding, levels: Mapping[str, Any]) -> Finding | None:
    """The finding at its rule's level, None where that is off. Unknown levels say nothing."""
    level = levels.get(finding.code.removeprefix("rex::"))
    rule = RULES.get(finding.code)
    if rule is None or not rule.suppressible or not isinstance(level, str) or level not in LEVELS:
        return finding
    severity = LEVELS[level]
    return None if severity is None else replace(finding, severity=severity)


def at_levels(findings: Iterable[Finding], levels: Any) -> list[Finding]:
    """All that are not off; `levels` is what a manifest says, of any shape."""
    if not isinstance(levels, Mapping):
        return list(findings)
    return [one for finding in findings if (one := at_level(finding, levels)) is not None]
