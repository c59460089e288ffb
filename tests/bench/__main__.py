# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`python -m tests.bench [--quick] [--report FILE]`: all rows, some ten minutes."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from rex_lsp.build.locations import native

from . import building, editing, packets, peer, starting
from .rows import QUIET_LOAD, Row, rendered

_KEYS, _QUICK_KEYS, _PEER_KEYS = 838, 200, 150
_GROWTH, _QUICK_GROWTH = 10_000, 1_000
_LONGEST_SECONDS = 300.0
_REX = [sys.executable, "-m", "rex_lsp"]


def main() -> int:
    """Measure and write the report; always 0, for numbers are no test."""
    parser = argparse.ArgumentParser(prog="tests.bench", description="measure the budgets")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report here")
    given = parser.parse_args()
    quiet = os.getloadavg()[0] < QUIET_LOAD
    rows, notes = asyncio.run(_measure(given.quick, quiet))
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    notes.append(f"load averages at the end: {load}")
    if given.quick:
        notes.append("a quick run (`--quick`): fewer repetitions than `make bench` has")
    text = rendered(rows, _machine(), notes, quiet=quiet)
    if given.report is not None:
        given.report.write_text(text, encoding="utf-8")
    print(text)
    return 0


async def _measure(quick: bool, quiet: bool) -> tuple[list[Row], list[str]]:
    keys = _QUICK_KEYS if quick else _KEYS
    growth = _QUICK_GROWTH if quick else _GROWTH
    times = 3 if quick else 7
    rows: list[Row] = []
    notes: list[str] = []

    async def part(name: str, work: Callable[[Path], Awaitable[None]]) -> None:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        known, began = len(rows), time.monotonic()
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
            try:
                await asyncio.wait_for(work(Path(directory)), _LONGEST_SECONDS)
            except Exception as error:
                # One part that cannot be measured here must not take the others along.
                why = f"{type(error).__name__} {str(error)[-300:]}".strip()
                notes.append(
                    f"{name}: not measured to its end after {len(rows) - known} rows: {why}"
                )
        print("\n".join(map(str, rows[known:])), file=sys.stderr, flush=True)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)

    await part("start", lambda where: starting.measure(where, rows, times, quiet=quiet))
    for lines in (5_000, 50_000, 500):
        wanted = growth if lines == 5_000 else 0
        await part(
            f"{lines:,} lines",
            lambda where, lines=lines, wanted=wanted: editing.measure(
                where, rows, lines, keys, wanted, quiet=quiet
            ),
        )
    await part("compiler and runtime", lambda where: building.measure(where, rows, times))
    await part("packets", lambda where: _packets(where, rows))
    command = peer.find()
    if command is None:
        notes.append("rust-analyzer: none found, none to unpack; nothing stands beside ours")
    else:
        notes.append(f"{peer.version(command)}, without a check on save, ready when quiescent")
        for lines in (5_000,) if quick else (500, 5_000, 50_000):
            await part(
                f"rust-analyzer, {lines:,} lines",
                lambda where, lines=lines: peer.measure(command, where, rows, lines, _PEER_KEYS),
            )
    return rows, notes


async def _packets(directory: Path, rows: list[Row]) -> None:
    rows += await asyncio.to_thread(packets.measure, directory, _REX, native("rexrt"))


def _machine() -> str:
    model = next(
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    return (
        f"{os.cpu_count()} processors ({model}), Linux {platform.release()}, "
        f"Python {platform.python_version()}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
