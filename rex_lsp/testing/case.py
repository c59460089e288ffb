# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The tests of a package, as its `tests/*.toml` say them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rex_lsp.build import toml_text
from rex_lsp.testing.form import Place, problems
from rex_lsp.testing.patterns import BadPattern, Pattern, unknown_names

TIMEOUT = 60.0


class BadTests(Exception):
    """Test files that cannot be used; ``problems`` are lines `FILE:LINE: what is wrong`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is printed, `count` times."""

    pattern: Pattern
    count: int = 1
    program: str | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something happens: a file and line, a part of the line's text, or anywhere."""

    file: str = ""
    line: int = 0
    code: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """A program that ends before its time, or returns while it holds something."""

    kind: str
    place: Spot
    program: str | None = None
    message: Pattern | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """What a command prints: all of it, or parts."""

    whole: Pattern | None = None
    contains: tuple[str, ...] = ()
    regex: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One test. ``verdicts`` is by program, the empty name meaning all of them together."""

    name: str
    file: Path
    line: int
    ignore: str | None = None
    targets: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    timeout: float = TIMEOUT
    programs: tuple[str, ...] | None = None
    attach: Mapping[str, str] = field(default_factory=dict)
    source: str | Mapping[str, Any] | None = None
    refused: str | None = None
    trace: tuple[Line, ...] | None = None
    trace_order: str = "exact"
    verdicts: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)
    verdict_counts: Mapping[str, int] | None = None
    output: str | None = None
    packets: tuple[Mapping[str, Any], ...] = ()
    maps: tuple[Mapping[str, Any], ...] = ()
    stops: tuple[Stop, ...] = ()
    leaks: tuple[Stop, ...] = ()
    status: int | None = 0
    signal: int | None = None
    stdout: Output | None = None
    stderr: Output | None = None

    @property
    def wants_packets(self) -> bool:
        """Whether the packets have to be written down."""
        return self.output is not None or bool(self.packets)


def read_package(directory: Path) -> list[Case]:
    """The tests of a package in the order of files and lines; none without `tests/*.toml`.

    Raises:
        BadTests: a file cannot be used; every problem of every file is told.
    """
    cases: list[Case] = []
    wrong: list[str] = []
    for path in sorted((directory / "tests").glob("*.toml")):
        try:
            cases += read_file(path, directory)
        except BadTests as bad:
            wrong += bad.problems
    if wrong:
        raise BadTests(wrong)
    return cases


def read_file(path: Path, directory: Path) -> list[Case]:
    """The tests of one file; paths in messages are relative to the package.

    Raises:
        BadTests: see there.
    """
    shown = path.relative_to(directory)
    try:
        data = path.read_bytes()
        table = toml_text.parse(data)
    except OSError as error:
        raise BadTests([f"{shown}: cannot be read: {error.strerror}"]) from None
    except toml_text.TomlError as error:
        line = data.count(b"\n", 0, error.offset) + 1
        raise BadTests([f"{shown}:{line}: {error.message}"]) from None
    places = _Places(data)
    wrong = [f"{shown}:{places.line(at)}: {_path(at)}{said}" for at, said in problems(table)]
    cases: list[Case] = []
    if not wrong:
        for index, test in enumerate(table["test"]):
            for at, said in _deeper_problems(test):
                wrong.append(f"{shown}:{places.line(('test', index, *at))}: {_path(at)}{said}")
        names = [test["name"] for test in table["test"]]
        for index, name in enumerate(names):
            if name in names[:index]:
                wrong.append(f"{shown}:{places.line(('test', index))}: a second test `{name}`")
    if wrong:
        raise BadTests(wrong)
    for index, test in enumerate(table["test"]):
        cases.append(_case(test, path, places.line(("test", index))))
    return cases


class _Places:
    """Lines of the keys of a file, as far as headers and keys at line starts tell."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def line(self, at: Place) -> int:
        """The line, from 1, of the nearest thing around `at` that has one."""
        start, end = 0, len(self._data)
        table = ""
        found = 0
        for step, key in enumerate(at):
            if isinstance(key, int):
                heads = self._headers(table, start, end)
                if key < len(heads):
                    found = heads[key]
                    start = heads[key]
                    end = heads[key + 1] if key + 1 < len(heads) else end
                continue
            spot = toml_text.key_span(self._data[start:end], table, key) if table else (0, 0)
            if spot != (0, 0) and not isinstance((at[step + 1 :] or ("",))[0], int):
                found = start + spot[0]
            table = f"{table}.{key}" if table else key
        return self._data.count(b"\n", 0, found) + 1

    def _headers(self, table: str, start: int, end: int) -> list[int]:
        heads: list[int] = []
        at = start
        for line in self._data[start:end].splitlines(keepends=True):
            words = line.split(b"#")[0].replace(b" ", b"").strip()
            if words == b"[[" + table.encode() + b"]]":
                heads.append(at)
            at += len(line)
        return heads


