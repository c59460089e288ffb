# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A language client over stdio, as small as an editor can be.

It keeps the text of open documents, answers what a server may ask, and lets a caller
wait for what the server says. Source: LSP 3.17.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .documents import TextFile

Json = dict[str, Any]

CAPABILITIES: Json = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {"workDoneProgress": True, "showMessage": {}},
    "workspace": {
        "applyEdit": True,
        "configuration": False,
        "workspaceEdit": {"documentChanges": True},
        "codeLens": {"refreshSupport": True},
        "workspaceFolders": True,
    },
    "textDocument": {
        "synchronization": {"didSave": True},
        "publishDiagnostics": {
            "relatedInformation": True,
            "codeDescriptionSupport": True,
            "dataSupport": True,
            "versionSupport": True,
        },
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source"]}},
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
            "isPreferredSupport": True,
        },
        "codeLens": {},
    },
}


class RequestError(Exception):
    """The server answered a request with an error."""

    def __init__(self, method: str, error: Json) -> None:
        super().__init__(f"{method}: {error.get('message')}")
        self.code = error.get("code")
        self.data = error.get("data")


class ServerGone(Exception):
    """The server closed its output; carries what it wrote to its error stream."""


class Client:
    """One server process and what it said so far."""

    def __init__(self, process: asyncio.subprocess.Process, errors: Any) -> None:
        self._process = process
        self._errors = errors
        self._next_id = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._changed = asyncio.Condition()
        self._gone = False
        self.documents: dict[str, TextFile] = {}
        self.diagnostics: dict[str, Json] = {}
        self.notifications: list[tuple[str, Json]] = []
        self.capabilities: Json = {}
        self.listeners: list[Callable[[str, Json], None]] = []
        self.choices: list[str] = []
        self._reader = asyncio.ensure_future(self._read())

    @classmethod
    async def start(cls, argv: Sequence[str], environment: dict[str, str]) -> Client:
        """Start the server away from any project, in a process group of its own."""
        errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in stop)
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            cwd=tempfile.gettempdir(),
            env=environment,
            start_new_session=True,
            limit=1 << 26,
        )
        return cls(process, errors)

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    # The life of a session.

    async def initialize(self, folder: Path, *, trusted: bool) -> Json:
        """Open a session on one folder and return the server's capabilities."""
        result: Json = await self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "clientInfo": {"name": "rex demo"},
                "rootUri": folder.as_uri(),
                "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name}],
                "capabilities": CAPABILITIES,
                "initializationOptions": {"trusted": trusted},
            },
        )
        self.capabilities = result["capabilities"]
        self.notify("initialized", {})
        return result

    async def stop(self) -> int:
        """Say goodbye and return the exit code; a server that stays is killed."""
        if not self._gone:
            with contextlib.suppress(RequestError, ServerGone, asyncio.TimeoutError):
                await self.request("shutdown", None, timeout=10)
                self.notify("exit", None)
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            code = await asyncio.wait_for(self._process.wait(), 10)
        except asyncio.TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            code = await self._process.wait()
        self._reader.cancel()
        self._errors.close()
        return code

    # Messages.

    async def request(self, method: str, params: Any, timeout: float = 60.0) -> Any:
        """Send a request and wait for its answer; an error answer raises RequestError."""
        self._next_id += 1
        number = self._next_id
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[number] = future
        self._send({"id": number, "method": method, "params": params})
        try:
            return await asyncio.wait_for(future, timeout)
        finally:
            self._answers.pop(number, None)

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    async def wait(self, what: str, found: Callable[[], Any], timeout: float = 60.0) -> Any:
        """Wait until ``found`` returns something true, and return that."""

        async def until() -> Any:
            async with self._changed:
                while not (value := found()):
                    if self._gone:
                        raise ServerGone(f"the server ended before {what}\n{self.error_text()}")
                    await self._changed.wait()
                return value

        try:
            return await asyncio.wait_for(until(), timeout)
        except asyncio.TimeoutError:
            last = self.notifications[-12:]
            recent = "\n".join(f"  {method} {json.dumps(params)[:300]}" for method, params in last)
            raise AssertionError(
                f"expected {what} within {timeout:.0f} s, found none; "
                f"the server last said\n{recent}\n{self.error_text()}"
            ) from None

    def error_text(self) -> str:
        """What the server wrote to its error stream."""
        self._errors.seek(0)
        text: str = self._errors.read().decode(errors="replace")
        return text[-4000:]

    # Documents.

    def open(self, path: Path) -> TextFile:
        """Open a file as an editor does."""
        document = TextFile(path)
        self.documents[document.uri] = document
        self.notify(
            "textDocument/didOpen",
            {
                "textDocument": {
                    "uri": document.uri,
                    "languageId": "rust" if path.suffix == ".rs" else "toml",
                    "version": document.version,
                    "text": document.text,
                }
            },
        )
        return document

    def edit(self, document: TextFile, edits: Sequence[Json]) -> None:
        """Apply LSP text edits to the buffer and tell the server, last edit first."""
        changes = document.apply(edits)
        self.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": document.uri, "version": document.version},
                "contentChanges": changes,
            },
        )

    def save(self, document: TextFile) -> None:
        """Write the buffer to its file and tell the server."""
        document.path.write_text(document.text, encoding="utf-8")
        self.notify("textDocument/didSave", {"textDocument": {"uri": document.uri}})

    def published(self, document: TextFile) -> list[Json] | None:
        """The diagnostics last published for the version that is open, or None."""
        last = self.diagnostics.get(document.uri)
        if last is None or last.get("version") not in (None, document.version):
            return None
        diagnostics: list[Json] = last["diagnostics"]
        return diagnostics

    # Incoming.

    async def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        try:
            while True:
                length = 0
                while line := (await stream.readuntil(b"\r\n")).strip():
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                await self._take(json.loads(await stream.readexactly(length)))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._gone = True
            for future in self._answers.values():
                if not future.done():
                    future.set_exception(ServerGone(f"the server ended\n{self.error_text()}"))
            async with self._changed:
                self._changed.notify_all()

    async def _take(self, message: Json) -> None:
        method = message.get("method")
        if method is None:
            future = self._answers.get(message["id"])
            if future is not None and not future.done():
                if "error" in message:
                    future.set_exception(RequestError("request", message["error"]))
                else:
                    future.set_result(message.get("result"))
            return
        params = message.get("params") or {}
        if "id" in message:
            self._send({"id": message["id"], "result": self._answer(method, params)})
        if method == "textDocument/publishDiagnostics":
            self.diagnostics[params["uri"]] = params
        self.notifications.append((method, params))
        for listener in self.listeners:
            listener(method, params)
        async with self._changed:
            self._changed.notify_all()

    def _answer(self, method: str, params: Json) -> Any:
        if method == "workspace/applyEdit":
            return {"applied": self._apply(params["edit"])}
        if method == "window/showMessageRequest":
            actions: list[Json] = params.get("actions") or []
            return next((a for a in actions if a["title"] in self.choices), None)
        if method == "workspace/configuration":
            return [None for _ in params["items"]]
        return None

    def _apply(self, edit: Json) -> bool:
        for uri, edits in edits_by_uri(edit).items():
            document = self.documents.get(uri)
            if document is None:
                return False
            self.edit(document, edits)
        return True

    def _send(self, message: Json) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stdin = self._process.stdin
        assert stdin is not None
        if not self._gone:
            stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)


def edits_by_uri(edit: Json) -> dict[str, list[Json]]:
    """The text edits of a WorkspaceEdit in either of its two forms."""
    by_uri: dict[str, list[Json]] = {u: list(e) for u, e in (edit.get("changes") or {}).items()}
    for change in edit.get("documentChanges") or []:
        by_uri.setdefault(change["textDocument"]["uri"], []).extend(change["edits"])
    return by_uri


def server_command() -> list[str]:
    """How the editors start the server, with the Python that runs this."""
    return [sys.executable, "-m", "rex_lsp", "server"]
