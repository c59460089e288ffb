# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What an editor keeps of an image's analysis: functions, calls and panics at their own lines.

A long analysis has megabytes; of it only what can be shown in the package's own files stays,
and the sizes of everything else on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

WORD = 8
"""Bytes of a return address."""


@dataclass(frozen=True, slots=True)
class Line:
    """A place in the package's own source: `file` is relative, line and column count from 1.

    `function` is the function that the place is written in, which may be inlined.
    """

    function: str
    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Call:
    """A call by the index of the function it goes to; `lines` are its own lines, inner first.

    `indirect` says that it goes through a pointer, and the target is one of several.
    """

    target: int
    height: int
    tail: bool
    lines: tuple[Line, ...]
    indirect: bool = False

    @property
    def cost(self) -> int:
        """Bytes in use when the target is entered, its return address included."""
        return self.height + (0 if self.tail else WORD)


@dataclass(frozen=True, slots=True)
class Function:
    """A function that has machine code; sizes in bytes.

    `depth` is the deepest path from it, its own frame included and its return address not.
    """

    name: str
    line: Line | None
    frame: int
    depth: int
    checked: bool
    raises: bool
    calls: tuple[Call, ...]

    @property
    def below(self) -> int:
        """Bytes of the deepest path below its own frame."""
        return max(0, self.depth - self.frame)


@dataclass(frozen=True, slots=True)
class Panic:
    """A place where a panic can start, and the programs that reach it."""

    cause: str
    callee: str
    line: Line | None
    programs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A program with its stack as the analysis gives it (`docs/schemas/analysis.json`, usage)."""

    name: str
    kind: str
    stack: Mapping[str, Any]
    panic_stack: Mapping[str, Any] | None
    entry: int
    reached: frozenset[int]


@dataclass(slots=True)
class View:
    """One image."""

    budget: int = 0
    frame_limit: int = 0
    programs: dict[str, Program] = field(default_factory=dict)
    functions: list[Function] = field(default_factory=list)
    panics: list[Panic] = field(default_factory=list)
    _by_name: dict[str, list[int]] = field(default_factory=dict)

    def has(self, index: int) -> bool:
        """Whether a number is a function's index."""
        return 0 <= index < len(self.functions)

    def named(self, name: str) -> list[int]:
        """The functions whose path ends with a name, by index."""
        if not self._by_name:
            for index, function in enumerate(self.functions):
                self._by_name.setdefault(last_name(function.name), []).append(index)
        return self._by_name.get(name, [])

    def panics_of(self, program: str) -> list[Panic]:
        """The places of one program, each line and cause once."""
        found = (one for one in self.panics if program in one.programs)
        return list({(p.cause, p.line or p.callee): p for p in found}.values())

    def largest_frame(self, program: str) -> int:
        """The largest frame among the functions that a program reaches."""
        reached = self.programs[program].reached
        return max((self.functions[index].frame for index in reached), default=0)

    def deepest(self, function: int) -> list[tuple[int, Call | None]]:
        """The functions of the deepest path from one, each with the call that enters it."""
        path: list[tuple[int, Call | None]] = [(function, None)]
        seen = {function}
        while True:
            own = self.functions[path[-1][0]]
            call = max(self.counted(own), key=self.at, default=None)
            if call is None or call.target in seen or self.at(call) < own.depth:
                return path
            seen.add(call.target)
            path.append((call.target, call))

    def counted(self, function: Function) -> Iterator[Call]:
        """The calls that a function's depth counts: those of panics are counted apart."""
        return (call for call in function.calls if not self.functions[call.target].raises)

    def at(self, call: Call) -> int:
        """How deep the stack of the caller gets by a call."""
        return call.cost + self.functions[call.target].depth

    def callers(self, function: int) -> Iterator[tuple[int, Call]]:
        """Who calls a function, and where."""
        for index, one in enumerate(self.functions):
            for call in one.calls:
                if call.target == function:
                    yield index, call

    def reaching(self, function: int) -> list[str]:
        """The programs that reach a function."""
        return [name for name, one in self.programs.items() if function in one.reached]


