# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A chunk: a few hundred lines of whole top-level items with a tree of their own."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from rex_lsp.syntax.cuts import Outcome, cut
from rex_lsp.syntax.items import Item, Raw, raw_items, read_items
from rex_lsp.syntax.lines import line_starts
from rex_lsp.syntax.tree import Tree, parse

_QUIET = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ")


@dataclass(eq=False)
class Chunk:
    """A stretch of text that ends after a `\\n` unless it is the last one.

    Neither a chunk's text nor its tree ever changes: an edit makes a new chunk, which
    inherits the old tree. Offsets inside count from the chunk's start.
    """

    data: bytes
    _starts: list[int] | None = None
    _tree: Tree | None = None
    _stale: Tree | None = None
    _outcome: Outcome | None = None
    _items: tuple[Item, ...] | None = None
    _patched: bool = False

    @property
    def starts(self) -> list[int]:
        """The offsets of the chunk's line starts; as many line breaks as entries less one."""
        if self._starts is None:
            self._starts = line_starts(self.data)
        return self._starts

    @property
    def parsed(self) -> bool:
        """Whether the tree is there already."""
        return self._tree is not None

    @property
    def patched(self) -> bool:
        """Whether the tree is broken and grew from an older one: a fresh one may differ."""
        return self._patched and self._tree is not None and self._tree.root_node.has_error

    @property
    def tree(self) -> Tree:
        """The chunk's tree, parsed when first asked for."""
        if self._tree is None:
            self._patched = self._stale is not None
            self._tree = parse(self.data, self._stale)
            self._stale = None
        return self._tree

    @property
    def broken(self) -> bool:
        """Whether the tree holds an ERROR or a missing node."""
        return self.tree.root_node.has_error

    @property
    def items(self) -> tuple[Item, ...]:
        """The chunk's items, with spans that count from the chunk's start."""
        if self._items is None:
            self._items = read_items(self.tree.root_node, self.data)
        return self._items

    @property
    def raws(self) -> tuple[Raw, ...]:
        """The nodes of the chunk's own items. Kept for the chunk asked last only.

        A node keeps the children that were asked for: those of a long file take more room
        than all else.
        """
        return _raws_of(self.tree)

    @property
    def settled(self) -> bool:
        """Whether the outcome is known: nobody edited the chunk since it was looked at."""
        return self._outcome is not None

    @property
    def outcome(self) -> Outcome:
        """Whether brackets, quotes and comments come out even at the chunk's end."""
        if self._outcome is None:
            self._outcome = cut(self.data, lenient=False, target=len(self.data) + 1)[1]
        return self._outcome

    def refreshed(self) -> Chunk:
        """The chunk parsed from nothing: itself if it was not parsed yet, else a new one.

        What others remember of a chunk is what its tree said, so a tree is never replaced.
        """
        made = self if self._tree is None else Chunk(self.data, self._starts)
        made._outcome = self._outcome
        made._tree = parse(self.data)
        made._stale = None
        return made

    def know(self, outcome: Outcome) -> None:
        """Take the outcome from a scan that saw the whole text."""
        if self._outcome is None:
            self._outcome = outcome

    def spliced(self, start: int, end: int, inserted: bytes) -> Chunk:
        """The chunk with the bytes from `start` to `end` replaced."""
        made = Chunk(self.data[:start] + inserted + self.data[end:])
        if b"\r" not in self.data and b"\r" not in inserted:
            # Once for each of a thousand changes of one message: nothing here reads the text.
            starts = self.starts
            row = bisect_right(starts, start) - 1
            end_row = row if start == end else bisect_right(starts, end) - 1
            if end_row == row and b"\n" not in inserted:
                by = len(inserted) - (end - start)
                made._starts = starts[: row + 1]
                made._starts += [at + by for at in starts[row + 1 :]]
            tree = self._tree or self._stale
            if tree is not None:
                start_point = row, start - starts[row]
                old = tree.copy()
                old.edit(
                    start_byte=start,
                    old_end_byte=end,
                    new_end_byte=start + len(inserted),
                    start_point=start_point,
                    old_end_point=(end_row, end - starts[end_row]),
                    new_end_point=_after(start_point, inserted),
                )
                made._stale = old
        if self._outcome is not None and self._quiet(start, end, inserted):
            made._outcome = self._outcome
        return made

    def _quiet(self, start: int, end: int, inserted: bytes) -> bool:
        """Whether the edit cannot change what is a string, a comment, a bracket or an item's start.

        Only letters, digits and blanks come and go, inside a line, and nothing that
        could join them into a quote, an escape or a raw string's prefix is near.
        """
        if not _QUIET.issuperset(inserted) or not _QUIET.issuperset(self.data[start:end]):
            return False
        size = len(self.data)
        left = start
        while left > 0 and self.data[left - 1] in _QUIET:
            left -= 1
        right = end
        while right < size and self.data[right] in _QUIET:
            right += 1
        if left == 0 or right == size:
            return False
        return self.data[left - 1] not in b"'\"\\#/*}" and self.data[right] not in b"'\"#/*"


@lru_cache(maxsize=1)
def _raws_of(tree: Tree) -> tuple[Raw, ...]:
    return tuple(raw_items(tree.root_node))


def _after(point: tuple[int, int], inserted: bytes) -> tuple[int, int]:
    """Where a text ends that is put in at a point."""
    row, column = point
    breaks = inserted.count(b"\n")
    if not breaks:
        return row, column + len(inserted)
    return row + breaks, len(inserted) - (inserted.rfind(b"\n") + 1)
