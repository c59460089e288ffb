# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Runs the server on standard input and output until the client is done with it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from rex_lsp.server.connection import Connection

_DRAIN_SECONDS = 2.0
_GRACE_SECONDS = 2.0


def main(*, parent: int | None = None) -> NoReturn:
    """Serve one client and end the process: 0 after shutdown and exit, else 1."""
    # Collections during the imports look at objects that all stay: 10 % of the start.
    gc.disable()
    from rex_lsp.server.connection import Connection
    from rex_lsp.server.memory import Collector

    collector = Collector()
    collector.begin()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="rex: %(message)s")
    stdin, stdout = os.dup(0), os.dup(1)
    # A stray print must not end up between two frames.
    os.dup2(2, 1)
    code = asyncio.run(_serve(Connection(stdin, stdout, parent, collector)))
    _flush()
    os._exit(code)


async def _serve(connection: Connection) -> int:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, connection.stop, 1)
    code = await connection.run()
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(connection.close(_DRAIN_SECONDS), _GRACE_SECONDS + _DRAIN_SECONDS)
    return code


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
