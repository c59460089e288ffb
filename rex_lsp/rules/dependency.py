# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`dependency`: crates that become part of an extension and that no rule can answer for.

What is found where is the build's work (rex_lsp/build/dependency_audit.py); here stand
the record and the words.
"""

from __future__ import annotations

from collections.abc import Sequence

from rex_lsp.rules.finding import Applicability, Offer, Severity
from rex_lsp.rules.rule import Rule, Tier

ALLOW = Offer(
    "allow `{package}`, with a reason to be filled in", Applicability.MANUAL, preferred=False
)

COUNTED = {
    "rex::unsafe_code": "contains `unsafe` code",
    "rex::inline_asm": "contains assembly",
    "rex::reserved_item": "defines what the runtime provides",
    "rex::leak": "skips destructors",
    "rex::known_unsound": "uses a hole of the compiler",
    "rex::std_or_alloc": "needs the standard library",
    "rex::missing_no_std": "needs the standard library",
}
"""The rules that a crate of the closure is read for, and what breaking one means.

The others (a float in a generic implementation, an unstable feature) the compiler and the
image decide: what is not used does no harm.
"""


def message(shown: str, chain: Sequence[str], reasons: Sequence[str]) -> str:
    """The finding's text for the package `name version`, reached through `chain`."""
    through = f" (through {', '.join(f'`{name}`' for name in chain[:-1])})" if chain[:-1] else ""
    return (
        f"`{shown}`{through} {'; '.join(reasons)}; no rule answers for it: do without it, or "
        "allow it with a reason under allow-dependencies in [package.metadata.rex]"
    )


RULE = Rule(
    name="dependency",
    title="a crate in the closure that nobody answers for: `unsafe`, `std`, a build script, a "
    "proc macro, native code",
    severity=Severity.ERROR,
    tiers=(Tier.COMPILER,),
    offers=(ALLOW,),
)
