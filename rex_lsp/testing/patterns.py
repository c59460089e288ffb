# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Patterns for lines: text with placeholders, or a regular expression.

A placeholder stands in braces: ``{number}``, ``{hex}``, ``{time}`` and ``{any}`` for what
differs from run to run, ``{pid}`` and ``{cpu}`` for those of the event itself,
``{N:number}`` to remember what was found as ``N``, and ``{N}``, ``{N+1}``, ``{N-1}`` to use
it in the same pattern's later lines. ``{{`` and ``}}`` are braces.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

_KINDS: Mapping[str, str] = {
    "number": r"-?[0-9]+",
    "hex": r"(?:0x)?[0-9a-fA-F]+",
    "time": r"[0-9]+(?:\.[0-9]+)?",
    "any": r".*",
    "pid": r"[0-9]+",
    "cpu": r"[0-9]+",
}
_OF_THE_EVENT = ("pid", "cpu")
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAMED = re.compile(r"([A-Za-z_]\w*)(?::([a-z]+)|([+-]\d+))?\Z")


class BadPattern(Exception):
    """A pattern that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Matches whole texts; ``source`` is as the file has it."""

    source: str
    is_regex: bool = False

    def __post_init__(self) -> None:
        if self.is_regex:
            try:
                re.compile(self.source)
            except re.error as error:
                raise BadPattern(f"not a regular expression: {error}") from None
            return
        for token in _TOKEN.finditer(self.source):
            _check(token)

    def names(self) -> set[str]:
        """The names under which it remembers numbers."""
        found = (_NAMED.match(token[1] or "") for token in _TOKEN.finditer(self.source))
        return set() if self.is_regex else {one[1] for one in found if one is not None and one[2]}

    def match(
        self, text: str, known: Mapping[str, str], event: Mapping[str, object] | None = None
    ) -> dict[str, str] | None:
        """What it remembers with what was known if the whole text matches, else None."""
        if self.is_regex:
            return dict(known) if re.fullmatch(self.source, text, re.DOTALL) else None
        found = re.fullmatch(self._regex(known, event or {}), text, re.DOTALL)
        return None if found is None else {**known, **found.groupdict()}

    def _regex(self, known: Mapping[str, str], event: Mapping[str, object]) -> str:
        out = []
        end = 0
        here: set[str] = set()
        for token in _TOKEN.finditer(self.source):
            out.append(re.escape(self.source[end : token.start()]))
            end = token.end()
            if token[1] is None:
                out.append(re.escape(token[0][0]))
                continue
            name, kind, step = _parts(token[1])
            if kind is not None:
                out.append(f"(?P<{name}>{_KINDS[kind]})")
                here.add(name)
            elif name in _OF_THE_EVENT and name in event:
                out.append(re.escape(str(event[name])))
            elif name in here and not step:
                out.append(f"(?P={name})")
            elif name in known:
                out.append(re.escape(_moved(known[name], step)))
            else:
                # What was never found matches nothing; the reader refused unknown words.
                out.append(_KINDS.get(name, r"(?!)"))
        out.append(re.escape(self.source[end:]))
        return "".join(out)


def _parts(word: str) -> tuple[str, str | None, int]:
    found = _NAMED.match(word)
    assert found is not None
    return found[1], found[2], int(found[3] or 0)


def _moved(value: str, step: int) -> str:
    try:
        return str(int(value) + step) if step else value
    except ValueError:
        return value


def _check(token: re.Match[str]) -> None:
    if token[0] in ("{{", "}}"):
        return
    if token[1] is None:
        raise BadPattern(f"a lone {token[0]}; write {token[0] * 2} for the character")
    found = _NAMED.match(token[1])
    if found is None or (found[2] is not None and found[2] not in _KINDS):
        word = token[1] if found is None else found[2]
        near = difflib.get_close_matches(word, _KINDS, n=2, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(_KINDS)}"
        raise BadPattern(f"the placeholder {token[0]} is unknown; {hint}")


def unknown_names(patterns: list[Pattern]) -> list[tuple[str, list[str]]]:
    """Names that one of the patterns uses but none remembers, with placeholders like them."""
    remembered = set().union(*(one.names() for one in patterns)) if patterns else set()
    used = {
        _parts(token[1])[0]
        for one in patterns
        if not one.is_regex
        for token in _TOKEN.finditer(one.source)
        if token[1] is not None
    }
    unknown = sorted(used - remembered - set(_KINDS))
    return [(name, difflib.get_close_matches(name, _KINDS, n=1, cutoff=0.5)) for name in unknown]
