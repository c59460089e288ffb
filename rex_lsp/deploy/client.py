# SPDX-License-Identifier: Apache-2.0 OR MIT
"""JSON-RPC 2.0 with rexrt, one message a line, over its unix socket.

The daemon is started when nobody answers. What this connection loads without
``persistent`` is unloaded when it closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from rex_lsp import __version__
from rex_lsp.deploy.daemon import Daemon
from rex_lsp.deploy.errors import ConnectionLost, RuntimeFailed, RuntimeUnreachable
from rex_lsp.deploy.sockets import socket_path

PROTOCOL = 1
_LINE_LIMIT = 1 << 24
_START_SECONDS = 10.0
_EVENT_BACKLOG = 100_000

Json: TypeAlias = dict[str, Any]


class Runtime:
    """A connection to the daemon; make one with :meth:`connect`."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._last_id = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._events: asyncio.Queue[Json | None] = asyncio.Queue(_EVENT_BACKLOG)
        self._reading = asyncio.ensure_future(self._read())
        self.hello: Json = {}
        self.dropped_events = 0
        self.on_output: Callable[[str, str], None] = lambda stream, text: None
        """Gets what commands print: ``stdout`` or ``stderr``, and a text."""

    @classmethod
    async def connect(
        cls, *, program: Path | None = None, client: str = "rex", socket: Path | None = None
    ) -> Runtime:
        """Connect, starting ``program`` (default: the installed rexrt) when nobody answers.

        Raises:
            RuntimeUnreachable: no daemon could be reached or started.
            RuntimeFailed: the daemon speaks another protocol (kind ``version_skew``).
        """
        path = socket or socket_path()
        reader, writer = await _open(path, program)
        runtime = cls(reader, writer)
        try:
            runtime.hello = await runtime.call(
                "hello", {"client": client, "version": __version__, "protocol": PROTOCOL}
            )
        except BaseException:
            await runtime.close()
            raise
        return runtime

    @property
    def closed(self) -> bool:
        """Whether the daemon or we ended the connection."""
        return self._reading.done()

    @property
    def targets(self) -> list[Json]:
        """The targets of ``hello``: name, available, reason, limits."""
        found = self.hello.get("targets")
        return [target for target in found if isinstance(target, dict)] if found else []

    async def call(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Ask the daemon and wait for its answer; cancelling tells the daemon so.

        Raises:
            RuntimeFailed: the daemon answered with an error.
            ConnectionLost: the connection ended before the answer.
        """
        if self.closed:
            raise ConnectionLost("rexrt is gone; the next command starts it again")
        self._last_id += 1
        request = self._last_id
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[request] = future
        try:
            await self._post({"id": request, "method": method, "params": dict(params or {})})
            return await future
        except asyncio.CancelledError:
            if not self.closed and method != "cancel":
                with contextlib.suppress(OSError, ConnectionLost):
                    await self._post({"method": "cancel", "params": {"id": request}})
            raise
        finally:
            self._waiting.pop(request, None)

    async def map_update(
        self, loaded: int, name: str, key: bytes, value: bytes | Sequence[bytes], *, flags: int = 0
    ) -> None:
        """Create or replace an entry of a map of the object numbered ``loaded``.

        ``value`` is one, or one for each CPU of a map with a value per CPU (one then goes to
        all). ``flags`` is 0, 1 to create only or 2 to replace only, as for bpf(2).

        Raises:
            RuntimeFailed: kind ``invalid_value`` for bytes that are no key or value of the
                map's types, ``map_refused`` where the kernel's map would refuse.
        """
        values = value.hex() if isinstance(value, bytes) else [one.hex() for one in value]
        await self.call(
            "map_update",
            {"object": loaded, "name": name, "key": key.hex(), "value": values, "flags": flags},
        )

    async def map_delete(self, loaded: int, name: str, key: bytes) -> None:
        """Delete an entry of a map of the object numbered ``loaded``.

        Raises:
            RuntimeFailed: as for :meth:`map_update`.
        """
        await self.call("map_delete", {"object": loaded, "name": name, "key": key.hex()})

    async def events(self) -> AsyncIterator[Json]:
        """The daemon's ``event`` notifications, until the connection ends."""
        while (event := await self._events.get()) is not None:
            yield event

    async def close(self) -> None:
        """End the connection; the daemon unloads what was ours."""
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _post(self, message: Json) -> None:
        line = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False) + "\n"
        try:
            self._writer.write(line.encode("utf-8", "replace"))
            await self._writer.drain()
        except OSError as error:
            raise ConnectionLost(f"rexrt is gone ({error.strerror})") from error

    async def _read(self) -> None:
        try:
            while line := await self._reader.readline():
                try:
                    message = json.loads(line)
                except ValueError:
                    continue
                if isinstance(message, dict):
                    self._take(message)
        except (OSError, ValueError):
            pass
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(ConnectionLost("rexrt ended while it worked for us"))
            self._end_events()

    def _end_events(self) -> None:
        if self._events.full():
            self._events.get_nowait()
        self._events.put_nowait(None)

    def _take(self, message: Json) -> None:
        request = message.get("id")
        if isinstance(request, int) and "method" not in message:
            future = self._waiting.get(request)
            if future is None or future.done():
                return
            error = message.get("error")
            if isinstance(error, dict):
                future.set_exception(RuntimeFailed.from_json(error))
            else:
                future.set_result(message.get("result"))
            return
        params = message.get("params")
        if message.get("method") == "lost" and isinstance(params, dict):
            self.dropped_events += int(params.get("count") or 0)
        if message.get("method") == "output" and isinstance(params, dict):
            self.on_output(str(params.get("stream")), str(params.get("text")))
        if message.get("method") == "event" and isinstance(params, dict):
            if self._events.qsize() >= _EVENT_BACKLOG - 1:
                self.dropped_events += 1
            else:
                self._events.put_nowait(params)


async def _open(
    path: Path, program: Path | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    with contextlib.suppress(OSError):
        return await asyncio.open_unix_connection(path, limit=_LINE_LIMIT)
    daemon = Daemon.start(program or _installed(), path)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _START_SECONDS
    pause = 0.005
    while True:
        try:
            return await asyncio.open_unix_connection(path, limit=_LINE_LIMIT)
        except OSError as error:
            if daemon.failed or loop.time() > deadline:
                raise RuntimeUnreachable(
                    f"{daemon.program} was started but nobody answers at {path} "
                    f"({error.strerror or error}){daemon.last_words()}"
                ) from error
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def _installed() -> Path:
    from rex_lsp.build.locations import NativeMissing, native

    try:
        return native("rexrt")
    except NativeMissing as error:
        raise RuntimeUnreachable(f"{error}; {error.repair}") from error
