# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Between LSP's JSON and our types.

What goes out in bulk is plain dictionaries in LSP's shapes: cattrs would spend more on
the first message of each kind than the analysis itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from lsprotocol import types

from rex_lsp.server.jsonrpc import INVALID_PARAMS, RequestFailed
from rex_lsp.server.uris import from_path
from rex_lsp.syntax.positions import Encoding, Position, Range, Span

if TYPE_CHECKING:
    from rex_lsp.project.store import Shown
    from rex_lsp.rules.finding import Edit, Finding
    from rex_lsp.syntax.document import Document

Json: TypeAlias = dict[str, Any]
Open: TypeAlias = "Callable[[Path], Document | None]"

_LARGEST = 2**31 - 1


def position_in(position: types.Position) -> Position:
    """A client's position.

    Raises:
        RequestFailed: a number outside of LSP's ``uinteger`` (-32602).
    """
    return checked(position.line, position.character)


def checked(line: int, character: int) -> Position:
    """A client's line and character as a position; raises as :func:`position_in` does."""
    if not (0 <= line <= _LARGEST and 0 <= character <= _LARGEST):
        raise RequestFailed(
            INVALID_PARAMS,
            f"expected line and character between 0 and {_LARGEST}, found {line}:{character}",
        )
    return Position(line, character)


def range_in(given: types.Range) -> Range:
    """A client's range, see :func:`position_in`."""
    return Range(position_in(given.start), position_in(given.end))


def position_out(position: Position) -> Json:
    """A position in LSP's shape."""
    return {"line": position.line, "character": position.character}


def range_out(document: Document, span: Span, encoding: Encoding) -> Json:
    """A span of ``document`` as an LSP range."""
    found = document.range(span, encoding)
    return {"start": position_out(found.start), "end": position_out(found.end)}


NOWHERE: Json = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}


class DiagnosticWriter:
    """Writes findings as LSP diagnostics, as far as the client understands them."""

    def __init__(self, encoding: Encoding, open_text: Open, *, related: bool, tags: bool) -> None:
        self._encoding = encoding
        self._open = open_text
        self._related = related
        self._tags = tags

    def write(self, path: Path, shown: Shown) -> Json:
        """One diagnostic of the file at ``path``."""
        finding = shown.finding
        diagnostic: Json = {
            "range": self._range(path, finding.span),
            "severity": int(finding.severity),
            "code": finding.code,
            "source": finding.source,
            "message": finding.message,
        }
        page = rule_page(finding.code)
        if page is not None:
            diagnostic["codeDescription"] = {"href": page}
        if finding.unnecessary and self._tags:
            diagnostic["tags"] = [1]
        if finding.related and self._related:
            diagnostic["relatedInformation"] = [
                {
                    "location": {
                        "uri": from_path(related.path),
                        "range": self._range(related.path, related.span),
                    },
                    "message": related.message,
                }
                for related in finding.related
            ]
        return diagnostic

    def write_all(self, path: Path, shown: list[Shown], limit: int) -> list[Json]:
        """The file's diagnostics, errors first when there are more than ``limit``."""
        if len(shown) <= limit:
            return [self.write(path, one) for one in shown]
        kept = sorted(shown, key=lambda one: (one.finding.severity, one.finding.span))[:limit]
        rest = len(shown) - len(kept)
        written = [self.write(path, one) for one in kept]
        written.append(
            {
                "range": NOWHERE,
                "severity": 3,
                "source": "rex",
                "message": f"{rest} more are not shown (rex.diagnostics.limit is {limit})",
            }
        )
        return written

    def _range(self, path: Path, span: Span) -> Json:
        document = self._open(path)
        return NOWHERE if document is None else range_out(document, span, self._encoding)


def text_edits(document: Document, edits: list[Edit], encoding: Encoding) -> list[Json]:
    """Edits of one file as LSP text edits."""
    return [
        {"range": range_out(document, edit.span, encoding), "newText": edit.text} for edit in edits
    ]


@cache
def rule_page(code: str) -> str | None:
    """The URI of a rule's page, None for a code that is not one of ours."""
    if not code.startswith("rex::"):
        return None
    from rex_lsp.rules.pages import page_path

    page = page_path(code)
    return None if page is None else from_path(page)


def overlaps(finding: Finding, span: Span) -> bool:
    """Whether a finding touches a selected stretch; a cursor touches both its sides."""
    return finding.span.start <= span.end and span.start <= finding.span.end
