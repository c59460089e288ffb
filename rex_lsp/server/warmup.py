# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Brings in what the first requests need, a piece a turn, while the client has nothing to say.

Without it the first completion pays for the index, the first save for the build tool.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from lsprotocol import types

from rex_lsp.server.server import RexServer

_PAUSE_SECONDS = 0.05
_AT_ONCE = (
    "rex_lsp.syntax.document",
    "rex_lsp.model.crate",
    "rex_lsp.rules.engine",
    "rex_lsp.build.manifest",
    "rex_lsp.project.workspace",
    "rex_lsp.server.convert",
)
_MODULES = (
    "rex_lsp.kernel.cursor",
    "rex_lsp.kernel.typing",
    "rex_lsp.project.names",
    "rex_lsp.server.completion_items",
    "rex_lsp.server.targets",
    "rex_lsp.deploy.objects",
)
_POSITION: dict[str, Any] = {
    "textDocument": {"uri": "file:///"},
    "position": {"line": 0, "character": 0},
}
_RANGE = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}


async def bring_in_the_analysis() -> None:
    """What the first document needs, a part a turn: it may be opened at any moment."""
    for name in _AT_ONCE:
        importlib.import_module(name)
        await asyncio.sleep(0)


async def warm_up(ls: RexServer) -> None:
    """Do the pieces one by one, each when no message waits."""
    pieces = list(_pieces(ls))
    while pieces:
        await asyncio.sleep(_PAUSE_SECONDS)
        if ls.protocol.idle:
            pieces.pop(0)()


def _pieces(ls: RexServer) -> Iterator[Callable[[], object]]:
    yield from (partial(importlib.import_module, name) for name in _MODULES)
    yield _index
    context: dict[str, Any] = {"diagnostics": []}
    for method, params in (
        ("textDocument/completion", _POSITION),
        ("textDocument/hover", _POSITION),
        ("textDocument/codeLens", _POSITION),
        ("textDocument/codeAction", {**_POSITION, "range": _RANGE, "context": context}),
    ):
        yield partial(ls.protocol.prepare, types.METHOD_TO_TYPES[method][2], params)


def _index() -> None:
    from rex_lsp.kernel.index import load

    load()
