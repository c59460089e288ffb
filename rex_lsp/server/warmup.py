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

import attrs
from lsprotocol import types

from rex_lsp.server.server import RexServer

_PAUSE_SECONDS = 0.05
_AT_ONCE = (
    "tree_sitter_rust",
    "rex_lsp.syntax.document",
    "rex_lsp.model.answers",
    "rex_lsp.model.facts",
    "rex_lsp.model.signature",
    "rex_lsp.model.reading.reader",
    "rex_lsp.model.crate",
    "rex_lsp.rules.registry",
    "rex_lsp.rules.engine",
    "rex_lsp.build.process",
    "rex_lsp.build.toolchain",
    "rex_lsp.build.toml_text",
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
    yield from _types()
    context: dict[str, Any] = {"diagnostics": []}
    for method, params in (
        ("textDocument/completion", _POSITION),
        ("textDocument/hover", _POSITION),
        ("textDocument/codeLens", _POSITION),
        ("textDocument/codeAction", {**_POSITION, "range": _RANGE, "context": context}),
    ):
        yield partial(ls.protocol.prepare, types.METHOD_TO_TYPES[method][2], params)


def _types() -> Iterator[Callable[[], object]]:
    """What cattrs would do for all message types at once, forty a piece."""
    classes = [kind for kind in types.ALL_TYPES_MAP.values() if isinstance(kind, type)]
    for begin in range(0, len(classes), 40):
        yield partial(_resolve, classes[begin : begin + 40])


def _resolve(classes: list[type]) -> None:
    for kind in filter(attrs.has, classes):
        attrs.resolve_types(kind, dict(types.ALL_TYPES_MAP), {})


def _index() -> None:
    from rex_lsp.kernel.index import load

    load()
