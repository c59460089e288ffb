# SPDX-License-Identifier: Apache-2.0 OR MIT
"""rustc's and clippy's JSON messages turned into findings at the person's own lines.

The format is the one of the rustc book, chapter "JSON Output", wrapped by cargo as in the
Cargo book, chapter "External Tools". Spans are byte offsets of the file on disk.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rex_lsp.build.linker import link_findings
from rex_lsp.rules.compiler import rule_for
from rex_lsp.rules.finding import Applicability, Edit, Finding, Fix, Related, Severity
from rex_lsp.syntax.positions import Span

Message = Mapping[str, Any]
Placed = tuple[Path, Finding]

_SEVERITIES = {
    "error": Severity.ERROR,
    "error: internal compiler error": Severity.ERROR,
    "warning": Severity.WARNING,
    "note": Severity.INFORMATION,
    "help": Severity.HINT,
}
_NOISE = (
    "aborting due to",
    "for more information about this error",
    "some errors have detailed explanations",
    "`#[warn(",
    "`#[deny(",
    "`#[forbid(",
    "`#[allow(",
    "requested on the command line with",
    "`-F ",
    "`forbid` lint level was set",
    "`-D ",
    "`-W ",
    "the lint level is defined here",
    "for further information visit",
    "this error originates in",
    "this warning originates in",
    "to override `",
    "this is the command line",
)
_UNNECESSARY = ("unused_", "dead_code", "unreachable_", "redundant_")


@dataclass(frozen=True, slots=True)
class Places:
    """Which files are the person's.

    `base` is the directory rustc ran in, `package` the one images name paths from, `roots`
    the person's packages, `manifest` their Cargo.toml, and `dependency_spans` where each
    direct dependency stands in it.
    """

    base: Path
    package: Path
    roots: tuple[Path, ...]
    manifest: Path
    dependency_spans: Mapping[str, tuple[int, int]]
    root_file: Path

    def own(self, name: str) -> Path | None:
        """The file `name` speaks of, if it is one of the person's."""
        path = self.base / name
        return path if any(path.is_relative_to(root) for root in self.roots) else None


def parse_line(line: bytes) -> Message | None:
    """One line of `cargo --message-format=json`; None for anything else a tool printed."""
    if not line.startswith(b"{"):
        return None
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def findings_of(cargo_message: Message, places: Places) -> list[Placed]:
    """What one `compiler-message` says, each finding with its file."""
    message = cargo_message.get("message")
    if not isinstance(message, dict):
        return []
    level = str(message.get("level"))
    text = str(message.get("message", ""))
    if level not in _SEVERITIES or text.lower().startswith(_NOISE):
        return []
    if text.startswith("linking with "):
        return link_findings(_notes(message), places.package, places.root_file)
    primary = [span for span in _spans(message) if span.get("is_primary")]
    placed = next(((p, s) for s in primary for p, s in [_outermost(s, places)] if p), None)
    if placed is None:
        return _elsewhere(cargo_message, message, primary, places)
    path, span = placed
    return [(path, _finding(message, span, primary, places))] if path else []


def _finding(
    message: Message, span: Message, primary: Sequence[Message], places: Places
) -> Finding:
    code = _code(message)
    blamed = rule_for(code, str(message.get("message", "")))
    related = list(_related(message, primary, places))
    text = str(message.get("message", ""))
    label = next((str(s["label"]) for s in primary if s.get("label")), "")
    if label and label not in text:
        text += f": {label}"
    for note in _notes(message)[:2]:
        text += f"\n{note}"
    return Finding(
        code=blamed.code if blamed else code,
        severity=blamed.severity if blamed else _SEVERITIES[str(message.get("level"))],
        message=text,
        span=_bytes(span),
        source="clippy" if code.startswith("clippy::") else "rustc",
        fixes=tuple(_fixes(message, places)),
        related=tuple(dict.fromkeys(related)),
        unnecessary=code.startswith(_UNNECESSARY),
    )


def _code(message: Message) -> str:
    code = message.get("code")
    found = code.get("code") if isinstance(code, dict) else None
    return str(found) if found else "rustc"


