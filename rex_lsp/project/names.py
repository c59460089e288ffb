# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a name at a place of an open file means in the kernel crate's index."""

from __future__ import annotations

import re
from pathlib import Path

from rex_lsp.kernel.index import KernelIndex, load
from rex_lsp.kernel.typing import Scope
from rex_lsp.model.crate import Crate
from rex_lsp.model.names import External, Item
from rex_lsp.syntax.document import Document

_LONGEST_LOOK_BACK = 64 * 1024
_STATIC_TYPE = re.compile(r"\bstatic\s+(?:mut\s+)?[A-Za-z_]\w*\s*:\s*([^=;]+)")


class Names:
    """Names around the byte ``offset`` of a file; ``before`` is the item up to there."""

    def __init__(self, crate: Crate, document: Document, path: Path, offset: int) -> None:
        self._crate = crate
        self._document = document
        self._path = path
        self._offset = offset
        self.index: KernelIndex = load()
        self._start = self._item_start()
        self.before = document.data[self._start : offset].decode("utf-8", "replace")

    def scope(self) -> Scope:
        """Types of expressions before the offset."""
        return Scope(self.index, self.before, self.resolve, self.static)

    def resolve(self, written: str) -> str | None:
        """The index path of a written path, None for what is not the kernel crate's."""
        found = self._crate.resolve(written, self._path, self._offset)
        if isinstance(found, External):
            return "::".join(found.segments)
        return None

    def static(self, name: str) -> str | None:
        """The type of a static of this crate as its source has it."""
        found = self._crate.resolve(name, self._path, self._offset)
        if not isinstance(found, Item):
            return None
        match = _STATIC_TYPE.search(found.text)
        return None if match is None else match.group(1).strip()

    def _item_start(self) -> int:
        start = 0
        for item in self._document.items():
            if item.region.start > self._offset:
                break
            start = item.region.start
        return max(start, self._offset - _LONGEST_LOOK_BACK)
