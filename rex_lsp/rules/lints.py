# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the rules ask of rustc and clippy, taken from their records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rex_lsp.rules.registry import RULES
from rex_lsp.rules.rule import Rule


def forced_lints(*, clippy: bool, rules: Mapping[str, Rule] = RULES) -> tuple[str, ...]:
    """The lints to forbid, in the order of the rules; clippy's own only on request."""
    found: dict[str, None] = {}
    for rule in rules.values():
        for lint in rule.lints:
            if clippy or not lint.startswith("clippy::"):
                found[lint] = None
    return tuple(found)


def clippy_toml(rules: Mapping[str, Rule] = RULES) -> str:
    """The clippy.toml of every check (clippy book, "Lint Configuration Options")."""
    lines = ["disallowed-methods = ["]
    lines += _entries((rule, path) for rule in rules.values() for path in rule.disallowed_methods)
    lines += ["]", "disallowed-types = ["]
    lines += _entries((rule, path) for rule in rules.values() for path in rule.disallowed_types)
    return "\n".join([*lines, "]", ""])


def _entries(pairs: Iterator[tuple[Rule, str]]) -> list[str]:
    return [
        f'  {{ path = "{path}", reason = "{rule.code}: {rule.title}" }},' for rule, path in pairs
    ]
