# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What cargo made last, as long as nothing that it was made of is different.

Cargo takes a fifth of a second to find out that there is nothing to do, and attaching a
program asks for a build each time. It goes by the times of the files that the compiler
read; here they go by more: inode, size and the time of the last change to either. Whatever
a build script or a proc macro looks at is unknown, so builds with one are never remembered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

_CLOCK_NS = 20_000_000
"""How far the clock of a file system may be behind."""

Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Known(Generic[T]):
    asked: object
    texts: dict[Path, bytes | None]
    files: dict[Path, Stamp | None]
    made: T


class Unchanged(Generic[T]):
    """The last result in each place."""

    def __init__(self) -> None:
        self._known: dict[Path, _Known[T]] = {}

    def recall(self, place: Path, asked: object) -> T | None:
        """What was made there for the same question, if it would come out the same now."""
        known = self._known.get(place)
        if known is None or known.asked != asked:
            return None
        if any(_text(path) != text for path, text in known.texts.items()):
            return None
        if any(_stamp(path) != stamp for path, stamp in known.files.items()):
            return None
        return known.made

    def remember(
        self,
        place: Path,
        asked: object,
        made: T,
        *,
        began_ns: int,
        texts: Iterable[Path],
        sources: Iterable[Path],
        outputs: Iterable[Path],
    ) -> None:
        """Keep a result that was begun at `began_ns` (time.time_ns).

        `texts` are small files that are written again with the same text. Nothing is kept
        when a source changed meanwhile: who knows whether the compiler saw it.
        """
        self._known.pop(place, None)
        files = {path: _stamp(path) for path in sources}
        for stamp in files.values():
            if stamp is None or max(stamp[2:]) >= began_ns - _CLOCK_NS:
                return
        files |= {path: _stamp(path) for path in outputs}
        self._known[place] = _Known(asked, {path: _text(path) for path in texts}, files, made)


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _text(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
