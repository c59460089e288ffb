# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex explain CODE`: the page of one rule, with the fixes it offers."""

from __future__ import annotations

import argparse
import difflib
import sys

from rex_lsp.cli import report
from rex_lsp.cli.main import CannotContinue, Subparsers
from rex_lsp.cli.rule_text import page, record


def register(subparsers: Subparsers) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "explain",
        help="explain a rule",
        description="Print the page of a rule: what it catches, why, and what to write instead.",
    )
    parser.add_argument("code", metavar="CODE", help="such as rex::leak, or just leak")
    parser.add_argument("--format", choices=("human", "json"), default="human")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the page; exit 2 with near names for an unknown code."""
    from rex_lsp.rules.registry import RULES

    code = args.code if args.code.startswith("rex::") else f"rex::{args.code}"
    by_code = {rule.code: rule for rule in RULES.values()}
    rule = by_code.get(code)
    if rule is None:
        near = difflib.get_close_matches(code, by_code, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "`rex rules` lists them all"
        raise CannotContinue(f"no rule is called {args.code}", [hint])
    if args.format == "json":
        report.print_json({"version": 1, "rule": record(rule), "page": page(rule)})
    else:
        sys.stdout.write(page(rule))
    return 0
