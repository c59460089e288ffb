# SPDX-License-Identifier: Apache-2.0 OR MIT
"""How a text is laid out in chunks: for the whole text in slices, and after an edit on the spot."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rex_lsp.syntax.chunk import Chunk
from rex_lsp.syntax.cuts import TARGET, Outcome, cut, scan

LARGE = 4 * TARGET
"""A chunk above this many bytes is left to the Cutter: cutting it would hold up the caller."""


class Cutter:
    """Cuts a whole text, a slice at a time: strictly, and leniently if that comes out uneven."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.cuts: list[int] = []
        self.outcome = Outcome()
        self._lenient = False
        self._scan: Iterator[int] | None = scan(data, False, TARGET, self.outcome)

    @property
    def done(self) -> bool:
        """Whether `cuts` is final."""
        return self._scan is None

    def advance(self, deadline: float | None) -> bool:
        """Go on until done or until `deadline` (time.perf_counter seconds); whether done."""
        while self._scan is not None:
            for at in self._scan:
                if at >= 0:
                    self.cuts.append(at)
                if deadline is not None and time.perf_counter() >= deadline:
                    return False
            self._scan = None
            if not self.outcome.clean and not self._lenient:
                self._lenient = True
                self.cuts = []
                self.outcome = Outcome()
                self._scan = scan(self.data, True, TARGET, self.outcome)
        return True

    @property
    def strict(self) -> bool:
        """Whether the cuts so far are those of a strict scan."""
        return not self._lenient


def adopt(data: bytes, cuts: Sequence[int], known: Sequence[Chunk]) -> list[Chunk]:
    """The chunks of `data` at `cuts`; chunks of the same text are taken over with their trees."""
    by_text: dict[bytes, list[Chunk]] = {}
    for chunk in known:
        by_text.setdefault(chunk.data, []).append(chunk)
    made: list[Chunk] = []
    edges = [0, *cuts, len(data)]
    for start, end in pairwise(edges):
        if start == end and made:
            continue
        text = data[start:end]
        same = by_text.get(text)
        made.append(same.pop() if same else Chunk(text))
    return made


def mend(chunks: Sequence[Chunk]) -> tuple[list[Chunk], bool]:
    """The chunks after an edit, and whether a Cutter has to look at the whole text later.

    A chunk that ends inside an unfinished item takes the next one in; one that grew is
    cut again; one whose brackets or quotes do not come out even is cut so that the
    broken item stands alone. Chunks that nobody touched are passed on as they are.
    """
    made: list[Chunk] = []
    later = False
    index = 0
    size = len(chunks)
    while index < size:
        chunk = chunks[index]
        index += 1
        if chunk.settled:
            if not chunk.outcome.clean or (index < size and not chunk.outcome.terminated):
                later = True
            made.append(chunk)
            continue
        while index < size and (
            not chunk.data.endswith(b"\n")
            or (len(chunk.data) <= LARGE and chunk.outcome.clean and not chunk.outcome.terminated)
        ):
            chunk = Chunk(chunk.data + chunks[index].data)
            index += 1
        if len(chunk.data) > LARGE:
            later = True
            made.append(chunk)
        elif not chunk.data and (made or index < size):
            continue
        elif not chunk.outcome.clean:
            later = True
            made.extend(_cut(chunk, lenient=True))
        elif len(chunk.data) > 2 * TARGET:
            made.extend(_cut(chunk, lenient=False))
        else:
            made.append(chunk)
    crowded = len(made) > 8 and len(made) > 2 * sum(len(c.data) for c in made) // TARGET + 8
    return _even(made), later or crowded


def _cut(chunk: Chunk, lenient: bool) -> list[Chunk]:
    cuts, _ = cut(chunk.data, lenient, TARGET)
    pieces = adopt(chunk.data, cuts, [chunk])
    for piece in pieces:
        _ = piece.outcome
    return pieces


def _even(chunks: list[Chunk]) -> list[Chunk]:
    """Put together what runs of broken chunks open and close: `{` here, `}` some chunks on."""
    broken = [
        index for index, chunk in enumerate(chunks) if chunk.settled and not chunk.outcome.clean
    ]
    if len(broken) < 2:
        return chunks
    made: list[Chunk] = []
    done = 0
    for position, first in enumerate(broken):
        if first < done:
            continue
        depth = 0
        for last in broken[position:]:
            outcome = chunks[last].outcome
            if outcome.open_text or depth + outcome.low < 0:
                break
            depth += outcome.net
            if depth == 0:
                whole = b"".join(chunk.data for chunk in chunks[first : last + 1])
                if len(whole) > LARGE:
                    break
                joined = Chunk(whole)
                made.extend(chunks[done:first])
                made.extend(_cut(joined, lenient=False) if joined.outcome.clean else [joined])
                done = last + 1
                break
    return [*made, *chunks[done:]]
