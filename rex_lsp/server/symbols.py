# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Document symbols: the programs and maps of a file, nothing that rust-analyzer shows."""

from __future__ import annotations

from typing import Any, TypeAlias

from lsprotocol import types

from rex_lsp.server.convert import range_out
from rex_lsp.server.server import RexServer
from rex_lsp.server.uris import to_path

Json: TypeAlias = dict[str, Any]

_FUNCTION, _VARIABLE = 12, 13


def register(server: RexServer) -> None:
    """Register the request."""
    server.feature("textDocument/documentSymbol")(document_symbol)


async def document_symbol(ls: RexServer, params: types.DocumentSymbolParams) -> list[Json]:
    """Programs and maps, each with its kind."""
    path = to_path(params.text_document.uri)
    await ls.files.analysis.settled(path)
    crate, document = ls.files.crate(path), ls.files.document(path)
    if crate is None or document is None:
        return []
    found = [
        (one.name, f"{one.kind} {one.attach}".rstrip(), _FUNCTION, one.span, one.name_span)
        for one in crate.programs(path)
    ]
    found += [(one.name, one.kind, _VARIABLE, one.span, one.name_span) for one in crate.maps(path)]
    return [
        {
            "name": name,
            "detail": detail,
            "kind": kind,
            "range": range_out(document, span, ls.encoding),
            "selectionRange": range_out(document, name_span, ls.encoding),
        }
        for name, detail, kind, span, name_span in sorted(found, key=lambda one: one[3])
    ]
