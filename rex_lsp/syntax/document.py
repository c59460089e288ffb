# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A text that changes: chunks of whole items, positions in any encoding, items.

The text is held as UTF-8 bytes; lone surrogates, which JSON can carry, are kept
(`surrogatepass`). An edit replaces the chunks it touches and parses nothing: trees and
items are made when asked for, chunk by chunk.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

from rex_lsp.syntax.changes import Change, EditRejected, Splice, Touched
from rex_lsp.syntax.chunk import Chunk
from rex_lsp.syntax.cuts import Outcome
from rex_lsp.syntax.items import Item
from rex_lsp.syntax.layout import Cutter, adopt, mend
from rex_lsp.syntax.lines import bytes_to_column, column_to_bytes, line_content
from rex_lsp.syntax.positions import Encoding, Position, Range, Span
from rex_lsp.syntax.surrogates import joined

_AT_ONCE = 200_000
"""Texts up to this many bytes are cut into chunks when opened, longer ones by parse_some."""


class Document:
    """One open or read file."""

    def __init__(self, text: str | bytes, version: int | None = None) -> None:
        self.version = version
        self._data: bytes | None = None
        self._items: list[Item] | None = None
        self._set(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else _utf8(text))

    def _set(self, data: bytes) -> None:
        self._cutter: Cutter | None = None
        self._raw = True
        self._loaded = False
        self._unsettled = False
        self._edited = False
        self._replace_chunks([Chunk(data)])
        if len(data) <= _AT_ONCE:
            self._settle_some(None, 0)

    # What the text is.

    @property
    def chunks(self) -> Sequence[Chunk]:
        """The chunks in order; together they are the text."""
        return self._chunks

    @property
    def bases(self) -> Sequence[int]:
        """The offset of each chunk's first byte."""
        return self._bases

    @property
    def data(self) -> bytes:
        """The text as UTF-8."""
        if self._data is None:
            self._data = b"".join(chunk.data for chunk in self._chunks)
        return self._data

    @property
    def text(self) -> str:
        """The text."""
        return self.data.decode("utf-8", "surrogatepass")

    def __len__(self) -> int:
        """The text's length in bytes."""
        return self._size

    def items(self) -> list[Item]:
        """The items of the whole text; parses what is not parsed yet."""
        if self._items is None:
            self._items = [
                item.shifted(base)
                for chunk, base in zip(self._chunks, self._bases, strict=True)
                for item in chunk.items
            ]
        return self._items

    # Positions.

    def line_count(self) -> int:
        """The number of lines; a text that ends in a line break has an empty last line."""
        return self._line_bases[-1] + len(self._chunks[-1].starts)

    def offset(self, position: Position, encoding: Encoding) -> int:
        """The byte offset of a position; past a line's end it is the line's end (LSP)."""
        return self._locate(position, encoding)[0]

    def span(self, range_: Range, encoding: Encoding) -> Span:
        """The bytes of a range."""
        return Span(self.offset(range_.start, encoding), self.offset(range_.end, encoding))

    def position(self, offset: int, encoding: Encoding) -> Position:
        """The position of a byte offset, which is clamped to the text."""
        offset = max(0, min(offset, self._size))
        index = bisect_right(self._bases, offset) - 1
        chunk = self._chunks[index]
        inner = offset - self._bases[index]
        line = bisect_right(chunk.starts, inner) - 1
        content, start = self._line(index, line)
        column = bytes_to_column(content, min(inner - start, len(content)), encoding)
        return Position(self._line_bases[index] + line, column)

    def range(self, span: Span, encoding: Encoding) -> Range:
        """The range of a stretch of bytes."""
        return Range(self.position(span.start, encoding), self.position(span.end, encoding))

    def _locate(self, position: Position, encoding: Encoding) -> tuple[int, int]:
        if position.line < 0 or position.character < 0:
            raise EditRejected(
                "expected a position from line 0, character 0 on, found "
                f"{position.line}, {position.character}"
            )
        if position.line >= self.line_count():
            return self._size, 0
        index = bisect_right(self._line_bases, position.line) - 1
        content, start = self._line(index, position.line - self._line_bases[index])
        column, half = column_to_bytes(content, position.character, encoding)
        return self._bases[index] + start + column, half

    def _line(self, index: int, line: int) -> tuple[bytes, int]:
        chunk = self._chunks[index]
        starts = chunk.starts
        following = starts[line + 1] if line + 1 < len(starts) else None
        return line_content(chunk.data, starts[line], following), starts[line]

    # Edits.

    def apply(
        self, changes: Sequence[Change], encoding: Encoding, version: int | None = None
    ) -> Touched:
        """Apply a batch of changes, each to the text the one before it left (LSP, didChange).

        Raises EditRejected when a change cannot be applied; the document is then as it
        was before the batch, and the client's text is no longer known.
        """
        before = self._chunks, self._cutter, self._raw, self._loaded, self._unsettled, self._edited
        splices: list[Splice] = []
        replaced = False
        try:
            for change in changes:
                if change.range is None:
                    splices.append(
                        Splice(
                            Span(0, self._size), len(change.text.encode("utf-8", "surrogatepass"))
                        )
                    )
                    self._set(change.text.encode("utf-8", "surrogatepass"))
                    replaced = True
                else:
                    splices.append(self._splice(change.range, change.text, encoding))
        except EditRejected:
            self._replace_chunks(before[0])
            self._cutter, self._raw, self._loaded = before[1:4]
            self._unsettled, self._edited = before[4:]
            raise
        self._mend()
        self.version = version
        return Touched(version, tuple(splices), replaced)

    def _splice(self, range_: Range, text: str, encoding: Encoding) -> Splice:
        start, start_half = self._locate(range_.start, encoding)
        end, end_half = self._locate(range_.end, encoding)
        if end < start or (end == start and end_half < start_half):
            raise EditRejected(
                "expected a range that ends after its start, found "
                f"{range_.start.line}:{range_.start.character} to "
                f"{range_.end.line}:{range_.end.character}"
            )
        first = max(0, bisect_right(self._bases, start) - 1)
        last = max(first, bisect_right(self._bases, end) - 1)
        base = self._bases[first]
        chunk = self._chunks[first]
        if last > first:
            chunk = Chunk(b"".join(c.data for c in self._chunks[first : last + 1]))
        local_start, local_end, inserted = joined(
            chunk.data, start - base, end - base, start_half, end_half, text
        )
        made = chunk.spliced(local_start, local_end, inserted)
        if last == first:
            self._replace_chunk(first, made)
        else:
            self._replace_chunks([*self._chunks[:first], made, *self._chunks[last + 1 :]])
        return Splice(Span(base + local_start, base + local_end), len(inserted))

    def _replace_chunks(self, chunks: list[Chunk]) -> None:
        self._chunks = chunks
        self._bases = [0, *accumulate(len(chunk.data) for chunk in chunks)]
        self._size = self._bases.pop()
        self._line_bases = [0, *accumulate(len(chunk.starts) - 1 for chunk in chunks)]
        self._line_bases.pop()
        self._data = None
        self._items = None

    def _replace_chunk(self, index: int, made: Chunk) -> None:
        """One chunk for another; a message can bring a thousand changes."""
        old = self._chunks[index]
        self._chunks = [*self._chunks[:index], made, *self._chunks[index + 1 :]]
        longer, lines = len(made.data) - len(old.data), len(made.starts) - len(old.starts)
        after = index + 1
        self._bases = [*self._bases[:after], *[base + longer for base in self._bases[after:]]]
        if lines:
            bases = self._line_bases
            self._line_bases = [*bases[:after], *[base + lines for base in bases[after:]]]
        self._size += longer
        self._data = None
        self._items = None

    def _mend(self) -> None:
        chunks, later = mend(self._chunks)
        if len(chunks) != len(self._chunks) or any(
            a is not b for a, b in zip(chunks, self._chunks, strict=False)
        ):
            self._replace_chunks(chunks)
        self._cutter = None
        self._unsettled = later
        self._edited = True

    # Work that can wait.

    def pending(self) -> int:
        """How many pieces of work parse_some has left before every chunk is parsed."""
        return sum(not chunk.parsed for chunk in self._chunks) + int(self._raw)

    @property
    def loaded(self) -> bool:
        """Whether the text has been cut and parsed to its end since it came in as a whole."""
        if not self._loaded:
            self._loaded = not self.pending()
        return self._loaded

    @property
    def settled(self) -> bool:
        """Whether the items are those of a fresh document; settle_some brings that about."""
        return not (self._raw or self._unsettled or self._edited or self.pending())

    def parse_some(self, budget_ms: float, around: int = 0) -> bool:
        """Cut and parse for about `budget_ms`, nearest to the byte `around` first.

        Answers whether every chunk is parsed. One piece of work is a few milliseconds for
        ordinary code.
        """
        deadline = time.perf_counter() + budget_ms / 1000
        if self._raw and not self._settle_some(deadline, around):
            return False
        for index in self._nearest(around, lambda chunk: not chunk.parsed):
            if time.perf_counter() >= deadline:
                return False
            _ = self._chunks[index].tree
        return True

    def settle_some(self, budget_ms: float, around: int = 0) -> bool:
        """Like parse_some, and then what can wait until nobody types: whether all is settled.

        Broken code is laid out again, so that what was recovered from it does not depend on
        the way it came about.
        """
        deadline = time.perf_counter() + budget_ms / 1000
        if (self._raw or self._unsettled) and not self._settle_some(deadline, around):
            return False
        for index in self._nearest(around, lambda chunk: chunk.patched or not chunk.parsed):
            if time.perf_counter() >= deadline:
                return False
            chunk = self._chunks[index]
            made = chunk.refreshed()
            if made is not chunk:
                self._replace_chunk(index, made)
        if self._edited and any(chunk.broken for chunk in self._chunks):
            # What tree-sitter makes of an error depends on where its chunk begins.
            self._unsettled = True
            self._edited = False
            return self.settle_some((deadline - time.perf_counter()) * 1000, around)
        self._edited = False
        return True

    def _nearest(self, around: int, wanted: Callable[[Chunk], bool]) -> list[int]:
        """The indices of the wanted chunks, nearest to the byte `around` first."""
        near = bisect_right(self._bases, around) - 1
        indices = [i for i, chunk in enumerate(self._chunks) if wanted(chunk)]
        return sorted(indices, key=lambda i: abs(i - near))

    def settle(self) -> None:
        """Do all that is pending: items are then those of a fresh document of the same text."""
        while not self.settle_some(1000):
            pass

    def _settle_some(self, deadline: float | None, around: int) -> bool:
        if self._cutter is None:
            self._cutter = Cutter(self.data)
        cutter = self._cutter
        done = cutter.advance(deadline)
        if done:
            self._lay_out(cutter)
            self._cutter = None
            self._raw = self._unsettled = self._edited = False
            return True
        first_look = len(self._chunks) == 1 and cutter.cuts and cutter.cuts[-1] > around
        if first_look and cutter.strict:
            self._lay_out(cutter)
            near = bisect_right(self._bases, around) - 1
            _ = self._chunks[near].tree
        return False

    def _lay_out(self, cutter: Cutter) -> None:
        chunks = adopt(self.data, cutter.cuts, self._chunks)
        if cutter.strict:
            for chunk in chunks[:-1]:
                chunk.know(Outcome())
            if cutter.done:
                chunks[-1].know(cutter.outcome)
        self._replace_chunks(chunks)


def _utf8(data: bytes) -> bytes:
    """Bytes read from a file; what is no UTF-8 in them becomes U+FFFD."""
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").encode("utf-8")
    return data
