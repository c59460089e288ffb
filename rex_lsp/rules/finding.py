# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a rule has to say: a finding, its severity, its fixes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
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


class Applicability(Enum):
    """Who may apply a fix: anybody unseen, a person who asks for it, a person who completes it."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Fix:
    """A quick fix; a preferred one is offered first."""

    title: str
    edits: tuple[Edit, ...]
    applicability: Applicability = Applicability.UNSAFE
    preferred: bool = False

    @property
    def safe(self) -> bool:
        """Whether fix-all may apply it unseen."""
        return self.applicability is Applicability.SAFE


@dataclass(frozen=True, slots=True)
class Offer:
    """A kind of fix that a rule has; `title` has the places of `fix`'s words in braces."""

    title: str
    applicability: Applicability
    preferred: bool = True

    def fix(self, *edits: Edit, **words: str) -> Fix:
        """The fix for one finding."""
        title = self.title.format(**words)
        return Fix(title, edits, self.applicability, self.preferred)


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
