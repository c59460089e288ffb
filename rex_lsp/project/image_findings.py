# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the rules say of an image, with the fixes that take a panic away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rex_lsp.image.findings import findings_of
from rex_lsp.image.view import Panic, View
from rex_lsp.rules.finding import Finding
from rex_lsp.rules.may_panic import RULE as MAY_PANIC
from rex_lsp.rules.panic_fixes import panic_fix
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Encoding


def image_findings(
    facts: Mapping[str, Any], view: View, package: Path
) -> dict[Path, list[Finding]]:
    """The findings by file, with places in the files on disk, which the image was built from."""
    known: dict[Path, Document | None] = {}

    def opened(path: Path) -> Document | None:
        if path not in known:
            try:
                known[path] = Document(path.read_bytes())
            except OSError:
                known[path] = None
        return known[path]

    found: dict[Path, dict[Finding, None]] = {}
    panics: dict[tuple[Path, int], list[Panic]] = {}
    for panic in view.panics:
        if panic.line is not None:
            panics.setdefault((package / panic.line.file, panic.line.line - 1), []).append(panic)
    for path, finding in findings_of(dict(facts), package, opened):
        document = opened(path)
        if finding.code == MAY_PANIC.code and document is not None:
            line = document.position(finding.span.start, Encoding.UTF8).line
            fixed = _with_fix(document, finding, panics.get((path, line), []))
            found.setdefault(path, {})[fixed] = None
        else:
            found.setdefault(path, {})[finding] = None
    return {path: list(findings) for path, findings in found.items()}


def _with_fix(document: Document, finding: Finding, panics: list[Panic]) -> Finding:
    """The finding of one line with the fix of the panic there that has one."""
    for panic in panics:
        fix = panic_fix(document, finding.span.start, callee=panic.callee)
        if fix is not None:
            return replace(finding, fixes=(fix,))
    return finding
