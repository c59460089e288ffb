# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The text that an image was built from, compared with the text of now.

A text is compared item by item, so that a comment between two functions makes nothing stale,
an edit that is taken back neither, and a line of the build is found where its item is now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary

from rex_lsp.syntax.chunk import Chunk
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.tree import text_of


class Unit(NamedTuple):
    """An item at the top of a file: its text's digest and its lines, counted from 0."""

    kind: str
    name: str
    digest: bytes
    first: int
    last: int


class BuiltText:
    """What stood in the `files` of a package when its image was built."""

    def __init__(self) -> None:
        self.files: dict[Path, tuple[Unit, ...]] = {}
        self._reader = _Units()

    def add(self, path: Path, document: Document) -> None:
        """Take note of a file as it is now."""
        self.files[path] = self._reader.of(document)

    def edited(self, path: Path, now: Document | None, others: Collection[str]) -> bool:
        """Whether a file says something else than it did.

        Functions named in `others` do not count: other programs, which nobody can call.
        """
        before = self.files.get(path)
        if before is None:
            return False
        after = () if now is None else self._reader.of(now)
        if before is after:
            return False
        return _counts(before, others) != _counts(after, others)

    def line_now(self, path: Path, line: int, now: Document | None) -> int | None:
        """Where a line of the build (from 0) stands now; None when its item was edited."""
        before = self.files.get(path)
        if before is None or now is None:
            return None
        after = self._reader.of(now)
        if before is after:
            return line
        seen: dict[bytes, int] = {}
        for unit in before:
            nth = seen[unit.digest] = seen.get(unit.digest, 0) + 1
            if unit.first <= line <= unit.last:
                same = [one for one in after if one.digest == unit.digest][nth - 1 : nth]
                return same[0].first + line - unit.first if same else None
        return None


class _Units:
    """Reads items; a chunk that was not edited is read once."""

    def __init__(self) -> None:
        self._chunks: WeakKeyDictionary[Chunk, tuple[Unit, ...]] = WeakKeyDictionary()
        self._last: tuple[tuple[Chunk, ...], tuple[Unit, ...]] = ((), ())

    def of(self, document: Document) -> tuple[Unit, ...]:
        """The items of a text, in its order."""
        chunks = tuple(document.chunks)
        if chunks == self._last[0]:
            return self._last[1]
        units: list[Unit] = []
        line = 0
        for chunk in chunks:
            known = self._chunks.get(chunk)
            if known is None:
                known = self._chunks[chunk] = _read(chunk)
            units += (u._replace(first=u.first + line, last=u.last + line) for u in known)
            line += len(chunk.starts) - 1
        self._last = (chunks, tuple(units))
        return self._last[1]


def _read(chunk: Chunk) -> tuple[Unit, ...]:
    found: list[Unit] = []
    for raw in chunk.raws:
        node = raw.node
        first = raw.attributes[0] if raw.attributes else node
        named = node.child_by_field_name("name")
        text = chunk.data[first.start_byte : node.end_byte]
        found.append(
            Unit(
                node.type,
                text_of(named, chunk.data) if named is not None else "",
                hashlib.sha256(text).digest(),
                first.start_point.row,
                node.end_point.row,
            )
        )
    return tuple(found)


def _counts(units: Iterable[Unit], others: Collection[str]) -> list[bytes]:
    """The digests of what counts, in an order that moving an item does not change."""
    return sorted(u.digest for u in units if u.kind != "function_item" or u.name not in others)
