# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Text synchronisation: open, change, save, close.

A change that cannot be applied drops the draft: better no answers about a file than
wrong ones. Opening the file again, or a change with the whole text, mends it.
"""

from __future__ import annotations

import logging

from lsprotocol import types

from rex_lsp.server import commands
from rex_lsp.server.convert import range_in
from rex_lsp.server.jsonrpc import RequestFailed
from rex_lsp.server.server import ERROR, RexServer
from rex_lsp.server.uris import to_path
from rex_lsp.syntax.changes import Change, EditRejected

log = logging.getLogger("rex.documents")


def register(server: RexServer) -> None:
    """Register the notifications."""
    server.feature("textDocument/didOpen")(did_open)
    server.feature("textDocument/didChange")(did_change)
    server.feature("textDocument/didSave")(did_save)
    server.feature("textDocument/didClose")(did_close)


def did_open(ls: RexServer, params: types.DidOpenTextDocumentParams) -> None:
    """The editor's text counts from now on."""
    document = params.text_document
    path = to_path(document.uri)
    ls.publisher.opened(path, document.uri)
    ls.files.open(path, document.text, document.version)


def did_change(ls: RexServer, params: types.DidChangeTextDocumentParams) -> None:
    """Apply the changes in order, all or none."""
    identifier = params.text_document
    path = to_path(identifier.uri)
    if not ls.files.is_open(path):
        log.warning("a change of %s, which is not open, is ignored", identifier.uri)
        return
    try:
        changes = [_change(change) for change in params.content_changes]
        ls.files.change(path, changes, ls.encoding, identifier.version)
        if ls.used_sessions is not None:
            ls.used_sessions.edited(ls.files.crates.package_of(path))
    except (EditRejected, RequestFailed) as error:
        ls.files.drop(path)
        ls.publisher.dropped(path)
        ls.log(
            f"an edit of {path.name} cannot be applied ({error}); its text is not followed until "
            "it is opened again",
            ERROR,
        )


def did_save(ls: RexServer, params: types.DidSaveTextDocumentParams) -> None:
    """The file is on disk: the compiler may look at it."""
    path = to_path(params.text_document.uri)
    ls.files.saved(path)
    commands.check_on_save(ls, path)


def did_close(ls: RexServer, params: types.DidCloseTextDocumentParams) -> None:
    """The disk counts again."""
    path = to_path(params.text_document.uri)
    ls.files.close(path)
    ls.publisher.closed(path)


def _change(change: types.TextDocumentContentChangeEvent) -> Change:
    if isinstance(change, types.TextDocumentContentChangePartial):
        return Change(range_in(change.range), change.text)
    return Change(None, change.text)
