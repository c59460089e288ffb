# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`indirect_call`: calls of which only a run knows where they go; the image finds them."""

from __future__ import annotations

from collections.abc import Iterator

from rex_lsp.model.machine import Call, Machine, Point, foreign, point, short
from rex_lsp.rules.finding import Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.rules.sighting import Seen

_WHY = "how deep it goes is checked while it runs"
_MOST = 8
"""Callers that are shown."""


def check_image(machine: Machine) -> Iterator[Seen]:
    """Calls through a pointer that a program makes without a panic, one for each line."""
    found: dict[Point, tuple[str, str, dict[str, None]]] = {}
    for program in machine.programs:
        for blame in program["stack"]["blame"]:
            if blame["doubt"] == "indirect_call" and blame["line"] is not None:
                inside = foreign(blame["frames"], blame["function"])
                place = point(blame["line"])
                one = found.setdefault(place, (blame["function"], inside, {}))
                one[2][program["name"]] = None
    for place, (function, inside, programs) in found.items():
        related = callers(machine, function, place)
        # What other code does is no more than worth knowing.
        level = Severity.HINT if inside else None
        yield Seen(
            _message(inside, ", ".join(f"`{name}`" for name in programs)),
            place,
            related=related,
            severity=level,
        )


def _message(inside: str, programs: str) -> str:
    if inside:
        return (
            f"this leads to `{short(inside)}`, which calls through a pointer: {_WHY} ({programs})"
        )
    return f"a call through a pointer (`dyn` or a function pointer): {_WHY} ({programs})"


def callers(machine: Machine, function: str, place: Point) -> tuple[tuple[Point, str], ...]:
    """The lines that lead to a function, the nearest first, other than the place itself."""
    found: dict[Point, str] = {}
    for call in machine.ways_to(function):
        if call.point is not None and call.point != place:
            found.setdefault(call.point, _called(call))
    return tuple(found.items())[:_MOST]


def _called(call: Call) -> str:
    return f"called from `{short(call.caller)}`"


RULE = Rule(
    name="indirect_call",
    title="a call through `dyn` or a function pointer: its depth is checked while it runs",
    severity=Severity.INFORMATION,
    tiers=(Tier.BINARY,),
    suppressible=True,
    check_image=check_image,
)
