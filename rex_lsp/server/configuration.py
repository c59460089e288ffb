# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Settings from the client: asked for where it can answer, else taken as they come."""

from __future__ import annotations

from typing import Any

from lsprotocol import types

from rex_lsp.project.settings import Layer
from rex_lsp.server.jsonrpc import RequestFailed
from rex_lsp.server.server import WARNING, RexServer

SECTION = "rex"


def register(server: RexServer) -> None:
    """Register the notification."""
    server.feature("workspace/didChangeConfiguration")(did_change_configuration)


async def did_change_configuration(
    ls: RexServer, params: types.DidChangeConfigurationParams
) -> None:
    """The settings changed: ask, or take what the message has."""
    if ls.client.has("workspace.configuration"):
        await fetch(ls)
        return
    given = params.settings
    take(ls, given.get(SECTION, given) if isinstance(given, dict) else given)


async def fetch(ls: RexServer) -> None:
    """Ask for section ``rex``, if the client can say."""
    if not ls.client.has("workspace.configuration"):
        return
    try:
        answer = await ls.protocol.request(
            "workspace/configuration", {"items": [{"section": SECTION}]}
        )
    except RequestFailed as error:
        ls.log(f"the client does not tell its settings: {error}", WARNING)
        return
    if isinstance(answer, list) and answer:
        take(ls, answer[0])


def take(ls: RexServer, values: Any) -> None:
    """Use ``values`` as the workspace's settings; what does not fit is logged and left out."""
    for problem in ls.configure(Layer.WORKSPACE, values):
        ls.log(problem, WARNING)
    ls.publisher.settings_changed()
