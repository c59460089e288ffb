# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a path can turn out to mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rex_lsp.model.declarations import Declaration
from rex_lsp.model.outside import canonical
from rex_lsp.model.uses import Segments


@dataclass(frozen=True, slots=True)
class Item:
    """Something the crate itself declares.

    `kind` is an item kind of rex_lsp.syntax.items, `variant`, or `local` for what a
    function's own patterns, generics and items introduce. `module` is the path of the
    module that declares it, or of the module itself. `rest` is what follows the item in
    the path: `new` in `Thing::new`.
    """

    kind: str
    name: str
    module: Segments
    path: Path | None = None
    rest: Segments = ()
    diverges: bool = False
    exits: bool = False
    declaration: Declaration | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class External:
    """Something of another crate.

    `path` begins with the crate's own name: `rex` whatever the dependency is called here,
    `primitive` for the built-in types. `written` is what a type alias on the way stands for,
    as it is written, where it has arguments.
    """

    path: Segments
    written: bytes = b""

    @property
    def canonical(self) -> Segments:
        """The path with one root for what `core`, `std` and `alloc` all offer: `core`."""
        return canonical(self.path)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can tell from here.

    `absent` tells that the name is certainly not declared, `declared` that it is, as
    something of a crate or a file that is not known.
    """

    absent: bool = False
    declared: bool = False


UNKNOWN = Unknown()
ABSENT = Unknown(absent=True)
DECLARED = Unknown(declared=True)
Answer = Item | External | Unknown
