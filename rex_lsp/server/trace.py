# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What running programs say, in the editor's log and as ``rex/trace`` notifications.

``rex/trace`` has ``{program, message, event, t_ns, package}`` and, for trace lines,
``pid`` and ``cpu``. A flood is cut: what does not fit in a tenth of a second is counted.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from rex_lsp.deploy.events import Event
from rex_lsp.deploy.words import Narrator
from rex_lsp.server.server import LOG, WARNING, RexServer
from rex_lsp.server.uris import from_path

_WINDOW_SECONDS = 0.1
_LINES_PER_WINDOW = 200


class TraceLog:
    """Passes events on to the client, at most so many per window of time."""

    def __init__(self, server: RexServer) -> None:
        self._server = server
        self._narrator = Narrator()
        self._sent = 0
        self._dropped = 0
        self._window: asyncio.TimerHandle | None = None

    def add(self, event: Event, package: Path) -> None:
        """Tell the client about one event."""
        if self._window is None:
            self._window = asyncio.get_running_loop().call_later(_WINDOW_SECONDS, self._next)
        if self._sent >= _LINES_PER_WINDOW and not event.stops_program:
            self._dropped += 1
            return
        self._sent += 1
        self._send(event, package)

    def flush(self) -> None:
        """Say how much was left out, if anything."""
        if self._dropped:
            self._server.log(f"{self._dropped} lines of running programs are not shown", LOG)
            self._dropped = 0

    def _next(self) -> None:
        self._window = None
        self._sent = 0
        self.flush()

    def _send(self, event: Event, package: Path) -> None:
        params: dict[str, Any] = {
            **event.to_json(),
            "message": event.message,
            "package": from_path(package),
        }
        self._server.protocol.notify("rex/trace", params)
        if not self._server.settings.get("trace.log"):
            return
        if event.kind == "trace":
            self._server.log(f"{event.program}: {event.message}", LOG)
        elif event.kind != "load" or event.raw.get("warning"):
            warns = event.stops_program or event.kind == "load"
            kind = WARNING if warns else LOG
            self._server.log(self._narrator.words(event), kind)