def _elsewhere(
    cargo_message: Message, message: Message, primary: Sequence[Message], places: Places
) -> list[Placed]:
    """A message with no place in the person's files: at the line of the dependency to blame."""
    if _SEVERITIES[str(message.get("level"))] is not Severity.ERROR:
        return []
    target = cargo_message.get("target") or {}
    text = str(message.get("message", ""))
    own = places.own(str(target.get("src_path", "")))
    if own is not None:
        text = "\n".join([text, *_notes(message)[:2]])
        return [(own, _plain(message, text, Span(0, 0)))]
    crate = str(target.get("name", ""))
    place = ""
    if primary:
        file = Path(str(primary[0].get("file_name"))).name
        place = f" ({file}:{primary[0].get('line_start')})"
    text = f"`{crate}` does not compile for the kernel: {text}{place}"
    known = {name.replace("-", "_"): span for name, span in places.dependency_spans.items()}
    start, end = known.get(crate.replace("-", "_"), (0, 0))
    return [(places.manifest, _plain(message, text, Span(start, end)))]


def _plain(message: Message, text: str, span: Span) -> Finding:
    code = _code(message)
    blamed = rule_for(code, str(message.get("message", "")))
    return Finding(blamed.code if blamed else code, Severity.ERROR, text, span, source="rustc")


def _spans(message: Message) -> list[Message]:
    spans = message.get("spans")
    return [s for s in spans if isinstance(s, dict)] if isinstance(spans, list) else []


def _children(message: Message) -> list[Message]:
    children = message.get("children")
    return [c for c in children if isinstance(c, dict)] if isinstance(children, list) else []


def _notes(message: Message) -> list[str]:
    """Notes and helps that have no place of their own, without the ones nobody needs."""
    found = []
    for child in _children(message):
        text = str(child.get("message", ""))
        if not _spans(child) and text and not text.lower().startswith(_NOISE):
            found.append(f"{child.get('level')}: {text}")
    return found


def _outermost(span: Message, places: Places) -> tuple[Path | None, Message]:
    """Where the person wrote what was expanded: the outermost call site in their files."""
    best: tuple[Path | None, Message] = (places.own(str(span.get("file_name"))), span)
    expansion = span.get("expansion")
    while isinstance(expansion, dict) and isinstance(expansion.get("span"), dict):
        span = expansion["span"]
        path = places.own(str(span.get("file_name")))
        if path is not None:
            best = (path, span)
        expansion = span.get("expansion")
    return best


def _related(message: Message, primary: Sequence[Message], places: Places) -> Iterator[Related]:
    for span in _spans(message):
        label = span.get("label")
        if not span.get("is_primary") and label:
            path, place = _outermost(span, places)
            if path is not None:
                yield Related(path, _bytes(place), str(label))
    for span in primary[1:]:
        path, place = _outermost(span, places)
        if path is not None:
            yield Related(path, _bytes(place), str(span.get("label") or "and here"))
    for child in _children(message):
        text = str(child.get("message", ""))
        if text.lower().startswith(_NOISE):
            continue
        for span in _spans(child):
            if span.get("suggested_replacement") is None:
                path, place = _outermost(span, places)
                if path is not None:
                    yield Related(path, _bytes(place), text)


def _fixes(message: Message, places: Places) -> Iterator[Fix]:
    for child in [message, *_children(message)]:
        edits: list[Edit] = []
        safe = True
        for span in _spans(child):
            replacement = span.get("suggested_replacement")
            if not isinstance(replacement, str):
                continue
            applicability = span.get("suggestion_applicability")
            path = places.own(str(span.get("file_name")))
            usable = applicability in ("MachineApplicable", "MaybeIncorrect")
            if not usable or path is None or span.get("expansion") is not None:
                edits = []
                break
            safe = safe and applicability == "MachineApplicable"
            edits.append(Edit(_bytes(span), replacement, path))
        if edits:
            title = str(child.get("message", "")).split("\n", 1)[0].rstrip(":")
            applicability = Applicability.SAFE if safe else Applicability.UNSAFE
            yield Fix(title, tuple(edits), applicability, preferred=safe)


def _bytes(span: Message) -> Span:
    return Span(int(span.get("byte_start", 0)), int(span.get("byte_end", 0)))
