# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex rules`: every rule with its code, severity, tiers and title."""

from __future__ import annotations

import argparse

from rex_lsp.cli import report
from rex_lsp.cli.main import Subparsers
from rex_lsp.cli.rule_text import record


def register(subparsers: Subparsers) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "rules",
        help="list the rules",
        description="List the rules a Rex extension lives by. `rex explain CODE` tells more.",
    )
    parser.add_argument("--format", choices=("human", "json"), default="human")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the table."""
    from rex_lsp.rules.registry import RULES

    rules = sorted(RULES.values(), key=lambda rule: rule.code)
    if args.format == "json":
        report.print_json({"version": 1, "rules": [record(rule) for rule in rules]})
        return 0
    width = max((len(rule.code) for rule in rules), default=0)
    for rule in rules:
        tiers = " ".join(str(tier) for tier in rule.tiers)
        print(f"{rule.code:<{width}}  {report.NAMES[rule.severity]:<11}  {tiers:<7}  {rule.title}")
    return 0
