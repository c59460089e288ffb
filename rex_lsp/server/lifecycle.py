# SPDX-License-Identifier: Apache-2.0 OR MIT
"""initialize, initialized, shutdown, and what this server says it can do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, TypeAlias

from rex_lsp import __version__
from rex_lsp.project.settings import Layer
from rex_lsp.server.client import ClientCapabilities
from rex_lsp.server.commands import COMMANDS
from rex_lsp.server.jsonrpc import INVALID_PARAMS, RequestFailed
from rex_lsp.server.server import WARNING, RexServer
from rex_lsp.server.uris import to_path

Json: TypeAlias = dict[str, Any]

COMPLETION_TRIGGERS = (":", ".", "[", "#", '"')
SIGNATURE_TRIGGERS = ("(", ",", "<")
CODE_ACTION_KINDS = ("quickfix", "source.fixAll.rex", "rex.run")


def register(server: RexServer) -> None:
    """Register the lifecycle."""
    server.feature("initialize")(initialize)
    server.feature("initialized")(initialized)
    server.feature("shutdown")(shutdown)
    server.feature("$/setTrace")(set_trace)


def initialize(ls: RexServer, params: Any) -> Json:
    """Answer at once: nothing here reads the project or starts anything."""
    if not isinstance(params, dict) or not isinstance(params.get("capabilities"), dict):
        raise RequestFailed(INVALID_PARAMS, "expected an object with the field 'capabilities'")
    process = params.get("processId")
    ls.process_id = process if isinstance(process, int) and process > 0 else None
    ls.client = ClientCapabilities(params["capabilities"])
    name, ls.encoding = ls.client.encoding
    ls.roots = list(dict.fromkeys(_roots(params)))
    options = params.get("initializationOptions")
    options = options if isinstance(options, dict) else {}
    ls.trusted = options.get("trusted") is True
    for problem in ls.configure(Layer.USER, options.get("settings")):
        ls.log(problem, WARNING)
    ls.protocol.initialized = True
    return {
        "capabilities": _capabilities(ls, name),
        "serverInfo": {"name": "rex", "version": __version__},
    }


def initialized(ls: RexServer, params: Any) -> None:
    """The client is ready for our requests."""
    ls.protocol.spawn(_after_start(ls), "start")


async def _after_start(ls: RexServer) -> None:
    from rex_lsp.server import configuration, warmup, watching

    await warmup.bring_in_the_analysis()
    await configuration.fetch(ls)
    await watching.begin(ls)
    await warmup.warm_up(ls)


async def shutdown(ls: RexServer, params: Any) -> None:
    """Stop all work; only ``exit`` is heard afterwards."""
    ls.protocol.begin_shutdown()
    ls.stop_analysis()
    await asyncio.shield(asyncio.ensure_future(ls.end_work()))


def set_trace(ls: RexServer, params: Any) -> None:
    """There is one log, whatever the trace value."""


def _roots(params: Json) -> list[Path]:
    folders = params.get("workspaceFolders")
    uris = [
        folder["uri"]
        for folder in (folders if isinstance(folders, list) else ())
        if isinstance(folder, dict) and isinstance(folder.get("uri"), str)
    ]
    if not uris and isinstance(params.get("rootUri"), str):
        uris = [params["rootUri"]]
    if not uris and isinstance(params.get("rootPath"), str):
        return [Path(params["rootPath"])]
    return [to_path(uri) for uri in uris]


def _capabilities(ls: RexServer, encoding: str) -> Json:
    capabilities: Json = {
        "positionEncoding": encoding,
        "textDocumentSync": {
            "openClose": True,
            "change": 2,
            "save": {"includeText": False},
        },
        "codeActionProvider": {
            "codeActionKinds": list(CODE_ACTION_KINDS),
            "resolveProvider": ls.client.resolves_edits,
        },
        "codeLensProvider": {"resolveProvider": False},
        "completionProvider": {
            "triggerCharacters": list(COMPLETION_TRIGGERS),
            "resolveProvider": True,
        },
        "hoverProvider": True,
        "callHierarchyProvider": True,
        "inlayHintProvider": {"resolveProvider": False},
        "signatureHelpProvider": {"triggerCharacters": list(SIGNATURE_TRIGGERS)},
        "documentSymbolProvider": {"label": "rex"},
        "executeCommandProvider": {"commands": list(COMMANDS), "workDoneProgress": True},
        "workspace": {
            "workspaceFolders": {"supported": True, "changeNotifications": True},
        },
    }
    if ls.client.pulls_diagnostics:
        capabilities["diagnosticProvider"] = {
            "identifier": "rex",
            "interFileDependencies": True,
            "workspaceDiagnostics": False,
        }
    return capabilities
