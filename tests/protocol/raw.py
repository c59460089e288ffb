# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A client that can also misbehave: raw frames to a real server process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rex_lsp

if TYPE_CHECKING:
    from typing import Self

Json = dict[str, Any]

WAIT_SECONDS = 30.0
PACKAGE = Path(rex_lsp.__file__).resolve().parents[1]

CAPABILITIES: Json = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {"workDoneProgress": True},
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True},
        "codeLens": {"refreshSupport": True},
        "workspaceFolders": True,
    },
    "textDocument": {
        "publishDiagnostics": {"relatedInformation": True, "tagSupport": {"valueSet": [1, 2]}},
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source"]}},
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
        },
        "completion": {"completionItem": {"snippetSupport": True}},
    },
}


def merged(base: Json, over: Mapping[str, Any]) -> Json:
    """``base`` with the values of ``over`` put in, level by level."""
    result = dict(base)
    for key, value in over.items():
        known = result.get(key)
        result[key] = (
            merged(known, value)
            if isinstance(known, dict) and isinstance(value, Mapping)
            else value
        )
    return result


class Raw:
    """One server process; everything it said is in :attr:`said`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[Json] = []
        self.answers: dict[str, Any] = {"window/workDoneProgress/create": None}
        self._arrived = asyncio.Condition()
        self._reading = asyncio.ensure_future(self._read())
        self._last_id = 0

    @classmethod
    async def start(
        cls,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        command: Sequence[str] = (sys.executable, "-m", "rex_lsp", "server"),
    ) -> Self:
        """Start the server under test, or another one."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # Never the checkout: the package under test may be an installed wheel.
            cwd=cwd or tempfile.gettempdir(),
            env={**os.environ, "PYTHONPATH": str(PACKAGE), **(env or {})},
            limit=1 << 26,
        )
        return cls(process)

    # What we say.

    def send_bytes(self, data: bytes) -> None:
        """Any bytes at all."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def send(self, message: Any) -> None:
        """Any JSON value in a correct frame."""
        body = json.dumps(message).encode()
        self.send_bytes(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def notify(self, method: str, params: Any = None) -> None:
        """A notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def post(self, method: str, params: Any = None) -> int:
        """A request, without waiting for its answer; returns its id."""
        self._last_id += 1
        self.send({"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params})
        return self._last_id

    async def request(self, method: str, params: Any = None, wait: float = WAIT_SECONDS) -> Any:
        """The result of a request; an error answer fails the test."""
        answer = await self.answer(self.post(method, params), wait)
        assert "error" not in answer, answer
        return answer["result"]

    async def refused(self, method: str, params: Any = None) -> Json:
        """The error of a request that must fail."""
        answer = await self.answer(self.post(method, params))
        assert "error" in answer, answer
        error: Json = answer["error"]
        return error

    # What it says.

    async def answer(
        self, request: int | None, wait: float = WAIT_SECONDS, *, after: int = 0
    ) -> Json:
        """The response with this id."""
        return await self.until(
            lambda m: "method" not in m and m.get("id") == request, wait=wait, after=after
        )

    async def until(
        self, wanted: Callable[[Json], bool], *, after: int = 0, wait: float = WAIT_SECONDS
    ) -> Json:
        """The first message from number ``after`` on that is wanted, when it is there."""
        async with self._arrived:
            seen = after

            def look() -> Json | None:
                nonlocal seen
                while seen < len(self.said):
                    message = self.said[seen]
                    seen += 1
                    if wanted(message):
                        return message
                return None

            found: Json | None = None

            def there() -> bool:
                nonlocal found
                found = look()
                return found is not None or self._reading.done()

            try:
                await asyncio.wait_for(self._arrived.wait_for(there), wait)
            except asyncio.TimeoutError:
                raise AssertionError(f"not said in {wait} s; said: {self._summary()}") from None
            if found is None:
                raise AssertionError(f"the server ended; it said: {await self.errors()}")
            return found

    async def published(
        self, uri: str, *, version: int | None = None, after: int = 0, wait: float = WAIT_SECONDS
    ) -> list[Json]:
        """The diagnostics of the first publication for ``uri`` (and ``version``)."""

        def wanted(message: Json) -> bool:
            params = message.get("params") or {}
            return (
                message.get("method") == "textDocument/publishDiagnostics"
                and params["uri"] == uri
                and (version is None or params.get("version") == version)
            )

        message = await self.until(wanted, after=after, wait=wait)
        items: list[Json] = message["params"]["diagnostics"]
        return items

    def of(self, method: str) -> list[Json]:
        """The parameters of all messages of a method so far."""
        return [m.get("params") or {} for m in self.said if m.get("method") == method]

    async def errors(self) -> str:
        """What the server wrote to stderr, once it ended."""
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode("utf-8", "replace")

    # Life.

    async def initialize(
        self,
        root: Path | None = None,
        capabilities: Mapping[str, Any] | None = None,
        *,
        trusted: bool = False,
        options: Mapping[str, Any] | None = None,
        base: Json = CAPABILITIES,
        folders: Iterable[Path] = (),
    ) -> Json:
        """initialize and initialized; returns the result."""
        params: Json = {
            "processId": os.getpid(),
            "rootUri": None if root is None else root.as_uri(),
            "capabilities": merged(base, capabilities or {}),
            "initializationOptions": {"trusted": trusted, **(options or {})},
        }
        named = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]
        if named:
            params["workspaceFolders"] = named
        result: Json = await self.request("initialize", params)
        self.notify("initialized", {})
        return result

    def open(self, path: Path, text: str | None = None, version: int = 1) -> str:
        """didOpen with the text, else with what is on disk; returns the URI."""
        text = path.read_text("utf-8") if text is None else text
        uri = path.as_uri()
        self.notify(
            "textDocument/didOpen",
            {"textDocument": {"uri": uri, "languageId": "rust", "version": version, "text": text}},
        )
        return uri

    def change(self, uri: str, version: int, *changes: Json) -> None:
        """didChange."""
        self.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)},
        )

    def replace(self, uri: str, version: int, text: str) -> None:
        """didChange with the whole text."""
        self.change(uri, version, {"text": text})

    def save(self, uri: str) -> None:
        """didSave."""
        self.notify("textDocument/didSave", {"textDocument": {"uri": uri}})

    async def stop(self) -> int:
        """shutdown and exit; returns the exit code."""
        await self.request("shutdown")
        self.notify("exit")
        return await self.ended()

    async def ended(self, wait: float = WAIT_SECONDS) -> int:
        """The exit code, once it ended by itself."""
        return await asyncio.wait_for(self.process.wait(), wait)

    async def kill(self) -> None:
        """Make sure that nothing is left."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGKILL)
            await self.process.wait()
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading

    async def _read(self) -> None:
        stdout = self.process.stdout
        assert stdout is not None
        try:
            while header := await stdout.readline():
                length = int(header.split(b":")[1])
                assert await stdout.readline() == b"\r\n"
                await self._take(json.loads(await stdout.readexactly(length)))
        except asyncio.IncompleteReadError:
            pass
        finally:
            async with self._arrived:
                self._arrived.notify_all()

    async def _take(self, message: Json) -> None:
        if "method" in message and "id" in message and message["method"] in self.answers:
            answer = self.answers[message["method"]]
            result = answer(message.get("params")) if callable(answer) else answer
            self.send({"jsonrpc": "2.0", "id": message["id"], "result": result})
        async with self._arrived:
            self.said.append(message)
            self._arrived.notify_all()

    def _summary(self) -> str:
        return "\n".join(json.dumps(message)[:300] for message in self.said[-20:])


def at(line: int, character: int, end_line: int | None = None, end: int | None = None) -> Json:
    """An LSP range; without an end an empty one."""
    start = {"line": line, "character": character}
    if end_line is None:
        return {"start": start, "end": start}
    return {"start": start, "end": {"line": end_line, "character": end or 0}}
