# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Where a Rust file may be cut into chunks of whole top-level items.

A lexer that knows strings, comments, characters and brackets, nothing more. It is a
generator so that a long file can be cut in slices between two turns of an event loop.

`strict` believes every bracket, quote and comment. When a file does not come out even,
`lenient` confines the damage: an item left open ends where the next line begins an item
in the first column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TARGET = 9_000
"""Bytes after which a chunk ends at the next item: about 300 lines."""

LOOKAHEAD = 65_536
"""Bytes that a lenient scan reads on before it gives up waiting for a closing bracket."""

_STEP = 2_000
_WORDS = (
    rb"(?:pub|fn|struct|enum|union|trait|impl|mod|use|static|const|type|extern|unsafe|async"
    rb"|macro_rules!|macro|auto|default|safe)\b"
)
_ITEM = rb"(?:" + _WORDS + rb"|#!?\[)"
_TOKENS = (
    rb"[{}()\[\]]"
    rb"|;"
    rb"|//[^\n]*"
    rb"|/\*"
    rb'|(?<![A-Za-z0-9_])(?:b|c)?r(?P<hashes>#*)"'
    rb'|"[^"\\]*(?:\\.[^"\\]*)*(?P<closed>")?'
    rb"|'(?:[^\x80-\xff'\\\n\r\t]|[\xc0-\xff][\x80-\xbf]{1,3}"
    rb"|\\(?:u\{[^'}\n]*\}|x[0-9A-Fa-f]{2}|[^\nux]))'"
)
_STRICT = re.compile(_TOKENS, re.DOTALL)
_LENIENT = re.compile(_TOKENS + rb"|\n(?=" + _ITEM + rb"|///)", re.DOTALL)
_RESYNC = re.compile(rb"\n(?=" + _ITEM + rb"|///)")
_COMMENT = re.compile(rb"/\*|\*/")
_BOUNDARY = re.compile(
    rb"[ \t]*(?://(?![/!])[^\n]*)?\r?\n"
    rb"(?=(?:[ \t]*\r?\n|[ \t]*//[^\n]*\n|[ \t]*/\*[^*]*\*+(?:[^/*][^*]*\*+)*/)*"
    rb"(?:" + _WORDS + rb"|#!?\[|[A-Za-z_][A-Za-z0-9_:]*!))"
)
_TRAILING = re.compile(rb"[ \t]*(?://(?![/!])[^\n]*)?\s*")


@dataclass(slots=True)
class Outcome:
    """How a scan ended. `clean`: brackets, strings and comments are even."""

    clean: bool = True
    net: int = 0
    """Opening brackets less closing ones, and below that the least it was on the way."""
    low: int = 0
    open_text: bool = False
    """Whether the end lies inside a string or a comment."""
    terminated: bool = True
    """Whether nothing follows the last `;` or `}` but blanks and a comment on its line.

    Other comments at the end belong to the item that comes next.
    """


def scan(data: bytes, lenient: bool, target: int, outcome: Outcome) -> Iterator[int]:
    """Yield the offsets where `data` may be cut, and -1 now and then as a place to pause.

    `outcome` is filled when the generator is exhausted.
    """
    pattern = _LENIENT if lenient else _STRICT
    size = len(data)
    at = 0
    depth = 0
    cut = 0
    boundary = 0
    resync = -1
    last_end = 0
    steps = 0
    while True:
        match = pattern.search(data, at)
        steps += 1
        if steps % _STEP == 0:
            yield -1
        broken_at = -1
        if match is None:
            if lenient and depth > 0 and resync > 0:
                broken_at = resync
            else:
                break
        else:
            start = match.start()
            at = match.end()
            first = data[start]
            if first in b"{([":
                depth += 1
            elif first in b"})]":
                if depth == 0:
                    outcome.clean = False
                    outcome.net -= 1
                    outcome.low = min(outcome.low, outcome.net)
                else:
                    depth -= 1
                    if depth == 0:
                        resync = -1
            elif first == 0x0A:
                if depth > 0 and resync < 0:
                    resync = at
                elif depth > 0 and at - resync > LOOKAHEAD:
                    broken_at = resync
            elif first == 0x3B:
                pass
            elif first == 0x2F:
                if data[start + 1] == 0x2A:
                    at = _comment_end(data, at)
                    if at < 0:
                        found = _RESYNC.search(data, start) if lenient else None
                        if found is None:
                            outcome.open_text = True
                            break
                        broken_at = found.end()
            elif match["hashes"] is not None:
                closing = b'"' + match["hashes"]
                end = data.find(closing, at)
                if end < 0:
                    found = _RESYNC.search(data, start) if lenient else None
                    if found is None:
                        outcome.open_text = True
                        break
                    broken_at = found.end()
                else:
                    at = end + len(closing)
            elif first != 0x27:
                if match["closed"] is None:
                    found = _RESYNC.search(data, start) if lenient else None
                    if found is None:
                        outcome.open_text = True
                        break
                    broken_at = found.end()
                elif lenient:
                    found = _RESYNC.search(data, start, at)
                    if found is not None:
                        broken_at = found.end()
            if broken_at < 0:
                if depth == 0 and first in b";}":
                    last_end = at
                    if lenient or at - cut >= target:
                        edge = _BOUNDARY.match(data, at)
                        if edge is not None:
                            boundary = edge.end()
                            if boundary - cut >= target:
                                cut = boundary
                                yield cut
                continue
        outcome.clean = False
        if boundary > cut:
            cut = boundary
            yield cut
        cut = boundary = at = last_end = broken_at
        depth = 0
        resync = -1
        if broken_at >= size:
            break
        yield cut
    outcome.net += depth
    if depth or outcome.open_text:
        outcome.clean = False
    if outcome.clean:
        trailing = _TRAILING.match(data, last_end) if last_end else None
        end = trailing.end() if trailing is not None else 0
        outcome.terminated = not data[end:].strip()


def _comment_end(data: bytes, at: int) -> int:
    """The end of the block comment whose opening ends at `at`, or -1; comments nest."""
    nesting = 1
    while nesting:
        match = _COMMENT.search(data, at)
        if match is None:
            return -1
        at = match.end()
        nesting += 1 if match.group() == b"/*" else -1
    return at


def cut(data: bytes, lenient: bool, target: int = TARGET) -> tuple[list[int], Outcome]:
    """All cuts of `data` at once."""
    outcome = Outcome()
    cuts = [at for at in scan(data, lenient, target, outcome) if at >= 0]
    return cuts, outcome
