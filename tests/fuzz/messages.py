# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Random messages: malformed, reordered, doubled; each request is answered once."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.protocol.raw import Json, Raw

_METHODS = (
    *("textDocument/completion", "textDocument/hover", "textDocument/signatureHelp"),
    *("textDocument/codeAction", "textDocument/codeLens", "textDocument/diagnostic"),
    *("textDocument/documentSymbol", "completionItem/resolve", "codeAction/resolve"),
    *("workspace/executeCommand", "initialize", "no/such/method", "$/unknown", ""),
)
_NOTIFICATIONS = (
    *("textDocument/didOpen", "textDocument/didChange", "textDocument/didClose"),
    *("textDocument/didSave", "workspace/didChangeConfiguration", "initialized", "$/cancelRequest"),
    *("workspace/didChangeWatchedFiles", "$/setTrace", "window/workDoneProgress/cancel"),
    *("workspace/didChangeWorkspaceFolders", "no/such/notification"),
)
_ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 3.5, 2**31, 10**30, "", "x", "\ud83d", [], [1], {}, {"uri": 1}),
    *({"line": -1, "character": 0}, {"line": 0}, "file:///", "http://[", "file:///\0", [[[[]]]]),
)
_FRAMES: tuple[bytes, ...] = (
    *(b"Content-Length: x\r\n\r\n", b"Content-Length: -5\r\n\r\n", b"\r\n\r\n", b"noise\r\n\r\n"),
    *(b"Content-Length: 99999999999999\r\n\r\n", b"X: 1\r\n\r\n", b"Content-Length: 0\r\n\r\n"),
    *(
        b"Content-Length: 2\r\n\r\n{]",
        b"Content-Length: 4\r\n\r\nnull",
        b"Content-Length: 2\r\n\r\n[]",
    ),
    *(b"content-length:3\r\nContent-Type: a\r\n\r\n\xff\xfe\xfd", b"Content-Length: 1\r\n\r\n1"),
)


class Messages:
    """What a confused client sends. `asked` are the ids of its requests."""

    def __init__(self, server: Raw, seed: int, main: Path) -> None:
        self._server = server
        self._chance = random.Random(seed)
        self._uris = [main.as_uri(), (main.parent / "none.rs").as_uri(), "untitled:Untitled-1"]
        self.asked: list[int | str] = []
        self._version = 1

    def send(self, count: int) -> None:
        """Send so many things."""
        kinds: list[Callable[[], None]] = [self._request] * 5 + [self._notification] * 5
        kinds += [self._frame, self._message, self._cancel, self._response]
        for _ in range(count):
            self._chance.choice(kinds)()

    def _frame(self) -> None:
        self._server.send_bytes(self._chance.choice(_FRAMES))

    def _message(self) -> None:
        odd: Json = {"jsonrpc": "2.0", "method": self._odd(), "params": self._odd()}
        odd.pop(self._chance.choice([*odd, "nothing"]), None)
        self._server.send(self._chance.choice([odd, [odd, odd], self._odd()]))

    def _cancel(self) -> None:
        which = self._chance.choice([*self.asked[-3:], self._odd()])
        self._server.notify("$/cancelRequest", {"id": which})

    def _response(self) -> None:
        self._server.send({"jsonrpc": "2.0", "id": self._odd(), "result": self._odd()})

    def _request(self) -> None:
        number: int | str = len(self.asked) + 1_000_000
        if self._chance.random() < 0.3:
            number = f"text-{number}"
        self.asked.append(number)
        method = self._chance.choice(_METHODS)
        self._server.send(
            {"jsonrpc": "2.0", "id": number, "method": method, "params": self._params()}
        )

    def _notification(self) -> None:
        message = {
            "jsonrpc": "2.0",
            "method": self._chance.choice(_NOTIFICATIONS),
            "params": self._params(),
        }
        for _ in range(self._chance.choice([1, 1, 1, 2])):
            self._server.send(message)

    def _params(self) -> Any:
        """Parameters that nearly fit, with some values replaced or left out."""
        self._version += 1
        document = {
            "uri": self._chance.choice(self._uris),
            "version": self._version,
            "languageId": "rust",
            "text": self._chance.choice(["", "fn f() {", "😀 core::mem::forget(1);\r\n"]),
        }
        place = {
            "line": self._chance.choice([0, 3, 10**6]),
            "character": self._chance.choice([0, 9]),
        }
        stretch = {"start": place, "end": self._chance.choice([place, {"line": 2, "character": 1}])}
        change: Json = {"text": self._chance.choice(["x", "", "é😀\n"])}
        if self._chance.random() < 0.6:
            change["range"] = stretch
        params: Json = {
            "textDocument": document,
            "contentChanges": [change],
            "position": place,
            "range": stretch,
            "context": {"diagnostics": []},
            "settings": {"rex": self._odd()},
            "command": self._chance.choice(["rex.none", "rex.stop"]),
            "arguments": [self._odd()],
            "changes": [{"uri": self._chance.choice(self._uris), "type": 2}],
            "event": {"added": [], "removed": []},
            "token": 1,
            "label": "x",
            "title": "x",
            "value": "off",
        }
        while self._chance.random() < 0.4:
            self._spoil(params)
        return params if self._chance.random() < 0.95 else self._odd()

    def _spoil(self, params: Json) -> None:
        holder, names = params, list(params)
        if self._chance.random() < 0.5 and isinstance(params.get("textDocument"), dict):
            holder, names = params["textDocument"], list(params["textDocument"])
        if not names:
            return
        name = self._chance.choice(names)
        if self._chance.random() < 0.5:
            holder.pop(name)
        else:
            holder[name] = self._odd()

    def _odd(self) -> Any:
        return json.loads(json.dumps(self._chance.choice(_ODD)))


def answers(said: list[Json]) -> dict[int | str, int]:
    """How many answers each request of ours got."""
    found: dict[int | str, int] = {}
    for message in said:
        number = message.get("id")
        if "method" not in message and isinstance(number, int | str):
            found[number] = found.get(number, 0) + 1
    return found
