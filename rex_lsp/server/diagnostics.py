# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Diagnostics out of the store, by push or by pull, never both for one file.

A client that can pull (and refresh) gets an open file by pull and closed files by push;
any other client gets everything by push.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from lsprotocol import types

from rex_lsp.server.server import RexServer
from rex_lsp.server.uris import from_path, to_path

if TYPE_CHECKING:
    from rex_lsp.project.workspace import Workspace
    from rex_lsp.server.convert import DiagnosticWriter

Json: TypeAlias = dict[str, Any]

_TURN_SECONDS = 0.01
_REFRESH_DELAY_SECONDS = 0.03


def register(server: RexServer) -> None:
    """Register the pull request and start to listen to the store."""
    server.publisher = Publisher(server)
    server.feature("textDocument/diagnostic")(diagnostic)


async def diagnostic(ls: RexServer, params: types.DocumentDiagnosticParams) -> Json:
    """The diagnostics of one file, for its text at the time of the answer."""
    path = to_path(params.text_document.uri)
    await ls.files.analysis.settled(path)
    result_id = ls.publisher.result_id(path)
    if params.previous_result_id == result_id:
        return {"kind": "unchanged", "resultId": result_id}
    return {"kind": "full", "resultId": result_id, "items": ls.publisher.items(path)}


class Publisher:
    """Watches the store and tells the client, a few files per turn of the loop."""

    def __init__(self, server: RexServer) -> None:
        self._server = server
        self._uris: dict[Path, str] = {}
        self._changed: dict[Path, None] = {}
        self._pushed: set[Path] = set()
        self._generations: dict[Path, int] = {}
        self._scheduled = False
        self._refresh: asyncio.TimerHandle | None = None
        self._lens_refresh: asyncio.TimerHandle | None = None
        self._hint_refresh: asyncio.TimerHandle | None = None
        self._writer: DiagnosticWriter | None = None

    def watch(self, files: Workspace) -> None:
        """Listen to the project layer."""
        files.store.on_change = self._store_changed
        files.analysis.on_analysed = self._analysed
        files.analysis.on_part = self._part
        files.analysis.busy = lambda: not self._server.protocol.idle

    # What happened.

    def opened(self, path: Path, uri: str) -> None:
        """The client opened a file and spells it ``uri``."""
        self._uris[path] = uri
        if self._pulls and path in self._pushed:
            self._push(path, [])

    def closed(self, path: Path) -> None:
        """The client closed a file: what is known about it is pushed from now on."""
        self._uris.pop(path, None)
        self._mark(path)

    def dropped(self, path: Path) -> None:
        """The text of an open file is not known any more: nothing is shown for it."""
        if self._pulls:
            self._refresh_pull()
        else:
            self._push(path, [])

    def settings_changed(self) -> None:
        """Levels or limits may be different for every file."""
        for path in (*self._uris, *self._generations):
            self._mark(path)
        if self._pulls:
            self._refresh_pull()
        self.refresh_lenses()
        self.refresh_hints()

    def refresh_lenses(self) -> None:
        """What lenses say changed."""
        if self._lens_refresh is None and self._server.client.has(
            "workspace.codeLens.refreshSupport"
        ):
            self._lens_refresh = asyncio.get_running_loop().call_later(
                _REFRESH_DELAY_SECONDS, self._send_lens_refresh
            )

    def refresh_hints(self) -> None:
        """What inlay hints say changed."""
        if self._hint_refresh is None and self._server.client.has(
            "workspace.inlayHint.refreshSupport"
        ):
            self._hint_refresh = asyncio.get_running_loop().call_later(
                _REFRESH_DELAY_SECONDS, self._send_hint_refresh
            )

    # What there is to say.

    def items(self, path: Path) -> list[Json]:
        """The diagnostics of a file in LSP's shape."""
        files = self._server.files
        limit = self._server.settings.get("diagnostics.limit")
        return self.writer.write_all(path, files.shown(path), limit)

    def result_id(self, path: Path) -> str:
        """A name for the current state of a file's diagnostics."""
        document = self._server.files.buffers.document(path)
        version = "closed" if document is None else document.version
        return f"{version}.{self._generations.get(path, 0)}"

    def uri(self, path: Path) -> str:
        """The client's spelling of a path."""
        return self._uris.get(path) or from_path(path)

    @property
    def _pulls(self) -> bool:
        return self._server.client.pulls_diagnostics

    @property
    def writer(self) -> DiagnosticWriter:
        """Writes findings for this client."""
        if self._writer is None:
            from rex_lsp.server.convert import DiagnosticWriter

            client = self._server.client
            self._writer = DiagnosticWriter(
                self._server.encoding,
                self._server.files.document,
                related=client.has("textDocument.publishDiagnostics.relatedInformation")
                or client.has("textDocument.diagnostic.relatedInformation"),
                tags=client.has("textDocument.publishDiagnostics.tagSupport")
                or client.has("textDocument.diagnostic.tagSupport"),
            )
        return self._writer

    def _store_changed(self, paths: set[Path]) -> None:
        for path in paths:
            self._generations[path] = self._generations.get(path, 0) + 1
            if self._pulls and path in self._uris:
                # The client asks by itself after its own edit, not after our other news.
                if self._server.files.analysis.looking_at != path:
                    self._refresh_pull()
            elif path not in self._uris or not self._server.files.analysis.pending(path):
                self._mark(path)

    def _analysed(self, path: Path) -> None:
        if not self._pulls and path in self._uris:
            self._mark(path)

    def _part(self, path: Path) -> None:
        if not self._pulls and path in self._uris:
            self._push(path, self.items(path))

    def _mark(self, path: Path) -> None:
        self._changed[path] = None
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        deadline = time.perf_counter() + _TURN_SECONDS
        while self._changed and time.perf_counter() < deadline:
            path = next(iter(self._changed))
            del self._changed[path]
            if path in self._uris:
                if self._pulls or self._server.files.analysis.pending(path):
                    continue
                self._push(path, self.items(path))
                continue
            items = self.items(path)
            if items or path in self._pushed:
                self._push(path, items)
        if self._changed:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _push(self, path: Path, items: list[Json]) -> None:
        params: Json = {"uri": self.uri(path), "diagnostics": items}
        document = self._server.files.buffers.document(path)
        if document is not None and document.version is not None:
            params["version"] = document.version
        self._pushed.add(path)
        if not items and path not in self._uris:
            self._pushed.discard(path)
        self._server.protocol.notify("textDocument/publishDiagnostics", params)

    def _refresh_pull(self) -> None:
        if self._refresh is None:
            self._refresh = asyncio.get_running_loop().call_later(
                _REFRESH_DELAY_SECONDS, self._send_refresh
            )

    def _send_refresh(self) -> None:
        self._refresh = None
        self._ask("workspace/diagnostic/refresh")

    def _send_lens_refresh(self) -> None:
        self._lens_refresh = None
        self._ask("workspace/codeLens/refresh")

    def _send_hint_refresh(self) -> None:
        self._hint_refresh = None
        self._ask("workspace/inlayHint/refresh")

    def _ask(self, method: str) -> None:
        future = self._server.protocol.request(method)
        # A client that refuses has shown what it wants to show.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
