# SPDX-License-Identifier: Apache-2.0 OR MIT
"""An attach target that the runtime does not know, shown at the program's attribute.

An edit of the attribute takes it away again.
"""

from __future__ import annotations

from rex_lsp.deploy.errors import RuntimeFailed
from rex_lsp.deploy.findings import SOURCE
from rex_lsp.project.store import Tier
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.server.server import RexServer
from rex_lsp.server.targets import Selection

_UNKNOWN = "unknown_attach_target"


def report_unknown_target(ls: RexServer, selection: Selection, failed: RuntimeFailed) -> None:
    """Put ``rex::unknown_attach_target`` at each program whose target the message names."""
    crate = ls.files.crate(selection.path)
    if failed.kind != _UNKNOWN or crate is None:
        return
    for path in crate.files():
        for program in crate.programs(path):
            named = selection.program == program.name or (
                program.attach and program.attach in failed.message
            )
            if not named:
                continue
            finding = Finding(
                code="rex::unknown_attach_target",
                severity=Severity.WARNING,
                message=str(failed),
                span=program.attribute.span,
                source=SOURCE,
                item=program.item,
            )
            ls.files.store.add(Tier.RUNTIME, path, finding, selection.package)
