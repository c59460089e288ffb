# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a run showed, as findings at the source line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from rex_lsp.deploy.events import Event, Frame
from rex_lsp.rules.finding import Finding, Related, Severity
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Encoding, Position, Span

SOURCE = "rex-runtime"

_CODES: Mapping[str, str] = {
    "panic": "rex::panicked",
    "terminated": "rex::terminated",
    "stack": "rex::stack_exceeded",
    "fault": "rex::faulted",
    "leak": "rex::leak",
}
_WORDS: Mapping[str, str] = {
    "panic": "panicked on the last run",
    "terminated": "ran too long on the last run and was ended",
    "stack": "exceeded its stack on the last run",
    "fault": "faulted on the last run",
}

Open = Callable[[Path], "Document | None"]


def finding_of(event: Event, package: Path, open_text: Open) -> tuple[Path, Finding] | None:
    """The finding of a stop or a leak, None for other events and for unknown places.

    The place is the innermost one in a file of the package: a panic inside the kernel
    crate is shown where the extension called it.
    """
    code = _CODES.get(event.kind)
    if code is None:
        return None
    places = [place for place in (event.place, *event.frames) if place is not None]
    for place in places:
        path = _own(place, package)
        document = None if path is None else open_text(path)
        if path is not None and document is not None:
            finding = Finding(
                code=code,
                severity=Severity.ERROR,
                message=_message(event),
                span=_span(document, place),
                source=SOURCE,
                related=_trace(event, package, open_text),
                item=event.program,
            )
            return path, finding
    return None


def _message(event: Event) -> str:
    if event.kind == "leak":
        resource = event.raw.get("resource") or "a resource"
        return f"{event.program} returned while it held {resource}; the runtime released it"
    detail = f": {event.message}" if event.message else ""
    return f"{event.program} {_WORDS[event.kind]}{detail}"


def _trace(event: Event, package: Path, open_text: Open) -> tuple[Related, ...]:
    related: list[Related] = []
    for depth, frame in enumerate(event.frames):
        path = _own(frame, package)
        document = None if path is None else open_text(path)
        if path is not None and document is not None:
            name = frame.function or "a function without a name"
            related.append(Related(path, _span(document, frame), f"call trace {depth}: {name}"))
    return tuple(related)


def _own(place: Frame, package: Path) -> Path | None:
    if not place.file or place.line < 1:
        return None
    path = package / place.file
    return path if path.is_relative_to(package) and path.is_file() else None


def _span(document: Document, place: Frame) -> Span:
    """From the place's column (or the first word of its line) to the end of the line."""
    line = place.line - 1
    last = document.line_count() - 1
    if line > last:
        return Span(len(document), len(document))
    start = document.offset(Position(line, 0), Encoding.UTF8)
    end = document.offset(Position(line, 1 << 30), Encoding.UTF8)
    text = document.data[start:end]
    column = place.column - 1 if 0 < place.column <= len(text) else 0
    lead = len(text) - len(text.lstrip())
    return Span(start + max(column, lead), start + max(len(text.rstrip()), lead))
