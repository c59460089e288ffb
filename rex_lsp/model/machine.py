# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The machine code of an image as the analyser tells of it (docs/schemas/analysis.json)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

Facts = Mapping[str, Any]


class Point(NamedTuple):
    """A place in a file of the package; line and column count from 1, 0 is unknown."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who calls whom, from which lines, innermost first."""

    caller: str
    kind: str
    targets: tuple[str, ...]
    frames: tuple[Facts, ...]

    @property
    def point(self) -> Point | None:
        """The innermost line of the package's own."""
        return own_point(self.frames)


class Machine:
    """What one image's code does; names are those of `functions`."""

    def __init__(self, facts: Facts) -> None:
        self.programs: Sequence[Facts] = facts["programs"]
        self.cycles: Sequence[Sequence[str]] = facts["cycles"]
        self.panics: Sequence[Facts] = facts["panics"]
        self.traps: Sequence[Facts] = facts["traps"]
        self._functions: Sequence[Facts] = facts["functions"]
        self._raising = {
            one["name"]
            for one in self._functions
            if one["name"].startswith("core::") and not one["returns"]
        }

    @cached_property
    def calls(self) -> Mapping[str, tuple[Call, ...]]:
        """The calls that each function makes of others of the image, pointers included.

        How core raises a panic, which never comes back, is left out.
        """
        found: dict[str, tuple[Call, ...]] = {}
        for function in self._functions:
            name = function["name"]
            own = tuple(self._calls(function)) if name not in self._raising else ()
            found[name] = found.get(name, ()) + own
        return found

    def _calls(self, function: Facts) -> Iterator[Call]:
        for call in function["calls"]:
            targets = tuple(name for name in call["targets"] if name not in self._raising)
            if targets and call["kind"] != "import":
                yield Call(function["name"], call["kind"], targets, tuple(call["frames"]))

    @cached_property
    def callers(self) -> Mapping[str, tuple[Call, ...]]:
        """The calls by which each function is reached."""
        found: dict[str, list[Call]] = {}
        for calls in self.calls.values():
            for call in calls:
                for target in call.targets:
                    found.setdefault(target, []).append(call)
        return {name: tuple(calls) for name, calls in found.items()}

    def ways_to(self, function: str) -> Iterator[Call]:
        """The calls that lead to a function, the nearest first, each caller once."""
        seen, waiting = {function}, [function]
        for name in waiting:
            for call in self.callers.get(name, ()):
                if call.caller not in seen:
                    seen.add(call.caller)
                    waiting.append(call.caller)
                    yield call

    def reaches(self, entry: str) -> frozenset[str]:
        """The functions that a program may come to, itself included."""
        seen, waiting = {entry}, [entry]
        for name in waiting:
            for call in self.calls.get(name, ()):
                for target in call.targets:
                    if target not in seen:
                        seen.add(target)
                        waiting.append(target)
        return frozenset(seen)

    @cached_property
    def reached(self) -> Mapping[str, frozenset[str]]:
        """What each program may come to, by the program's name."""
        return {
            one["name"]: self.reaches(one["stack"]["path"][0]["function"]) for one in self.programs
        }

    def points_of(
        self, frames: Sequence[Facts], function: str, reached: Collection[str]
    ) -> Iterator[Point]:
        """The package's own lines for a place in a function.

        Where the place itself has none (code of others), the nearest calls that lead there
        from `reached` have.
        """
        own = own_point(frames)
        if own is not None:
            yield own
            return
        seen, waiting = {function}, [function]
        for name in waiting:
            for call in self.callers.get(name, ()):
                if call.caller not in reached:
                    continue
                if call.point is not None:
                    yield call.point
                elif call.caller not in seen:
                    seen.add(call.caller)
                    waiting.append(call.caller)


def own_point(frames: Sequence[Facts]) -> Point | None:
    """The innermost place in the package's own source; paths there are relative."""
    return next((point(frame) for frame in frames if is_own(frame)), None)


def point(frame: Facts) -> Point:
    """A frame's place."""
    return Point(frame["file"], frame["line"], frame["column"])


def is_own(frame: Facts) -> bool:
    """Whether a frame is a line of the package's own source."""
    return bool(frame["line"]) and bool(frame["file"]) and not frame["file"].startswith("/")


def foreign(frames: Sequence[Facts], function: str) -> str:
    """What the person's line calls that is not their own; "" where they wrote it themselves.

    `function` is the one the place lies in.
    """
    inner = ""
    for frame in frames:
        if is_own(frame):
            return inner
        inner = frame["function"]
    return function


def short(name: str) -> str:
    """The last two parts of a name: `xdp::ip_header` for `<rex::xdp::xdp>::ip_header`."""
    parts = _parts(name)
    shown = [_parts(_type(part))[-1] if part.startswith("<") else part for part in parts[-2:]]
    return "::".join(shown)


def _type(part: str) -> str:
    """`rex::xdp::xdp` in `<rex::xdp::xdp as Trait>`."""
    inner, depth = part[1:-1], 0
    for at, char in enumerate(inner):
        depth += (char == "<") - (char == ">" and inner[at - 1] != "-")
        if depth == 0 and inner.startswith(" as ", at):
            return inner[:at]
    return inner


def _parts(name: str) -> list[str]:
    """The parts of a path; type arguments are left out, a part in `<…>` is one."""
    parts = [""]
    depth = 0
    for at, char in enumerate(name):
        opens, closes = char in "<([", char in ">)]" and name[at - 1 : at + 1] != "->"
        depth += opens
        if depth == 0 and name[at : at + 2] == "::":
            parts.append("")
        elif not (depth == 0 and char == ":"):
            parts[-1] += char
        depth -= closes
    kept = [part for at, part in enumerate(parts) if part and not (at and part.startswith("<"))]
    plain = [part if part.startswith("<") else part.partition("<")[0] for part in kept]
    return [part for part in plain if part] or [name]
