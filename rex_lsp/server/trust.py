# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Trust: without it no process starts for the project.

``initializationOptions.trusted`` says it at the start (absent means false), the
notification ``rex/didChangeTrust`` with ``{"trusted": bool}`` later.
"""

from __future__ import annotations

from typing import Any

from rex_lsp.server.jsonrpc import INVALID_PARAMS, REQUEST_FAILED, RequestFailed
from rex_lsp.server.server import RexServer


def register(server: RexServer) -> None:
    """Register the notification."""
    server.feature("rex/didChangeTrust")(did_change_trust)


def did_change_trust(ls: RexServer, params: Any) -> None:
    """Take the person's decision; taking trust back ends what runs."""
    trusted = params.get("trusted") if isinstance(params, dict) else None
    if not isinstance(trusted, bool):
        raise RequestFailed(INVALID_PARAMS, "expected an object with the boolean 'trusted'")
    if trusted == ls.trusted:
        return
    ls.trusted = trusted
    if not trusted:
        ls.protocol.spawn(ls.end_work(), "ending what runs")
        if ls.has_measured:
            ls.measuring.forget()
    ls.publisher.refresh_lenses()
    ls.publisher.refresh_hints()


def require(ls: RexServer, what: str) -> None:
    """Refuse ``what`` in an untrusted workspace.

    Raises:
        RequestFailed: the workspace is not trusted.
    """
    if not ls.trusted:
        raise RequestFailed(
            REQUEST_FAILED,
            f"{what} runs programs of this workspace, and it is not trusted; trust the workspace "
            "in the editor, or set initializationOptions.trusted",
        )
