# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Opening, typing, pasting, replacing, a glob, memory: one open file of each length."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.protocol.projects import extension
from tests.protocol.raw import Json, at

from .requests import asked
from .rows import Row, judged, longest
from .session import Sample, Session, memory_mb, middle, partial, trace
from .source import HEAD
from .source import extension as text_of

_TYPING = {500: {50.0: 5.0, 99.0: 16.0}, 5_000: {50.0: 5.0, 99.0: 16.0}, 50_000: {99.0: 30.0}}
_PAUSE_SECONDS = 0.25
_LONG_SECONDS = 120.0
_GLOB = "use self::shared_3::*;\n"


async def measure(
    directory: Path, rows: list[Row], lines: int, keys: int, growth: int, *, quiet: bool
) -> None:
    """Add the rows of one length; `growth` edits are made to see whether memory grows."""
    text = text_of(lines)
    main = extension(directory, text)
    server = await Session.watched(directory / "turns")
    try:
        await _Measure(server, main, text, lines, rows, quiet).all(keys, growth)
    finally:
        await server.kill()


class _Measure:
    def __init__(
        self, server: Session, main: Path, text: str, lines: int, rows: list[Row], quiet: bool
    ) -> None:
        self.server = server
        self.main = main
        self.text = text
        self.lines = lines
        self.name = f"{lines:,} lines"
        self.uri = main.as_uri()
        self.version = 1
        self.rows = rows
        self.quiet = quiet

    async def all(self, keys: int, growth: int) -> None:
        """Measure one thing after the other."""
        await self.server.initialize(self.main.parents[1])
        await self.server.rest()
        self.server.turns()
        await self._open()
        await self._type(keys)
        await self._paste()
        if self.lines == 5_000:
            await self._replace_all()
        await self._glob()
        if self.lines == 5_000:
            self.rows += await asked(self.server, self.uri, self.text, quiet=self.quiet)
        self._longest("longest loop turn of the changes above")
        await self._memory(growth)

    def _judged(self, what: str, samples: list[Sample], limits: dict[float, float]) -> None:
        self.rows.append(judged(f"{what}, {self.name}", samples, limits, quiet=self.quiet))

    def _longest(self, what: str) -> None:
        turns = self.server.turns()
        self.rows.append(longest(f"{what}, {self.name}", turns, 50, quiet=self.quiet))

    async def _open(self) -> None:
        server = self.server
        server.said.clear()
        used, began = server.cpu(), time.perf_counter()
        server.open(self.main, self.text)
        await server.published(self.uri, version=1)
        first = Sample((server.said[-1]["at"] - began) * 1000, server.cpu() - used)
        await server.rest()
        last = [m for m in server.said if m.get("method") == "textDocument/publishDiagnostics"][-1]
        whole = Sample((last["at"] - began) * 1000, server.cpu() - used)
        limits = ({100.0: 300.0}, {100.0: 2000.0}) if self.lines == 50_000 else ({}, {})
        self._judged("open: the first diagnostics", [first], limits[0])
        self._judged("open: everything", [whole], limits[1])
        self._longest("longest loop turn of opening")

    async def _type(self, keys: int) -> None:
        changes = trace()[:keys]
        line = middle(self.text)
        samples = await self.server.type(self.uri, self.version, line, changes)
        self.version += len(changes)
        self._judged("edit", samples, _TYPING[self.lines])
        self.server.replace(self.uri, self.version + 1, self.text)
        self.version += 1
        await self.server.published(self.uri, version=self.version, wait=_LONG_SECONDS)
        await self.server.rest()
        self.server.turns()

    async def _paste(self) -> None:
        line = middle(self.text)
        block = "\n".join(self.text.split("\n")[14:214]) + "\n"
        samples = []
        for _ in range(10):
            samples.append(await self._edit(partial((0, 0, 0, 0, block), line)))
            await self._edit(partial((0, 0, 200, 0, ""), line))
        limits = {99.0: 50.0} if self.lines == 5_000 else {}
        self._judged("paste of 200 lines", samples, limits)

    async def _replace_all(self) -> None:
        lines = self.text.split("\n")
        places = [
            (number, line.index("let ") + 4)
            for number, line in enumerate(lines)
            if "let " in line and line.lstrip().startswith("let ")
        ]
        places += [(n, 0) for n, line in enumerate(lines) if line.startswith("    ")]
        places = places[:1000]
        samples = []
        for _ in range(3):
            samples.append(await self._edit(*({"range": at(n, c), "text": " "} for n, c in places)))
            back = ({"range": at(n, c, n, c + 1), "text": ""} for n, c in reversed(places))
            samples.append(await self._edit(*back))
        what = f"replace-all of {len(places)} places in one message"
        self._judged(what, samples, {99.0: 250.0})

    async def _glob(self) -> None:
        line = HEAD.count("\n")
        samples = []
        for _ in range(5):
            samples.append(await self._edit(partial((0, 0, 0, 0, _GLOB), line)))
            samples.append(await self._edit(partial((0, 0, 1, 0, ""), line)))
        limits = {100.0: 150.0} if self.lines == 5_000 else {}
        self._judged("a glob `use` at the root comes or goes", samples, limits)

    async def _memory(self, growth: int) -> None:
        pid = self.server.process.pid
        limit = "under 80 MB" if self.lines == 5_000 else ""
        size = memory_mb(pid)
        self.rows.append(
            Row(
                f"memory (PSS) after this, {self.name}",
                f"{size:.0f} MB",
                "",
                limit,
                size < 80 if limit else None,
            )
        )
        if not growth:
            return
        line = middle(self.text)
        await self._twice(line, growth // 4)
        before = memory_mb(pid)
        await self._twice(line, growth)
        grown = memory_mb(pid) - before
        self.rows.append(
            Row(
                f"memory growth over {growth:,} edits, {self.name}",
                f"{grown:+.1f} MB",
                "",
                "none (under 1 MB)",
                grown < 1,
            )
        )

    async def _twice(self, line: int, count: int) -> None:
        """Type and take back, waiting for every twentieth."""
        for number in range(count // 2):
            self.server.change(self.uri, self.version + 1, partial((0, 0, 0, 0, "fn x() {"), line))
            self.server.change(self.uri, self.version + 2, partial((0, 0, 0, 8, ""), line))
            self.version += 2
            if number % 10 == 9:
                await self.server.published(self.uri, version=self.version)
                self.server.said.clear()
        await self.server.rest()

    async def _edit(self, *changes: Json) -> Sample:
        self.version += 1
        sample = await self.server.edit(self.uri, self.version, changes)
        await asyncio.sleep(_PAUSE_SECONDS)
        return sample
