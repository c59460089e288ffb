# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Findings as JSON, the format of `docs/schemas/diagnostics.json`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rex_lsp.cli.report import NAMES
from rex_lsp.cli.report_paths import relative
from rex_lsp.cli.source_text import Sources
from rex_lsp.rules.finding import Finding, Fix
from rex_lsp.syntax.positions import Range


def as_json(findings: Sequence[tuple[Path, Finding]], directory: Path) -> dict[str, Any]:
    """The document of `--format json`; ranges are zero-based and UTF-16, as in LSP."""
    sources = Sources()

    def shown(path: Path) -> str:
        return relative(path, directory)

    def fix(found: Fix, path: Path) -> dict[str, Any]:
        edits = [
            {
                "path": shown(edit.path or path),
                "range": _range(sources.get(edit.path or path).range(edit.span)),
                "newText": edit.text,
            }
            for edit in found.edits
        ]
        return {"title": found.title, "applicability": found.applicability.value, "edits": edits}

    diagnostics = [
        {
            "code": f.code,
            "severity": NAMES[f.severity],
            "message": f.message,
            "path": shown(path),
            "range": _range(sources.get(path).range(f.span)),
            "source": f.source,
            "related": [
                {
                    "path": shown(r.path),
                    "range": _range(sources.get(r.path).range(r.span)),
                    "message": r.message,
                }
                for r in f.related
            ],
            "fixes": [fix(found, path) for found in f.fixes],
        }
        for path, f in findings
    ]
    return {"version": 1, "diagnostics": diagnostics}


def _range(found: Range) -> dict[str, Any]:
    return {
        "start": {"line": found.start.line, "character": found.start.character},
        "end": {"line": found.end.line, "character": found.end.character},
    }
