# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`may_panic`: panics that are left in the optimised image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rex_lsp.model.machine import Facts, Machine, Point, foreign, is_own, point, short
from rex_lsp.rules.finding import Severity
from rex_lsp.rules.panic_fixes import OFFERS
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.rules.sighting import CALLS, Seen

CAUSES = {
    "bounds": "index out of bounds",
    "slice_range": "range outside a slice",
    "unwrap": "unwrap or expect without a value",
    "overflow": "arithmetic overflow",
    "division_by_zero": "division by zero",
    "slice_length": "slices of different lengths",
    "borrow": "cell borrowed twice",
    "explicit": "panic, assert or unreachable",
}
"""What the analyser's names of causes mean."""

REPAIRS = {
    "bounds": "use `get` or `get_mut`",
    "slice_range": "use `get` with the range",
    "unwrap": "use `let ... else`, `?` or `match`",
    "overflow": "use `checked_`, `wrapping_` or `saturating_` arithmetic",
    "division_by_zero": "use `checked_div` or test the divisor",
    "slice_length": "compare the lengths first",
    "borrow": "use `try_borrow`",
    "explicit": "return an error",
}
"""What a person writes instead, by cause."""

_PACKETS = frozenset({"xdp", "tc"})
_INDEX = frozenset({"index_expression"})
_ARITHMETIC = frozenset({"binary_expression", "compound_assignment_expr", "unary_expression"}) | {
    "parenthesized_expression"
}
_KINDS = {
    "bounds": _INDEX,
    "slice_range": _INDEX | CALLS,
    "overflow": _ARITHMETIC,
    "division_by_zero": _ARITHMETIC,
}


@dataclass(slots=True)
class _Site:
    cause: str
    inside: str
    frames: tuple[Facts, ...]
    programs: dict[str, str] = field(default_factory=dict)
    """Names with types."""


def check_image(machine: Machine) -> Iterator[Seen]:
    """What is left, one for each line and cause."""
    found: dict[tuple[Point, str, str], _Site] = {}
    for program in machine.programs:
        reached = machine.reached[program["name"]]
        for index in program["panics"]:
            site = machine.panics[index]
            inside = _inside(site)
            for place in machine.points_of(site["frames"], site["function"], reached):
                key = (place, site["cause"], inside)
                one = found.setdefault(key, _Site(site["cause"], inside, tuple(site["frames"])))
                one.programs[program["name"]] = program["type"]
    for (place, cause, _), one in found.items():
        packets = not _PACKETS.isdisjoint(one.programs.values())
        yield Seen(
            _message(one, packets),
            place,
            CALLS if one.inside else _KINDS.get(cause, CALLS),
            tuple(_inlined(one.frames, place)),
            Severity.WARNING if packets else None,
        )


def panic_free(machine: Machine) -> tuple[str, ...]:
    """The programs without any panic."""
    return tuple(one["name"] for one in machine.programs if not one["panics"])


def _inside(site: Facts) -> str:
    """The function of others that panics, other than core's own for the cause: "" for those."""
    inside = foreign(site["frames"], site["function"])
    core = inside.startswith(("core::", "<core::", "<[", "<&", "<str", "<u", "<i"))
    own = any(is_own(frame) for frame in site["frames"])
    return "" if own and core else inside


def _message(site: _Site, packets: bool) -> str:
    programs = ", ".join(f"`{name}`" for name in site.programs)
    risk = ": one packet could switch the program off" if packets else ""
    said = f"may panic in {programs}{risk}"
    if site.inside:
        what = f"`{short(site.inside)}`, which is called here, {said} ({CAUSES[site.cause]})"
        return f"{what}; test what it needs first, or do without it"
    return f"{said} ({CAUSES[site.cause]}); {REPAIRS[site.cause]}"


def _inlined(frames: tuple[Facts, ...], place: Point) -> Iterator[tuple[Point, str]]:
    """The package's own functions that the line was inlined into."""
    outside = False
    for frame in frames:
        if outside and is_own(frame):
            yield point(frame), f"inlined into `{short(frame['function'])}`"
        outside = outside or (is_own(frame) and point(frame) == place)


RULE = Rule(
    name="may_panic",
    title="a panic that the optimiser left in the image",
    severity=Severity.HINT,
    tiers=(Tier.BINARY,),
    suppressible=True,
    offers=OFFERS,
    check_image=check_image,
)
