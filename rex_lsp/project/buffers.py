# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Texts by path: what the editor has open lies over what is on disk."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rex_lsp.syntax.changes import Change, Touched
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Encoding

LARGEST_FILE = 64 * 1024 * 1024


@dataclass(slots=True)
class _OnDisk:
    stamp: tuple[int, int, int]
    data: bytes


class Buffers:
    """Open documents over the file system; a :class:`~rex_lsp.model.files.FileReader`."""

    def __init__(self) -> None:
        self._open: dict[Path, Document] = {}
        self._disk: dict[Path, _OnDisk] = {}

    def open(self, path: Path, text: str, version: int | None) -> Document:
        """The editor's text of ``path`` counts from now on."""
        document = Document(text, version)
        self._open[path] = document
        self._disk.pop(path, None)
        return document

    def change(
        self, path: Path, changes: Sequence[Change], encoding: Encoding, version: int | None
    ) -> Touched:
        """Apply the editor's changes.

        Raises:
            KeyError: the file is not open.
            EditRejected: a change cannot be applied; nothing of the batch was.
        """
        return self._open[path].apply(changes, encoding, version)

    def close(self, path: Path) -> None:
        """The disk counts again."""
        self._open.pop(path, None)

    def document(self, path: Path) -> Document | None:
        """The open document of ``path``."""
        return self._open.get(path)

    def documents(self) -> dict[Path, Document]:
        """All open documents."""
        return dict(self._open)

    def __iter__(self) -> Iterator[Path]:
        return iter(tuple(self._open))

    def read(self, path: Path) -> bytes | None:
        """The text of ``path`` as UTF-8 bytes; None when there is no such readable file."""
        document = self._open.get(path)
        if document is not None:
            return document.data
        try:
            found = path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            known = self._disk.get(path)
            if known is not None and known.stamp == stamp:
                return known.data
            if found.st_size > LARGEST_FILE or not stat.S_ISREG(found.st_mode):
                return None
            data = path.read_bytes()
        except (OSError, ValueError):
            self._disk.pop(path, None)
            return None
        self._disk[path] = _OnDisk(stamp, data)
        return data

    def forget(self, path: Path) -> None:
        """Read ``path`` from disk again the next time."""
        self._disk.pop(path, None)
