# SPDX-License-Identifier: Apache-2.0 OR MIT
"""From the start of the process to the first answers."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from tests.protocol.projects import LEAK, extension

from .rows import Row, judged
from .session import Sample, Session, at_percent


async def measure(directory: Path, rows: list[Row], times: int, *, quiet: bool) -> None:
    """Start so many servers, and as often a Python that imports pygls."""
    main = extension(directory, LEAK)
    first: list[Sample] = []
    ready: list[Sample] = []
    imports: list[Sample] = []
    for _ in range(times):
        used, began = _children(), time.perf_counter()
        subprocess.run([sys.executable, "-c", "import pygls.lsp.server"], check=True)
        imports.append(Sample((time.perf_counter() - began) * 1000, _children() - used))
        began = time.perf_counter()
        server = await Session.start()
        try:
            await server.initialize(directory)
            answer = next(m for m in server.said if "result" in m)
            ready.append(Sample((answer["at"] - began) * 1000, server.cpu()))
            uri = server.open(main)
            await server.published(uri, version=1)
            first.append(Sample((server.said[-1]["at"] - began) * 1000, server.cpu()))
        finally:
            await server.kill()
    bare = at_percent([one.cpu for one in imports], 50)
    waited = at_percent([one.wall for one in imports], 50)
    if quiet:
        over = at_percent([one.wall for one in ready], 50) - waited
    else:
        over = at_percent([one.cpu for one in ready], 50) - bare
    answered = judged("start to the answer to initialize", ready, {}, quiet=quiet)
    rows += [
        replace(
            answered,
            budget="at most 150 ms over importing pygls",
            holds=over <= 150,
            beside=f"importing pygls in the same run: waited {waited:.0f}, computed {bare:.0f}",
        ),
        judged("start to the first diagnostics", first, {50.0: 1000.0}, quiet=quiet),
    ]


def _children() -> float:
    """Processor time of ended children so far, in milliseconds."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1000
