# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The server with a clock around each turn of its event loop.

Run as `python watched.py FILE server`: turns of more than 5 ms are written to FILE, one a
line, as wall and as processor time in milliseconds and what was running.
"""

from __future__ import annotations

import asyncio.events
import os
import sys
import time

_SHOWN_MS = 5.0


def watch(path: str) -> None:
    """Measure every callback that asyncio runs from now on."""
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    run = asyncio.events.Handle._run

    def timed(self: asyncio.events.Handle) -> None:
        began, used = time.perf_counter(), time.thread_time()
        run(self)
        took = (time.perf_counter() - began) * 1000
        if took > _SHOWN_MS:
            cpu = (time.thread_time() - used) * 1000
            name = getattr(self._callback, "__qualname__", repr(self._callback)[:60])
            os.write(log, f"{took:.3f} {cpu:.3f} {name}\n".encode())

    asyncio.events.Handle._run = timed  # type: ignore[method-assign]


def main() -> int:
    """Watch, then be the command `rex`."""
    watch(sys.argv.pop(1))
    from rex_lsp.cli.main import main as rex

    return rex(sys.argv[1:])


if __name__ == "__main__":
    raise SystemExit(main())
