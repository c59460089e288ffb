# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Rows of the report: what was measured, its budget, and whether it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .session import Sample, Turn, at_percent


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
    beside: str = "",
    *,
    unit: str = "ms",
) -> Row:
    """A row of percentiles with their limits in milliseconds.

    The verdict is of the processor time where the machine was loaded: a budget that the
    server's own work exceeds is missed anywhere, and one that it keeps was kept here too.
    """
    walls = [one.wall for one in samples]
    cpus = [one.cpu for one in samples]
    points = sorted(limits or {50.0: 0.0, 99.0: 0.0})
    budget = ", ".join(f"{_name(p)} under {limits[p]:g} {unit}" for p in points if limits)
    good = all(at_percent(cpus, p) < limits[p] for p in points) if limits else None
    return Row(what, _points(walls, points), _points(cpus, points), budget, good, beside)


def longest(what: str, turns: Sequence[Turn], limit: float) -> Row:
    """A row of the longest turn of the event loop."""
    if not turns:
        return Row(what, "under 5", "under 5", f"under {limit:g} ms", True)
    worst = max(turns, key=lambda one: one.cpu)
    wall = max(one.wall for one in turns)
    return Row(what, f"{wall:.0f}", f"{worst.cpu:.0f}", f"under {limit:g} ms", worst.cpu < limit)


def rendered(rows: Sequence[Row], machine: str, notes: Sequence[str]) -> str:
    """The report as Markdown."""
    lines = [
        "# Measured budgets",
        "",
        "Written by `make bench` (`python -m tests.bench`) through real processes over standard",
        "input and output, on generated extensions (`source.py`) with the recorded edit trace",
        "(`trace.json`). Times in milliseconds unless said otherwise. *Waited* is what a client",
        "waited, *computed* the processor time of the server's process meanwhile; the verdict is",
        "that of *computed* where there is one, since other work on the machine makes *waited*",
        "longer and says nothing about the server.",
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
