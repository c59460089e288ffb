# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Files that change behind the editor's back: watched by the client, else polled.

Watching can only be registered at run time (LSP 3.17); a client that cannot do that gets
a look at modification times every two seconds.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from lsprotocol import types

from rex_lsp.server.jsonrpc import RequestFailed
from rex_lsp.server.server import WARNING, RexServer
from rex_lsp.server.uris import to_path

_PATTERNS = ("**/*.rs", "**/Cargo.toml", "**/Cargo.lock", "**/target/rex/*.rex")
_POLL_SECONDS = 2.0


def register(server: RexServer) -> None:
    """Register the notifications."""
    server.feature("workspace/didChangeWatchedFiles")(did_change_watched_files)
    server.feature("workspace/didChangeWorkspaceFolders")(did_change_folders)


async def begin(ls: RexServer) -> None:
    """Ask the client to watch, or begin to poll."""
    if ls.client.watches_files:
        watchers = [{"globPattern": pattern} for pattern in _PATTERNS]
        registration = {
            "id": "rex-watch",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": {"watchers": watchers},
        }
        try:
            await ls.protocol.request(
                "client/registerCapability", {"registrations": [registration]}
            )
            return
        except RequestFailed as error:
            ls.log(f"the client does not watch files, they are polled: {error}", WARNING)
    ls.protocol.spawn(_poll(ls), "polling files")


def did_change_watched_files(ls: RexServer, params: types.DidChangeWatchedFilesParams) -> None:
    """The client saw files change."""
    paths = [to_path(change.uri) for change in params.changes]
    sources = [path for path in paths if path.suffix != ".rex"]
    if sources:
        ls.files.changed_on_disk(sources)
    if ls.has_measured:
        ls.measuring.edited()
        ls.measuring.ask_all()


def did_change_folders(ls: RexServer, params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Folders came or went."""
    gone = {to_path(folder.uri) for folder in params.event.removed}
    new = [to_path(folder.uri) for folder in params.event.added]
    ls.roots = [root for root in ls.roots if root not in gone] + new
    for root in gone:
        ls.files.forget_below(root)


async def _poll(ls: RexServer) -> None:
    stamps = _stamps(ls)
    while True:
        await asyncio.sleep(_POLL_SECONDS)
        now = _stamps(ls)
        changed = [path for path, stamp in now.items() if stamps.get(path, stamp) != stamp]
        stamps = now
        if changed:
            ls.files.changed_on_disk(changed)
        if ls.has_measured:
            if changed:
                ls.measuring.edited()
            ls.measuring.ask_all()


def _stamps(ls: RexServer) -> dict[Path, tuple[int, int]]:
    """Modification time and size of every file that a crate was made from; zeros when gone."""
    stamps: dict[Path, tuple[int, int]] = {}
    if not ls.has_files:
        return stamps
    for root, crate in ls.files.crates.live():
        for path in (*crate.files(), root.package / "Cargo.toml"):
            if ls.files.is_open(path):
                continue
            try:
                found = path.stat()
            except OSError:
                stamps[path] = (0, 0)
            else:
                stamps[path] = (found.st_mtime_ns, found.st_size)
    return stamps
