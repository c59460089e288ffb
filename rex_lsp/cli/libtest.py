# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Prints test results as Rust's libtest does: pretty, terse and JSON.

The JSON lines are those of libtest's `--format json`, which tools for `cargo test` read;
their schema is `docs/schemas/test-event.json`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from rex_lsp.cli.report_human import Paint


class Verdict(Enum):
    """How a test ended, in libtest's words."""

    OK = "ok"
    FAILED = "failed"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Result:
    """One test that was run or ignored, for the reason `why`."""

    name: str
    verdict: Verdict
    problems: tuple[str, ...] = ()
    captured: str = ""
    seconds: float = 0.0
    why: str = ""


class Report(Protocol):
    """Where results go as they come."""

    def list(self, names: Sequence[str]) -> None:
        """The names of tests, in place of running them."""

    def start(self, package: str, directory: Path, count: int) -> None:
        """The tests of a package are about to run."""

    def begin(self, name: str) -> None:
        """A test begins."""

    def output(self, text: str) -> None:
        """Something happened in a test."""

    def result(self, result: Result) -> None:
        """A test ended."""

    def end(self, results: Sequence[Result], filtered: int, seconds: float) -> None:
        """All tests of the package ended."""


def report_for(form: str, nocapture: bool) -> Report:
    """The report of a `--format`."""
    return Lines() if form == "json" else Words(terse=form == "terse", nocapture=nocapture)


class Words:
    """For people; `terse` is a character a test."""

    def __init__(self, *, terse: bool, nocapture: bool) -> None:
        self._terse = terse
        self._nocapture = nocapture
        self._paint = Paint(sys.stdout)
        self._count = 0
        self._column = 0

    def list(self, names: Sequence[str]) -> None:
        """One name a line, and how many there are."""
        for name in names:
            print(f"{name}: test")
        if not self._terse:
            print(f"\n{len(names)} test{_s(len(names))}, 0 benchmarks")

    def start(self, package: str, directory: Path, count: int) -> None:
        """The heading."""
        print(f"     Running tests/*.toml of {package} ({directory})", file=sys.stderr)
        print(f"\nrunning {count} test{_s(count)}", flush=True)
        self._count = count
        self._column = 0

    def begin(self, name: str) -> None:
        """Nothing: with several tests at a time the line is written at the end."""

    def output(self, text: str) -> None:
        """What happens, at once with `--nocapture`."""
        if self._nocapture:
            sys.stdout.write(text if text.endswith("\n") else text + "\n")
            sys.stdout.flush()

    def result(self, result: Result) -> None:
        """The line, or the character, of a test."""
        failed = result.verdict is Verdict.FAILED
        if self._terse:
            sign = {Verdict.OK: ".", Verdict.FAILED: "F", Verdict.IGNORED: "i"}[result.verdict]
            sys.stdout.write(self._coloured(result.verdict, sign))
            self._column += 1
            if self._column % 88 == 0:
                sys.stdout.write(f" {self._column}/{self._count}\n")
        else:
            word = "FAILED" if failed else result.verdict.value
            why = f", {result.why}" if result.why else ""
            print(f"test {result.name} ... {self._coloured(result.verdict, word)}{why}")
        sys.stdout.flush()

    def end(self, results: Sequence[Result], filtered: int, seconds: float) -> None:
        """What failed, why, and the line that counts."""
        if self._terse and self._column % 88:
            print()
        failed = [result for result in results if result.verdict is Verdict.FAILED]
        if failed:
            print("\nfailures:")
            for result in sorted(failed, key=lambda one: one.name):
                print(f"\n---- {result.name} ----")
                print(self._explained(result))
            print("\nfailures:")
            for result in sorted(failed, key=lambda one: one.name):
                print(f"    {result.name}")
        counts = Counter(result.verdict for result in results)
        word = self._coloured(Verdict.FAILED, "FAILED") if failed else None
        print(
            f"\ntest result: {word or self._coloured(Verdict.OK, 'ok')}. {counts[Verdict.OK]} "
            f"passed; {counts[Verdict.FAILED]} failed; {counts[Verdict.IGNORED]} ignored; "
            f"0 measured; {filtered} filtered out; finished in {seconds:.2f}s\n"
        )

    def _explained(self, result: Result) -> str:
        lines = "\n".join(result.problems).splitlines()
        colours = {"  -": "31", "  +": "32", "  @": "36"}
        shown = [self._paint(colours[one[:3]], one) if one[:3] in colours else one for one in lines]
        if result.captured and not self._nocapture:
            shown += ["", "what happened:", result.captured.rstrip("\n")]
        return "\n".join(shown)

    def _coloured(self, verdict: Verdict, text: str) -> str:
        colour = {Verdict.OK: "32", Verdict.FAILED: "31", Verdict.IGNORED: "33"}[verdict]
        return self._paint(colour, text)


class Lines:
    """A JSON object a line."""

    def list(self, names: Sequence[str]) -> None:
        """One object a test, as libtest's `--list --format json`."""
        self._say({"type": "suite", "event": "discovery"})
        for name in names:
            self._say({"type": "test", "event": "discovered", "name": name})
        self._say({"type": "suite", "event": "completed", "tests": len(names)})

    def start(self, package: str, directory: Path, count: int) -> None:
        """How many tests there are, of which package."""
        self._say({"type": "suite", "event": "started", "test_count": count, "package": package})

    def begin(self, name: str) -> None:
        """Which test begins."""
        self._say({"type": "test", "event": "started", "name": name})

    def output(self, text: str) -> None:
        """Nothing: what happened stands in the result."""

    def result(self, result: Result) -> None:
        """How a test ended."""
        said: dict[str, Any] = {"type": "test", "name": result.name, "event": result.verdict.value}
        if result.verdict is Verdict.IGNORED:
            said["message"] = result.why
        else:
            said["exec_time"] = round(result.seconds, 6)
        if result.verdict is Verdict.FAILED:
            said["message"] = "\n".join(result.problems)
            said["stdout"] = result.captured
        self._say(said)

    def end(self, results: Sequence[Result], filtered: int, seconds: float) -> None:
        """The counts."""
        counts = Counter(result.verdict for result in results)
        self._say(
            {
                "type": "suite",
                "event": "failed" if counts[Verdict.FAILED] else "ok",
                "passed": counts[Verdict.OK],
                "failed": counts[Verdict.FAILED],
                "ignored": counts[Verdict.IGNORED],
                "measured": 0,
                "filtered_out": filtered,
                "exec_time": round(seconds, 6),
            }
        )

    def _say(self, said: dict[str, Any]) -> None:
        print(json.dumps(said, ensure_ascii=False), flush=True)


def _s(count: int) -> str:
    return "" if count == 1 else "s"
