# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Frames of the base protocol over two file descriptors, without threads.

Reading and writing never block the event loop: pipes, sockets and terminals are
registered with the loop; a regular file (a recorded session) is read in one go.
Source: LSP 3.17, "Base Protocol".
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
from collections.abc import Callable

_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d+)[ \t]*", re.IGNORECASE)
_LARGEST_HEADER = 16 * 1024
LARGEST_BODY = 256 * 1024 * 1024


class FrameDecoder:
    """Cuts a byte stream into message bodies; noise between frames is skipped."""

    def __init__(self, on_body: Callable[[bytes], None], on_noise: Callable[[str], None]) -> None:
        self._on_body = on_body
        self._on_noise = on_noise
        self._buffer = bytearray()
        self._expected: int | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes as they come; call ``on_body`` for each complete body."""
        self._buffer += data
        while self._step():
            pass

    def _step(self) -> bool:
        if self._expected is None:
            return self._header()
        if len(self._buffer) < self._expected:
            return False
        body = bytes(self._buffer[: self._expected])
        del self._buffer[: self._expected]
        self._expected = None
        self._on_body(body)
        return True

    def _header(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _LARGEST_HEADER:
                self._on_noise(
                    f"expected a message header, found {len(self._buffer)} bytes without one"
                )
                self._buffer.clear()
            return False
        header = bytes(self._buffer[:end])
        del self._buffer[: end + 4]
        found = _LENGTH.search(header)
        if found is None or int(found.group(1)) > LARGEST_BODY:
            shown = header[:80].decode("utf-8", "replace")
            self._on_noise(
                f"expected a Content-Length header of at most {LARGEST_BODY}, found {shown!r}"
            )
            return True
        self._expected = int(found.group(1))
        return True


class _Incoming(asyncio.Protocol):
    def __init__(self, decoder: FrameDecoder, on_end: Callable[[], None]) -> None:
        self._decoder = decoder
        self._on_end = on_end

    def data_received(self, data: bytes) -> None:
        self._decoder.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_end()


class _Outgoing(asyncio.BaseProtocol):
    """Remembers whether the client still reads."""

    def __init__(self) -> None:
        self.lost = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


class Transport:
    """One client connection: bodies in through a callback, bodies out through :meth:`write`."""

    def __init__(self, stdin: int, stdout: int) -> None:
        self._stdin = stdin
        self._stdout = stdout
        self._out: asyncio.WriteTransport | None = None
        self._out_state = _Outgoing()
        self._was_blocking: dict[int, bool] = {}

    async def open(self, decoder: FrameDecoder, on_end: Callable[[], None]) -> None:
        """Register both ends with the running loop and start to read."""
        loop = asyncio.get_running_loop()
        for fd in (self._stdin, self._stdout):
            self._was_blocking[fd] = os.get_blocking(fd)
        if _pollable(self._stdout):
            pipe = os.fdopen(self._stdout, "wb", buffering=0, closefd=False)
            self._out, _ = await loop.connect_write_pipe(lambda: self._out_state, pipe)
        if _pollable(self._stdin):
            source = os.fdopen(self._stdin, "rb", buffering=0, closefd=False)
            await loop.connect_read_pipe(lambda: _Incoming(decoder, on_end), source)
            return
        loop.call_soon(self._read_file, decoder, on_end)

    def _read_file(self, decoder: FrameDecoder, on_end: Callable[[], None]) -> None:
        while data := os.read(self._stdin, 1 << 20):
            decoder.feed(data)
        on_end()

    def write(self, body: bytes) -> None:
        """Send one message body; a client that is gone is not an error here."""
        frame = b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        if self._out_state.lost:
            return
        if self._out is not None:
            self._out.write(frame)
            return
        view = memoryview(frame)
        while view:
            view = view[os.write(self._stdout, view) :]

    async def drain(self, seconds: float) -> None:
        """Wait until everything is with the client, at most ``seconds``."""
        deadline = asyncio.get_running_loop().time() + seconds
        while (
            self._out is not None and not self._out_state.lost and self._out.get_write_buffer_size()
        ):
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.005)
        for fd, blocking in self._was_blocking.items():
            os.set_blocking(fd, blocking)


def _pollable(fd: int) -> bool:
    mode = os.fstat(fd).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(fd)
