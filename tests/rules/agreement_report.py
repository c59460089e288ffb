# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The report of the long run of generated programs, written where `REX_SOAK_REPORT` says."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

_TALLY: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])


def add_to_report(rule: str, programs: int, both: int, missed: int, alarms: int) -> None:
    """Count one batch of programs of a rule and write the report as far as it goes."""
    counts = _TALLY[rule]
    for at, number in enumerate((programs, both, missed, alarms)):
        counts[at] += number
    path = os.environ.get("REX_SOAK_REPORT")
    if path:
        Path(path).write_text(_text(), encoding="utf-8")


def _text() -> str:
    rows = "".join(
        f"| `{rule}` | {programs} | {both} | {missed} | {alarms} |\n"
        for rule, (programs, both, missed, alarms) in _TALLY.items()
    )
    total = sum(counts[0] for counts in _TALLY.values())
    return f"""\
# Agreement of typing tier and compiler on generated programs

Written by `make soak` (`tests/rules/test_agreement.py`): {total} programs, each a module that
spells something allowed or not allowed in one of many ways. The judge is the compiler.

| rule | programs | both found something | missed while typing | false alarms |
|---|---|---|---|---|
{rows}"""
