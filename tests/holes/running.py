# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Runs an image in `sim` on a few events and says what was reported."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from rex_lsp.deploy.client import Runtime
from rex_lsp.deploy.events import Event
from rex_lsp.deploy.runner import Runner
from rex_lsp.deploy.sources import events_file
from tests.samples.packets import udp

_WORTH_NOTHING = frozenset({"load", "unload", "attach", "detach", "exit", "run", "verdict"})
EVENTS = {
    # A process that is there: references are taken to it.
    "dup": {"tracepoint": "syscalls/sys_enter_dup", "args": [1], "pid": os.getpid(), "comm": "sh"},
    "probe": {"kprobe": "__x64_sys_dup", "args": [1]},
    "udp": {"packet": udp(12345, bytes(18)).hex(), "ifindex": 1},
    "short": {"packet": "00" * 20, "ifindex": 1},
}


async def run(image: Path, drive: tuple[str, ...], scratch: Path) -> list[str]:
    """Loads, attaches and drives; gives each report as `event: message`.

    A trace begins with the function it comes from, as `[crate::module::function] text`.
    """
    file = scratch / f"{image.stem}.jsonl"
    file.write_text("".join(json.dumps(EVENTS[name]) + "\n" for name in drive), encoding="utf-8")
    seen: list[Event] = []
    runtime = await Runtime.connect()
    runner = Runner(runtime, seen.append)
    try:
        loaded = await runner.load(image, directory=scratch)
        await runner.attach(loaded)
        number, _ = await runner.start(loaded, events_file(file))
        await runner.finished(loaded, number)
    finally:
        await runner.close()
    return [_shown(event) for event in seen if event.kind not in _WORTH_NOTHING]


def _shown(event: Event) -> str:
    return f"{event.kind}: {event.raw.get('resource') or event.message}"


def without_function(report: str) -> str:
    """A report whose trace does not say where it comes from."""
    return re.sub(r"^trace: \[[^]]*\] ", "trace: ", report)
