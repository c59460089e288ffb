# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Text synchronisation: open, change, save, close.

A change that cannot be applied drops the draft: better no answers about a file than
wrong ones. Opening the file again, or a change with the whole text, mends it.

The messages are read by hand: they come with every key, and making lsprotocol's types
ready takes longer than the first look at a file.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from rex_lsp.server import commands
from rex_lsp.server.convert import checked
from rex_lsp.server.jsonrpc import INVALID_PARAMS, RequestFailed
from rex_lsp.server.server import ERROR, RexServer
from rex_lsp.server.uris import to_path
from rex_lsp.syntax.changes import Change, EditRejected
from rex_lsp.syntax.positions import Position, Range

Json: TypeAlias = dict[str, Any]
T = TypeVar("T")

log = logging.getLogger("rex.documents")


def register(server: RexServer) -> None:
    """Register the notifications."""
    server.feature("textDocument/didOpen")(did_open)
    server.feature("textDocument/didChange")(did_change)
    server.feature("textDocument/didSave")(did_save)
    server.feature("textDocument/didClose")(did_close)


def did_open(ls: RexServer, params: Any) -> None:
    """The editor's text counts from now on."""
    document = _object(params, "textDocument")
    uri, text = _field(document, "uri", str), _field(document, "text", str)
    path = to_path(uri)
    ls.publisher.opened(path, uri)
    ls.files.open(path, text, _field(document, "version", int))
    if ls.trusted:
        ls.measuring.opened(path)


def did_change(ls: RexServer, params: Any) -> None:
    """Apply the changes in order, all or none."""
    identifier = _object(params, "textDocument")
    uri = _field(identifier, "uri", str)
    path = to_path(uri)
    if not ls.files.is_open(path):
        log.warning("a change of %s, which is not open, is ignored", uri)
        return
    try:
        changes = [_change(change) for change in _field(params, "contentChanges", list)]
        ls.files.change(path, changes, ls.encoding, _field(identifier, "version", int))
        if ls.used_sessions is not None:
            ls.used_sessions.edited(ls.files.crates.package_of(path))
        if ls.has_measured:
            ls.measuring.edited()
    except (EditRejected, RequestFailed) as error:
        ls.files.drop(path)
        ls.publisher.dropped(path)
        ls.log(
            f"an edit of {path.name} cannot be applied ({error}); its text is not followed until "
            "it is opened again",
            ERROR,
        )


def did_save(ls: RexServer, params: Any) -> None:
    """The file is on disk: the compiler may look at it."""
    path = _path(params)
    ls.files.saved(path)
    commands.check_on_save(ls, path)


def did_close(ls: RexServer, params: Any) -> None:
    """The disk counts again."""
    path = _path(params)
    ls.files.close(path)
    ls.publisher.closed(path)
    ls.on_file_closed()


def _path(params: Any) -> Path:
    return to_path(_field(_object(params, "textDocument"), "uri", str))


def _change(change: Any) -> Change:
    text = _field(change, "text", str)
    if change.get("range") is None:
        return Change(None, text)
    place = _object(change, "range")
    return Change(Range(_position(place, "start"), _position(place, "end")), text)


def _position(place: Json, name: str) -> Position:
    found = _object(place, name)
    return checked(_field(found, "line", int), _field(found, "character", int))


def _object(holder: Any, name: str) -> Json:
    found: Json = _field(holder, name, dict)
    return found


def _field(holder: Any, name: str, kind: type[T]) -> T:
    found = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(found, kind) or isinstance(found, bool):
        wanted = _NAMES[kind]
        raise RequestFailed(
            INVALID_PARAMS, f"expected {name} to be {wanted}, found {str(found)[:80]!r}"
        )
    return found


_NAMES: dict[type, str] = {dict: "an object", list: "a list", str: "a text", int: "a number"}
