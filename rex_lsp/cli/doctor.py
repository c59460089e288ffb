# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex doctor`: what this machine has, what it lacks, and the command that repairs it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from rex_lsp.build.health import Check, State, examine
from rex_lsp.cli import report
from rex_lsp.cli.main import Subparsers
from rex_lsp.cli.report_human import Paint

_MARKS = {State.OK: ("32", "ok"), State.NOTE: ("34", "note"), State.MISSING: ("31", "missing")}


def register(subparsers: Subparsers) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "doctor",
        help="say what is missing on this machine and how to repair it",
        description="Look at the toolchain, the caches and what the simulator needs. "
        "Exit 1 when something is missing.",
    )
    parser.add_argument("--format", choices=("human", "json"), default="human")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Examines and prints."""
    checks = asyncio.run(examine())
    if args.format == "json":
        report.print_json(
            {
                "version": 1,
                "checks": [
                    {
                        "name": check.name,
                        "state": check.state.value,
                        "detail": check.detail,
                        "repair": list(check.repair),
                    }
                    for check in checks
                ],
            }
        )
    else:
        _print(checks)
    return int(any(check.state is State.MISSING for check in checks))


def _print(checks: Sequence[Check]) -> None:
    paint = Paint(sys.stdout)
    width = max(len(check.name) for check in checks)
    for check in checks:
        colour, mark = _MARKS[check.state]
        print(f"{paint(colour, f'{mark:<7}')}  {check.name:<{width}}  {check.detail}")
        for step in check.repair:
            print(f"{'':9}{'':{width}}  {paint('1', step)}")
    missing = sum(check.state is State.MISSING for check in checks)
    print()
    if missing:
        print(f"{missing} thing{'s' if missing > 1 else ''} missing; the commands above repair it")
    else:
        print("everything rex needs is here")