def view_of(pieces: Iterable[tuple[str, Any]]) -> Iterator[View]:
    """Builds a view of an analysis' pieces; gives it after each, complete at the end."""
    view, raw = View(), _Raw()
    for key, value in pieces:
        raw.take(key, value)
        yield view
    yield from raw.finish(view)


@dataclass(slots=True)
class _Raw:
    """What has to wait until all functions are known by name."""

    limits: Mapping[str, int] = field(default_factory=dict)
    programs: list[Mapping[str, Any]] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    functions: list[tuple[Function, list[_Calls]]] = field(default_factory=list)
    panics: list[Mapping[str, Any]] = field(default_factory=list)

    def take(self, key: str, value: Any) -> None:
        if key == "limits":
            self.limits = value
        elif key == "programs":
            self.programs.append(value)
        elif key == "panics":
            self.panics.append(
                {"cause": value["cause"], "callee": value["callee"], "line": own(value["line"])}
            )
        elif key == "functions":
            self.names.setdefault(value["name"], len(self.functions))
            function = Function(
                value["name"],
                own(value["source"]),
                value["frame"],
                value["depth"],
                value["checked"],
                value["raises"],
                (),
            )
            calls = [_Calls(call) for call in value["calls"] if call["kind"] != "import"]
            self.functions.append((function, calls))

    def finish(self, view: View) -> Iterator[View]:
        view.budget, view.frame_limit = self.limits.get("budget", 0), self.limits.get("frame", 0)
        for function, calls in self.functions:
            made = tuple(one for call in calls for one in call.by_index(self.names))
            view.functions.append(
                Function(
                    function.name,
                    function.line,
                    function.frame,
                    function.depth,
                    function.checked,
                    function.raises,
                    made,
                )
            )
            yield view
        for program in self.programs:
            entry = self.names[program["stack"]["path"][0]["function"]]
            view.programs[program["name"]] = Program(
                program["name"],
                program["type"],
                program["stack"],
                program["panic_stack"],
                entry,
                frozenset(_reached(view, entry)),
            )
            yield view
        for index, panic in enumerate(self.panics):
            reaching = tuple(p["name"] for p in self.programs if index in p["panics"])
            view.panics.append(Panic(panic["cause"], panic["callee"], panic["line"], reaching))
        yield view


class _Calls:
    """A call whose targets are still names."""

    __slots__ = ("height", "indirect", "lines", "tail", "targets")

    def __init__(self, raw: Mapping[str, Any]) -> None:
        lines = (own(frame) for frame in raw["frames"])
        self.targets: list[str] = raw["targets"]
        self.height: int = raw["height"]
        self.tail: bool = raw["tail"]
        self.lines = tuple(line for line in lines if line is not None)
        self.indirect = raw["kind"] == "indirect"

    def by_index(self, names: Mapping[str, int]) -> Iterator[Call]:
        for target in self.targets:
            if target in names:
                yield Call(names[target], self.height, self.tail, self.lines, self.indirect)


def own(frame: Mapping[str, Any] | None) -> Line | None:
    """A source position of the analysis, where it lies in the package."""
    if frame is None or frame["line"] < 1 or not frame["file"] or frame["file"].startswith("/"):
        return None
    return Line(frame["function"], frame["file"], frame["line"], frame["column"])


def _reached(view: View, entry: int) -> set[int]:
    """The functions that an entry reaches, those of panics left out."""
    seen, waiting = {entry}, [entry]
    while waiting:
        for call in view.counted(view.functions[waiting.pop()]):
            if call.target not in seen:
                seen.add(call.target)
                waiting.append(call.target)
    return seen


def last_name(function: str) -> str:
    """The last name of a compiled function's path: `parse` of `probe::net::parse::<u8>`."""
    end, depth = len(function), 0
    if function.endswith(">"):
        for end in range(len(function) - 1, -1, -1):
            depth += {">": 1, "<": -1}.get(function[end], 0)
            if depth == 0:
                break
        end -= 2 if function[end - 2 : end] == "::" else 0
    return function[:end].rsplit("::", 1)[-1] or function
