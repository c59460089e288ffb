# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a name at a place of an open file means in the kernel crate's index."""

from __future__ import annotations

from pathlib import Path

from rex_lsp.kernel.index import KernelIndex, load
from rex_lsp.kernel.typing import Scope
from rex_lsp.model.answers import External, Item, Unknown
from rex_lsp.model.crate import Crate
from rex_lsp.model.places import Place
from rex_lsp.syntax.document import Document

_LONGEST_LOOK_BACK = 64 * 1024


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
        found = self._crate.resolve(written, Place(self._path, self._offset))
        if isinstance(found, External) and found.path[0] == "rex":
            return "::".join(found.path)
        # A map's type is known from its declaration, whether or not it is in scope here.
        alias = f"rex::map::{written}"
        return alias if isinstance(found, Unknown) and self.index.get(alias) else None

    def static(self, name: str) -> str | None:
        """The type of a map of this crate as its source has it."""
        found = self._crate.resolve(name, Place(self._path, self._offset), "v")
        if not isinstance(found, Item) or found.path is None:
            return None
        for one in self._crate.maps(found.path):
            if one.name == found.name:
                return f"{one.kind}<{', '.join(one.arguments)}>" if one.arguments else one.kind
        return None

    def _item_start(self) -> int:
        start = 0
        for item in self._document.items():
            if item.region.start > self._offset:
                break
            start = item.region.start
        return max(start, self._offset - _LONGEST_LOOK_BACK)
