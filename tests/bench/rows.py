# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Rows of the report: what was measured, its budget, and whether it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .session import Sample, Turn, at_percent

QUIET_LOAD = 0.7
"""The load average under which nothing else is said to run: what a client waited is judged."""


@dataclass(frozen=True, slots=True)
class Row:
    """`wall` and `cpu` are texts; `holds` is None where there is no budget or no number."""

    what: str
    wall: str
    cpu: str = ""
    budget: str = ""
    holds: bool | None = None
    beside: str = ""


def judged(
    what: str,
    samples: Sequence[Sample],
    limits: dict[float, float],
    *,
    quiet: bool,
) -> Row:
    """A row of percentiles with their limits in milliseconds.

    The verdict is of what the client waited on a `quiet` machine. On any other it is of the
    processor time: a budget that the server's own work exceeds is missed anywhere.
    """
    walls = [one.wall for one in samples]
    cpus = [one.cpu for one in samples]
    points = sorted(limits or {50.0: 0.0, 99.0: 0.0})
    budget = ", ".join(f"{_name(p)} under {limits[p]:g} ms" for p in points if limits)
    told = walls if quiet else cpus
    good = all(at_percent(told, p) < limits[p] for p in points) if limits else None
    return Row(what, _points(walls, points), _points(cpus, points), budget, good)


def longest(what: str, turns: Sequence[Turn], limit: float, *, quiet: bool) -> Row:
    """A row of the longest turn of the event loop; judged as `judged` does."""
    if not turns:
        return Row(what, "under 5", "under 5", f"under {limit:g} ms", True)
    worst = max(turns, key=lambda one: one.cpu)
    wall = max(one.wall for one in turns)
    good = (wall if quiet else worst.cpu) < limit
    return Row(what, f"{wall:.0f}", f"{worst.cpu:.0f}", f"under {limit:g} ms", good)


def rendered(rows: Sequence[Row], machine: str, notes: Sequence[str], *, quiet: bool) -> str:
    """The report as Markdown."""
    verdict_of = (
        "*waited*: nothing else ran when the measurements began."
        if quiet
        else "*computed* where there is one: other work on the machine made *waited* longer."
    )
    lines = [
        "# Measured budgets",
        "",
        "Written by `make bench` (`python -m tests.bench`) through real processes over standard",
        "input and output, on generated extensions (`source.py`) with the recorded edit trace",
        "(`trace.json`). Times in milliseconds unless said otherwise. *Waited* is what a client",
        "waited, *computed* the processor time of the server's process meanwhile. The verdict is",
        f"that of {verdict_of}",
        "",
        f"Machine: {machine}.",
        "",
        "| what | waited | computed | budget | holds | beside |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        verdict = {True: "yes", False: "**no**", None: ""}[row.holds]
        lines.append(
            f"| {row.what} | {row.wall} | {row.cpu} | {row.budget} | {verdict} | {row.beside} |"
        )
    lines += ["", *(f"- {note}" for note in notes), ""]
    return "\n".join(lines)


def _points(values: Sequence[float], points: Sequence[float]) -> str:
    return ", ".join(f"{_name(p)} {at_percent(values, p):.1f}" for p in points)


def _name(percent: float) -> str:
    return "most" if percent >= 100 else f"p{percent:g}"
