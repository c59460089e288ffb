# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A measured server process: when each message came, processor time, memory, loop turns."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.protocol.raw import Json, Raw

from .typist import TRACE, Change

_WATCHED = Path(__file__).with_name("watched.py")
_PAUSE_SECONDS = 0.005
_REST_SECONDS = 0.25
_REST_EVERY = 60


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement in milliseconds: what the client waited, what the server computed."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One long turn of the server's event loop, in milliseconds."""

    wall: float
    cpu: float
    what: str


class Session(Raw):
    """A server that is measured; `turns` needs one that was started by `watched`."""

    log: Path | None = None

    @classmethod
    async def watched(cls, log: Path, env: dict[str, str] | None = None) -> Session:
        """Our server, with a clock around each turn that writes to `log`."""
        command = [sys.executable, str(_WATCHED), str(log), "server"]
        session = await cls.start(env=env, command=command)
        session.log = log
        return session

    async def _take(self, message: Json) -> None:
        message["at"] = time.perf_counter()
        await super()._take(message)

    # What it costs.

    def cpu(self) -> float:
        """Processor time so far, in milliseconds, all threads of the server process."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6

    def turns(self) -> list[Turn]:
        """The long turns since the last call."""
        assert self.log is not None
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        if lines:
            self.log.write_text("")
        return [Turn(float(a), float(b), c) for a, b, c in (line.split(" ", 2) for line in lines)]

    async def rest(self) -> None:
        """Wait until the server computes nothing any more."""
        before = -1.0
        while self.cpu() - before > 2.0:
            before = self.cpu()
            await asyncio.sleep(_REST_SECONDS)

    # What is done.

    async def edit(self, uri: str, version: int, changes: Sequence[Json]) -> Sample:
        """Send one didChange and wait for the diagnostics of its version."""
        self.said.clear()
        used, began = self.cpu(), time.perf_counter()
        self.change(uri, version, *changes)
        await self.published(uri, version=version)
        found = next(m for m in reversed(self.said) if _is_publication(m, version))
        return Sample((found["at"] - began) * 1000, self.cpu() - used)

    async def type(self, uri: str, version: int, line: int, keys: Sequence[Change]) -> list[Sample]:
        """Type recorded changes from the given line on, with pauses in which it can rest."""
        samples = []
        for number, change in enumerate(keys, 1):
            samples.append(await self.edit(uri, version + number, [partial(change, line)]))
            await asyncio.sleep(_PAUSE_SECONDS if number % _REST_EVERY else _REST_SECONDS)
        return samples

    async def ask(self, method: str, params: Any) -> Sample:
        """Send a request and wait for its result."""
        self.said.clear()
        used, began = self.cpu(), time.perf_counter()
        number = self.post(method, params)
        answer = await self.answer(number)
        assert "error" not in answer, answer
        return Sample((answer["at"] - began) * 1000, self.cpu() - used)


def trace() -> list[Change]:
    """The recorded changes."""
    return [(a, b, c, d, e) for a, b, c, d, e in json.loads(TRACE.read_text("utf-8"))]


def partial(change: Change, line: int) -> Json:
    """A recorded change as one of didChange, `line` lines further down."""
    first, character, last, end, text = change
    return {
        "range": {
            "start": {"line": line + first, "character": character},
            "end": {"line": line + last, "character": end},
        },
        "text": text,
    }


def middle(text: str) -> int:
    """An empty line between two items, about in the middle of the text."""
    lines = text.split("\n")
    at = len(lines) // 2
    while lines[at] or not lines[at - 1].startswith("}"):
        at += 1
    return at


def memory_mb(pid: int) -> float:
    """The proportional set size of a process, in MB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) / 1000


def at_percent(values: Sequence[float], percent: float) -> float:
    """A percentile: the smallest value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _is_publication(message: Json, version: int) -> bool:
    params = message.get("params") or {}
    return (
        message.get("method") == "textDocument/publishDiagnostics"
        and params.get("version") == version
    )
