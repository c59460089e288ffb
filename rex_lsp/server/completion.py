# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Completion from the kernel crate's index: paths, members, attributes, attach targets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from lsprotocol import types

from rex_lsp.server.convert import position_in
from rex_lsp.server.jsonrpc import INVALID_PARAMS, RequestFailed
from rex_lsp.server.server import RexServer
from rex_lsp.server.uris import to_path
from rex_lsp.syntax.changes import EditRejected

Json: TypeAlias = dict[str, Any]

MOST = 200
_KINDS = {
    "module": 9,
    "struct": 22,
    "enum": 13,
    "variant": 20,
    "trait": 8,
    "function": 3,
    "method": 2,
    "alias": 22,
    "constant": 21,
    "static": 6,
    "macro": 3,
    "attribute": 14,
    "field": 5,
}


def register(server: RexServer) -> None:
    """Register the request and its resolve."""
    server.feature("textDocument/completion")(completion)
    server.feature("completionItem/resolve")(resolve)


def completion(ls: RexServer, params: types.CompletionParams) -> Json | None:
    """What can follow before the cursor; None where this server has nothing to say."""
    path = to_path(params.text_document.uri)
    crate, document = ls.files.crate(path), ls.files.buffers.document(path)
    if crate is None or document is None:
        return None
    from rex_lsp.project.names import Names
    from rex_lsp.server.completion_items import Candidates

    try:
        offset = document.offset(position_in(params.position), ls.encoding)
    except EditRejected as error:
        raise RequestFailed(INVALID_PARAMS, str(error)) from None
    found = Candidates(
        Names(crate, document, path, offset),
        [one.name for one in crate.maps(path)],
        snippets=ls.client.has("textDocument.completion.completionItem.snippetSupport"),
    ).collect()
    return _answer(found)


def resolve(ls: RexServer, params: types.CompletionItem) -> Json:
    """Add the documentation of one item."""
    from rex_lsp.kernel.index import load

    item: Json = {"label": params.label}
    for name, value in (
        ("kind", params.kind),
        ("detail", params.detail),
        ("insertText", params.insert_text),
        ("insertTextFormat", params.insert_text_format),
        ("filterText", params.filter_text),
        ("sortText", params.sort_text),
        ("data", params.data),
    ):
        if value is not None:
            item[name] = value
    if isinstance(params.data, str):
        index = load()
        owner, dot, name = params.data.rpartition(".")
        entry = (
            next((one for one in index.members(owner) if one.name == name), None)
            if dot
            else index.get(params.data)
        )
        if entry is not None and entry.doc:
            item["documentation"] = {"kind": "markdown", "value": entry.doc}
    return item


def kind_of(kind: str) -> int:
    """LSP's CompletionItemKind."""
    return _KINDS.get(kind, 1)


def _answer(found: Iterable[Json]) -> Json:
    items = list(found)
    return {"isIncomplete": len(items) > MOST, "items": items[:MOST]}
