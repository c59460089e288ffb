# SPDX-License-Identifier: Apache-2.0 OR MIT
"""One client connection from its first byte to the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os

from rex_lsp.server.features import register
from rex_lsp.server.memory import Collector
from rex_lsp.server.server import RexServer
from rex_lsp.server.transport import FrameDecoder, Transport

log = logging.getLogger("rex.connection")

_PARENT_POLL_SECONDS = 1.0


class Connection:
    """Ties the transport to a server; ends on ``exit``, on end of input, or with the client."""

    def __init__(self, stdin: int, stdout: int, parent: int | None, collector: Collector) -> None:
        self._transport = Transport(stdin, stdout)
        self._parent = parent
        self._collector = collector
        self._server = RexServer()
        self._server.on_file_loaded = collector.loaded
        self._server.on_file_closed = collector.closed
        self._ended: asyncio.Future[int] | None = None
        self._input_over = False
        register(self._server)

    async def run(self) -> int:
        """Serve until the end; 0 when the client said shutdown and exit, else 1."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        protocol = self._server.protocol
        protocol.connect(self._transport.write)
        protocol.on_exit = lambda: self.stop(protocol.exit_code or 0)
        protocol.on_idle = self._idle
        decoder = FrameDecoder(protocol.receive, lambda noise: log.warning("%s", noise))
        await self._transport.open(decoder, self._input_ended)
        watch = asyncio.ensure_future(self._watch_parent())
        try:
            return await self._ended
        finally:
            watch.cancel()

    def stop(self, code: int) -> None:
        """End :meth:`run` with this exit code; the first call counts."""
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(code)

    async def close(self, drain_seconds: float) -> None:
        """Cancel all work, end all processes, let the client read what is left."""
        tasks = self._server.protocol.cancel_everything()
        if tasks:
            await asyncio.wait(tasks, timeout=drain_seconds)
        with contextlib.suppress(Exception):
            await self._server.end_work()
        await self._transport.drain(drain_seconds)

    def _input_ended(self) -> None:
        self._input_over = True
        if self._server.protocol.idle:
            self._idle()

    def _idle(self) -> None:
        if self._input_over:
            # The client is gone without a word: there is nobody to serve.
            self.stop(1)

    async def _watch_parent(self) -> None:
        """Tidy up; end with the process that ``initialize`` or the command line named."""
        while True:
            await asyncio.sleep(_PARENT_POLL_SECONDS)
            if self._server.protocol.idle:
                self._collector.idle()
            pid = self._parent or self._server.process_id
            if pid is not None and not _alive(pid):
                log.warning("the client (process %d) is gone", pid)
                self.stop(1)
                return


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
