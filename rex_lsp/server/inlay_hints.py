# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Inlay hints: frames and depths beside signatures, marks where a panic is left.

Only what the last build measured and no edit made old; the lens says when it is stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from lsprotocol import types

from rex_lsp.server.convert import position_out, range_in
from rex_lsp.server.jsonrpc import INVALID_PARAMS, RequestFailed
from rex_lsp.server.server import RexServer
from rex_lsp.server.uris import to_path
from rex_lsp.syntax.changes import EditRejected
from rex_lsp.syntax.positions import Span

if TYPE_CHECKING:
    from rex_lsp.project.measured import Measured
    from rex_lsp.syntax.document import Document

Json: TypeAlias = dict[str, Any]


def register(server: RexServer) -> None:
    """Register the request."""
    server.feature("textDocument/inlayHint")(inlay_hint)


async def inlay_hint(ls: RexServer, params: types.InlayHintParams) -> list[Json]:
    """The hints of a stretch of a file."""
    path = to_path(params.text_document.uri)
    await ls.files.analysis.settled(path)
    document = ls.files.buffers.document(path)
    if document is None or ls.files.crate(path) is None or not ls.trusted:
        return []
    try:
        span = document.span(range_in(params.range), ls.encoding)
    except EditRejected as error:
        raise RequestFailed(INVALID_PARAMS, str(error)) from None
    ls.measuring.ask(ls.files.crates.package_of(path))
    one = ls.measuring.known.image_of(path)
    if one is None or one.view is None:
        return []
    hints: list[Json] = []
    if ls.settings.get("inlayHints.stack"):
        hints += _frames(ls, one, document, path, span)
    if ls.settings.get("inlayHints.panics"):
        hints += _panics(ls, one, document, path, span)
    return hints


def _frames(
    ls: RexServer, one: Measured, document: Document, path: Path, span: Span
) -> Iterator[Json]:
    from rex_lsp.image.titles import frame_words
    from rex_lsp.model.functions import definitions
    from rex_lsp.project.machine import compiled

    known, view = ls.measuring.known, one.view
    assert view is not None
    for definition in definitions(document, path, span):
        found = compiled(ls.files, known, one, definition)
        if not found or not span.start <= definition.body <= span.end:
            continue
        if known.stale(one, definition.name):
            continue
        many = f" · {len(found)} forms" if len(found) > 1 else ""
        yield {
            "position": position_out(document.position(definition.body, ls.encoding)),
            "label": frame_words(view.functions[found[0]]) + many,
            "tooltip": view.functions[found[0]].name,
            "paddingLeft": False,
            "paddingRight": True,
        }


def _panics(
    ls: RexServer, one: Measured, document: Document, path: Path, span: Span
) -> Iterator[Json]:
    from rex_lsp.model.functions import line_span
    from rex_lsp.rules.may_panic import CAUSES, REPAIRS

    known, view = ls.measuring.known, one.view
    assert view is not None
    causes: dict[int, dict[str, None]] = {}
    for panic in view.panics:
        if panic.line is None or not panic.programs or one.path_of(panic.line) != path:
            continue
        line = None if one.text is None else known.line_now(one, panic.line)
        if line is not None:
            causes.setdefault(line, {})[panic.cause] = None
    for line, found in sorted(causes.items()):
        at = line_span(document, line)
        if at is None or not span.start <= at.end <= span.end:
            continue
        yield {
            "position": position_out(document.position(at.end, ls.encoding)),
            "label": f"may panic: {', '.join(CAUSES[cause] for cause in found)}",
            "tooltip": "; ".join(REPAIRS[cause] for cause in found),
            "paddingLeft": True,
            "paddingRight": False,
        }
