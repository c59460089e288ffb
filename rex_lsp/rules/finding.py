# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a rule has to say: a finding, its severity, its fixes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from rex_lsp.syntax.positions import Span


class Severity(IntEnum):
    """LSP's DiagnosticSeverity."""

    ERROR = 1
    WARNING = 2
    INFORMATION = 3
    HINT = 4


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the bytes of `span` by `text`; `path` is None for the finding's own file."""

    span: Span
    text: str
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """A quick fix. A safe one may be applied unseen (fix-all); a preferred one is offered first."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool = False
    preferred: bool = False


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that explains the finding."""

    path: Path
    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One diagnostic: `code` is the full `rex::leak`, `source` the tier that proved it.

    `item` is the path of the enclosing item (`module::function`), which together with
    code and anchor span is the finding's identity in the store.
    """

    code: str
    severity: Severity
    message: str
    span: Span
    source: str = "rex"
    fixes: tuple[Fix, ...] = ()
    related: tuple[Related, ...] = ()
    item: str = ""
    unnecessary: bool = False
    estimate: bool = False
