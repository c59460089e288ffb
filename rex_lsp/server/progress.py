# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Work-done progress: shown by the client, cancelled by the person.

Source: LSP 3.17, "Work Done Progress".
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from lsprotocol import types

from rex_lsp.server.jsonrpc import RequestFailed
from rex_lsp.server.server import RexServer

_CREATE_SECONDS = 2.0


def register(server: RexServer) -> None:
    """Register the cancel notification."""
    server.progresses = Progresses(server)
    server.feature("window/workDoneProgress/cancel")(cancel)


def cancel(ls: RexServer, params: types.WorkDoneProgressCancelParams) -> None:
    """The person pressed Cancel."""
    ls.progresses.cancel(params.token)


class CancelledByPerson(Exception):
    """The person pressed Cancel in the progress of this work."""


class WorkDone:
    """One progress; a build reports to it as to any ``Progress``."""

    def __init__(self, server: RexServer, token: str | int | None) -> None:
        self._server = server
        self._token = token
        self._shown = 0.0

    def report(self, message: str, fraction: float | None = None) -> None:
        """Say what happens now; ``fraction`` runs from 0 to 1."""
        value: dict[str, Any] = {"kind": "report", "message": message, "cancellable": True}
        if fraction is not None:
            # A percentage may not fall (LSP).
            self._shown = max(self._shown, min(1.0, fraction))
            value["percentage"] = int(self._shown * 100)
        self._send(value)

    def begin(self, title: str) -> None:
        """The first message."""
        self._send({"kind": "begin", "title": title, "cancellable": True})

    def end(self, message: str) -> None:
        """The last message."""
        self._send({"kind": "end", "message": message})

    def _send(self, value: Mapping[str, Any]) -> None:
        if self._token is not None:
            self._server.protocol.notify("$/progress", {"token": self._token, "value": value})


class Progresses:
    """The running progresses by token, and the tasks that a cancel ends."""

    def __init__(self, server: RexServer) -> None:
        self._server = server
        self._tasks: dict[str | int, asyncio.Task[Any]] = {}
        self._pressed: set[asyncio.Task[Any]] = set()
        self._last = 0

    @contextlib.asynccontextmanager
    async def show(self, title: str, token: str | int | None = None) -> AsyncIterator[WorkDone]:
        """Show the current task's work; ``token`` is the client's own, if it gave one.

        Raises:
            CancelledByPerson: in the place of the task's cancellation, when a person asked.
        """
        task = asyncio.current_task()
        assert task is not None
        token = await self._token(token)
        work = WorkDone(self._server, token)
        if token is not None:
            self._tasks[token] = task
        work.begin(title)
        ending = "done"
        try:
            yield work
        except asyncio.CancelledError:
            ending = "cancelled"
            if task in self._pressed:
                raise CancelledByPerson(title) from None
            raise
        except BaseException:
            ending = "failed"
            raise
        finally:
            self._pressed.discard(task)
            if token is not None:
                self._tasks.pop(token, None)
            work.end(ending)

    async def _token(self, given: str | int | None) -> str | int | None:
        if given is not None:
            return given
        if not self._server.client.has("window.workDoneProgress"):
            return None
        self._last += 1
        token = f"rex-progress-{self._last}"
        try:
            await asyncio.wait_for(
                self._server.protocol.request("window/workDoneProgress/create", {"token": token}),
                _CREATE_SECONDS,
            )
        except (RequestFailed, asyncio.TimeoutError):
            return None
        return token

    def cancel(self, token: str | int) -> None:
        """End the work that is shown under ``token``."""
        task = self._tasks.get(token)
        if task is not None:
            self._pressed.add(task)
            task.cancel()
