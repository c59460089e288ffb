# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`image_audit`: what the audit gate refuses in the machine code."""

from __future__ import annotations

from rex_lsp.rules.finding import Severity
from rex_lsp.rules.rule import Rule, Tier

RULE = Rule(
    name="image_audit",
    title="machine code that the audit gate refuses",
    severity=Severity.ERROR,
    tiers=(Tier.BINARY,),
)