def _path(at: Place) -> str:
    words = [f"`{key}`" if isinstance(key, str) else str(key + 1) for key in at]
    return f"{' '.join(words)}: " if words else ""


def _deeper_problems(test: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """What a schema does not say."""
    lines: list[Pattern] = []
    for index, line in enumerate(test.get("trace", ())):
        at: Place = ("trace", index)
        if isinstance(line, dict) and ("text" in line) == ("regex" in line):
            yield at, "expected one of `text` and `regex`"
            continue
        try:
            lines.append(_line(line).pattern)
        except BadPattern as bad:
            yield at, str(bad)
    for name, near in unknown_names(lines):
        hint = f"; did you mean {{{near[0]}}}?" if near else ""
        yield ("trace",), f"{{{name}}} is used, but no {{{name}:number}} stands in the trace{hint}"
    for key in ("stops", "leaks"):
        for index, stop in enumerate(test.get(key, ())):
            try:
                _stop(stop, "leak")
            except BadPattern as bad:
                yield (key, index), str(bad)
    for key in ("stdout", "stderr"):
        try:
            said = _output(test.get(key))
            if said is not None and said.regex is not None:
                Pattern(said.regex, is_regex=True)
        except BadPattern as bad:
            yield (key,), str(bad)
    for number, table in enumerate(test.get("map", ())):
        for key in ("initial", "entries"):
            for index, entry in enumerate(table.get(key, ())):
                at = ("map", number, key, index)
                if "key" in entry and "key_hex" in entry:
                    yield at, "expected one of `key` and `key_hex`"
                if sum(word in entry for word in ("value", "value_hex", "per_cpu")) != 1:
                    yield at, "expected one of `value`, `value_hex` and `per_cpu`"
    source = test.get("source")
    if isinstance(source, dict):
        kinds = [k for k in source if k not in ("cwd", "env")]
        if len(kinds) != 1:
            yield ("source",), f"expected one kind of source, found {', '.join(kinds) or 'none'}"


def _case(test: Mapping[str, Any], path: Path, line: int) -> Case:
    given = test.get("exit", 0)
    verdicts = test.get("verdicts", {})
    trace = test.get("trace")
    programs = test.get("programs")
    return Case(
        name=f"{path.stem}::{test['name']}",
        file=path,
        line=line,
        ignore=test.get("ignore"),
        targets=tuple(test.get("target", ())),
        features=tuple(sorted(set(test.get("features", ())))),
        timeout=float(test.get("timeout", TIMEOUT)),
        programs=None if programs is None else tuple(programs),
        attach=test.get("attach", {}),
        source=test.get("source"),
        refused=test.get("refused"),
        trace=None if trace is None else tuple(_line(one) for one in trace),
        trace_order=test.get("trace_order", "exact"),
        verdicts=(
            {name: tuple(one) for name, one in verdicts.items()}
            if isinstance(verdicts, dict)
            else {"": tuple(verdicts)}
        ),
        verdict_counts=test.get("verdict_counts"),
        output=test.get("output"),
        packets=tuple(test.get("packet", ())),
        maps=tuple(test.get("map", ())),
        stops=tuple(_stop(one, one["kind"]) for one in test.get("stops", ())),
        leaks=tuple(_stop(one, "leak") for one in test.get("leaks", ())),
        status=given if isinstance(given, int) else None,
        signal=given["signal"] if isinstance(given, dict) else None,
        stdout=_output(test.get("stdout")),
        stderr=_output(test.get("stderr")),
    )


def _line(given: str | Mapping[str, Any]) -> Line:
    if isinstance(given, str):
        return Line(Pattern(given))
    regex = given.get("regex")
    pattern = Pattern(given["text"]) if regex is None else Pattern(regex, is_regex=True)
    return Line(pattern, given.get("count", 1), given.get("program"))


def _stop(given: Mapping[str, Any], kind: str) -> Stop:
    file, _, line = str(given.get("at", ":0")).rpartition(":")
    said = given.get("message", given.get("resource"))
    return Stop(
        kind,
        Spot(file, int(line), given.get("code", "")),
        given.get("program"),
        None if said is None else Pattern(said),
    )


def _output(given: str | Mapping[str, Any] | None) -> Output | None:
    if given is None:
        return None
    if isinstance(given, str):
        return Output(whole=Pattern(given))
    return Output(contains=tuple(given.get("contains", ())), regex=given.get("regex"))
