# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Which rule a message of rustc or clippy is about."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rex_lsp.model.outside import STD_PRELUDE, STD_PRELUDE_MACROS
from rex_lsp.rules import helper_not_available, image_audit
from rex_lsp.rules.finding import Severity
from rex_lsp.rules.registry import RULES
from rex_lsp.rules.rule import Rule

_QUOTED = re.compile(r"`([^`]+)`")
_ABSENT = ("cannot find", "failed to resolve", "unresolved import", "can't find crate", "use of un")
_RUNTIME = re.compile(r"duplicate lang item|`panic_impl`|conflicts with.*panic_handler")


@dataclass(frozen=True, slots=True)
class Blamed:
    """The rule that a compiler's message is about, with its severity, and the message."""

    code: str
    severity: Severity
    message: str


def rule_for(code: str | None, message: str) -> Blamed | None:
    """The rule behind a message; None where it is about something else.

    `code` is what rustc and clippy call it: a lint's name (`unsafe_code`,
    `clippy::disallowed_methods`), an error's number (`E0554`) or nothing.
    """
    name = _rule(code or "", message)
    if name is None:
        return None
    rule = RULES[name]
    # What rustc refuses is an error, whatever the rule makes of it as one types.
    refused = (code or "").startswith("E0")
    return Blamed(rule.code, Severity.ERROR if refused else rule.severity, message)


def rule_for_refusal(cause: str) -> Rule:
    """The rule behind what the packer or the audit gate refuses."""
    known = (rule for rule in RULES.values() if cause in rule.refusals)
    return next(known, image_audit.RULE)


def _rule(code: str, message: str) -> str | None:
    for rule in RULES.values():
        if code and code in (*rule.lints, *rule.errors):
            return rule.code
    if code == "E0599" and helper_not_available.is_about(message):
        return helper_not_available.RULE.code
    if code == "E0601" or "`main` function not found" in message:
        return "rex::missing_no_std"
    if _RUNTIME.search(message):
        return "rex::reserved_item"
    if not any(part in message for part in _ABSENT):
        return None
    names = {name.rstrip("!") for name in _QUOTED.findall(message)}
    roots = {name.split("::")[0] for name in names}
    if roots & {"std", "alloc"} or names & (STD_PRELUDE | STD_PRELUDE_MACROS):
        return "rex::std_or_alloc"
    return None
