# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the modules of the walk share: the type of a handler, and a loop being read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rex_lsp.syntax.tree import Node

if TYPE_CHECKING:
    from rex_lsp.model.reading.reader import Reader

Handlers = dict[str, "Callable[[Reader, Node], None]"]
"""For kinds of nodes, what reads them."""


class OpenLoop:
    """A loop or labelled block being read; kind is "" for one that ends by itself."""

    def __init__(self, kind: str, label: str, block: bool = False) -> None:
        self.kind = kind
        self.label = label
        self.block = block
        self.exits = False
        self.calls: list[int] = []
        self.macros: list[int] = []
