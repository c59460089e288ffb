# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Changes a module's tables by what an edit took away and added, without walking the crate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from rex_lsp.model.declarations import Declaration
from rex_lsp.model.modules import ModuleId, Tree, in_order
from rex_lsp.model.names import Consulted

Chunks = Sequence[tuple[Declaration, ...]]


def patch(
    tree: Tree, id_: ModuleId, before: Chunks, after: Chunks, features: Collection[str]
) -> set[Consulted] | None:
    """Bring the tables of the module with these declarations up to date.

    Answers the places that changed, or None where that takes a walk: modules, includes,
    globs or macros came, went or changed.
    """
    old_ids = {id(chunk) for chunk in before}
    new_ids = {id(chunk) for chunk in after}
    removed = Counter(d for chunk in before if id(chunk) not in new_ids for d in chunk)
    added = Counter(d for chunk in after if id(chunk) not in old_ids for d in chunk)
    common = removed & added
    gone, come = list((removed - common).elements()), list((added - common).elements())
    if any(d.glob or d.kind in ("mod", "include", "macro_rules") for d in (*gone, *come)):
        return None
    module = tree.modules.get(id_)
    if module is None:
        return None
    changed: set[Consulted] = set()
    for key in {key for d in (*gone, *come) for key in _keys(d)}:
        declarations = list(module.tables.get(key, ()))
        for declaration in gone:
            if key in _keys(declaration) and declaration in declarations:
                declarations.remove(declaration)
        declarations += [declaration for declaration in come if key in _keys(declaration)]
        if declarations:
            module.tables[key] = in_order(declarations, features)
        else:
            module.tables.pop(key, None)
        changed.add((id_, *key))
    return changed


def _keys(declaration: Declaration) -> Iterable[tuple[str, str]]:
    if not declaration.name or declaration.name == "_":
        return ()
    return [(namespace, declaration.name) for namespace in declaration.namespaces]
