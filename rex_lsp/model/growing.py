# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Makes the module tree in as many walks as it takes to know the macros that calls mean."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from rex_lsp.model.answers import Item
from rex_lsp.model.facts import MACRO
from rex_lsp.model.modules import Builder, Declare, Macro, ModuleId, Tree
from rex_lsp.model.names import Names
from rex_lsp.model.uses import Segments

_WALKS = 4


def grown(declare: Declare, features: Collection[str], root: Path, rex_name: str) -> Tree:
    """The module tree below a root file, calls of the crate's own macros expanded.

    A macro that is in scope by the order of the text is known in the first walk; one that a
    path or an import leads to is found in the names of the walk before.
    """
    named: dict[tuple[ModuleId, Segments], Macro] = {}
    sought: set[str] = set()
    for _ in range(_WALKS):
        tree = Builder(declare, features, named).build(root)
        names = Names(tree, rex_name)
        found: dict[tuple[ModuleId, Segments], Macro] = {}
        for id_, path in tree.calls:
            answer, consulted = names.search(id_, path, MACRO)
            sought.update(name for _, namespace, name in consulted if namespace == MACRO)
            declaration = answer.declaration if isinstance(answer, Item) else None
            if isinstance(answer, Item) and declaration is not None and declaration.source:
                found[(id_, path)] = declaration, answer.module
        tree.sought |= sought
        if found == named:
            break
        named = found
    return tree
