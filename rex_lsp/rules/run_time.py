# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The records of what only a run can prove; the client of `rexrt` makes the findings."""

from __future__ import annotations

from rex_lsp.rules.finding import Severity
from rex_lsp.rules.rule import Rule, Tier


def _stop(name: str, title: str) -> Rule:
    return Rule(name=name, title=title, severity=Severity.ERROR, tiers=(Tier.RUN,))


RULES = (
    _stop("panicked", "a program panicked on its last run"),
    _stop("terminated", "a program ran past its time and was ended"),
    _stop("stack_exceeded", "a program left its stack and was ended"),
    _stop("faulted", "a program made the processor fault and was ended"),
)
"""In the order in which they are listed."""
