# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Rules that need true types, over the MIR that the compiler leaves beside its metadata."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rex_lsp.build.messages import Placed, Places
from rex_lsp.build.turns import Turns
from rex_lsp.model.mir import Body, Place, read_mir
from rex_lsp.rules.finding import Finding
from rex_lsp.rules.registry import RULES
from rex_lsp.rules.rule import Rule
from rex_lsp.syntax.positions import Span


async def mir_findings(
    dep_info: Iterable[Path],
    places: Places,
    told: Mapping[Path, Sequence[Finding]],
    allows: Callable[[Path, str, int], bool],
) -> list[Placed]:
    """What the rules see in each of the person's crates and nobody told about that line.

    `allows` answers whether a comment allows a rule at a byte of a file.
    """
    made: list[Placed] = []
    turns = Turns()
    files = _Files(places)
    done: set[tuple[str, Path, int]] = {
        (finding.code, path, files.line(path, finding.span.start))
        for path, found in told.items()
        for finding in found
    }
    for file in sorted({one.with_suffix(".mir") for one in dep_info}):
        functions = await _Functions.below(file, turns)
        for rule in RULES.values():
            if rule.check_mir is None:
                continue
            bodies = await functions.for_rule(rule, turns)
            for sighting in rule.check_mir(bodies) if bodies else ():
                path = places.own(sighting.place.file)
                span = None if path is None else files.span(path, sighting.place)
                if path is None or span is None:
                    continue
                key = (rule.code, path, sighting.place.line)
                if rule.suppressible and allows(path, rule.name, span.start):
                    continue
                if key not in done:
                    done.add(key)
                    said = Finding(rule.code, rule.severity, sighting.message, span, source="rustc")
                    made.append((path, said))
    return made


@dataclass(slots=True)
class _Functions:
    """One text for each function of a crate, read as MIR when a rule may speak about it."""

    texts: list[str] = field(default_factory=list)
    _read: dict[int, list[Body]] = field(default_factory=dict)

    @classmethod
    async def below(cls, directory: Path, turns: Turns) -> _Functions:
        """Those in a directory; only the person's own crates leave any."""
        made = cls()
        files: list[Path] = []
        with contextlib.suppress(OSError):
            # The same word is part of the names of later passes.
            files = sorted(directory.glob("*.analysis.after.mir"))
        for file in files:
            await turns.pause()
            with contextlib.suppress(OSError, UnicodeDecodeError):
                made.texts.append(file.read_text(encoding="utf-8"))
        return made

    async def for_rule(self, rule: Rule, turns: Turns) -> list[Body]:
        """The functions that a rule may have something to say about."""
        wanted = [at for at, text in enumerate(self.texts) if _concerns(rule, text)]
        if wanted and rule.mir_callers:
            wanted = list(range(len(self.texts)))
        bodies: list[Body] = []
        for at in wanted:
            if at not in self._read:
                await turns.pause()
                self._read[at] = read_mir(self.texts[at])
            bodies += self._read[at]
        return bodies


def _concerns(rule: Rule, text: str) -> bool:
    return not rule.mir_words or any(word in text for word in rule.mir_words)


@dataclass(frozen=True, slots=True)
class _Text:
    data: bytes
    lines: list[int]


class _Files:
    """From the compiler's lines and columns to bytes."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: dict[Path, _Text | None] = {}

    def line(self, path: Path, offset: int) -> int:
        """The line of an offset, from 1."""
        text = self._text(path)
        return 0 if text is None else text.data.count(b"\n", 0, offset) + 1

    def span(self, path: Path, place: Place) -> Span | None:
        """The bytes of a place; None where the file is not what was compiled."""
        text = self._text(path)
        if text is None or place.end_line > len(text.lines):
            return None
        start = self._offset(text, place.line, place.column)
        return Span(start, max(start, self._offset(text, place.end_line, place.end_column)))

    def _offset(self, text: _Text, line: int, column: int) -> int:
        start = text.lines[line - 1]
        end = text.data.find(b"\n", start)
        whole = text.data[start : end if end >= 0 else len(text.data)].decode("utf-8", "replace")
        return start + len(whole[: column - 1].encode())

    def _text(self, path: Path) -> _Text | None:
        if path not in self._known:
            try:
                data = path.read_bytes()
            except OSError:
                self._known[path] = None
            else:
                lines = [0, *(at + 1 for at, byte in enumerate(data) if byte == 0x0A)]
                self._known[path] = _Text(data, lines)
        return self._known[path]
