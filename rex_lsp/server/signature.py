# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Signature help for calls into the kernel crate."""

from __future__ import annotations

from typing import Any, TypeAlias

from lsprotocol import types

from rex_lsp.server.convert import position_in
from rex_lsp.server.jsonrpc import INVALID_PARAMS, RequestFailed
from rex_lsp.server.server import RexServer
from rex_lsp.server.uris import to_path
from rex_lsp.syntax.changes import EditRejected

Json: TypeAlias = dict[str, Any]


def register(server: RexServer) -> None:
    """Register the request."""
    server.feature("textDocument/signatureHelp")(signature_help)


def signature_help(ls: RexServer, params: types.SignatureHelpParams) -> Json | None:
    """The call around the cursor, if it is one of the kernel crate's functions."""
    path = to_path(params.text_document.uri)
    crate, document = ls.files.crate(path), ls.files.buffers.document(path)
    if crate is None or document is None:
        return None
    from rex_lsp.kernel.cursor import call_around
    from rex_lsp.project.names import Names

    try:
        offset = document.offset(position_in(params.position), ls.encoding)
    except EditRejected as error:
        raise RequestFailed(INVALID_PARAMS, str(error)) from None
    names = Names(crate, document, path, offset)
    call = call_around(names.before)
    if call is None or call.macro:
        return None
    entry = names.scope().callee(call.callee)
    if entry is None or entry.kind != "function":
        return None
    by_dot = entry.takes_self and "." in call.callee
    shown = entry.params[1:] if by_dot else entry.params
    labels = [text if name == "self" else f"{name}: {text}" for name, text in shown]
    signature: Json = {
        "label": entry.signature,
        "parameters": [{"label": label} for label in labels],
        "activeParameter": call.argument,
    }
    if entry.doc:
        signature["documentation"] = {"kind": "markdown", "value": entry.doc}
    return {
        "signatures": [signature],
        "activeSignature": 0,
        "activeParameter": call.argument,
    }
