# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The table of feature modules; each registers its own methods."""

from __future__ import annotations

from rex_lsp.server import (
    call_hierarchy,
    code_actions,
    commands,
    completion,
    configuration,
    diagnostics,
    documents,
    hover,
    inlay_hints,
    lenses,
    lifecycle,
    progress,
    signature,
    symbols,
    trust,
    watching,
)
from rex_lsp.server.server import RexServer

_MODULES = (
    lifecycle,
    documents,
    diagnostics,
    code_actions,
    lenses,
    call_hierarchy,
    completion,
    hover,
    inlay_hints,
    signature,
    symbols,
    commands,
    progress,
    configuration,
    watching,
    trust,
)


def register(server: RexServer) -> None:
    """Register every feature with ``server``."""
    for module in _MODULES:
        module.register(server)
