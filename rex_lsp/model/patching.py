# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Changes a module's tables by what an edit took away and added, without walking the crate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from rex_lsp.model.declarations import Declaration
from rex_lsp.model.modules import Macro, ModuleId, Tree, in_order
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
    rewritten = _rewritten(gone, come, tree, id_)
    if any(_decides(d, tree) for d in (*gone, *come) if d not in rewritten):
        return None
    module = tree.modules.get(id_)
    if module is None:
        return None
    places: dict[tuple[str, str], tuple[list[Declaration], list[Declaration]]] = {}
    for index, declarations in enumerate((gone, come)):
        for declaration in declarations:
            for key in _keys(declaration):
                places.setdefault(key, ([], []))[index].append(declaration)
    for key, (less, more) in places.items():
        left = list((Counter(module.tables.get(key, ())) - Counter(less)).elements())
        if left or more:
            module.tables[key] = in_order([*left, *more], features)
        else:
            module.tables.pop(key, None)
    for definition in rewritten[1::2]:
        for scope in (tree.macros, *(one.macros for one in tree.modules.values())):
            if definition.name in scope:
                scope[definition.name] = definition, id_
    return {(id_, *key) for key in places}


def _decides(declaration: Declaration, tree: Tree) -> bool:
    """Whether more than the declaration's own name rests on it."""
    if declaration.glob or declaration.kind in ("mod", "include", "macro_call"):
        return True
    if declaration.name in tree.sought:
        return True
    return declaration.kind == "macro_rules"


def _rewritten(
    gone: Sequence[Declaration], come: Sequence[Declaration], tree: Tree, id_: ModuleId
) -> list[Declaration]:
    """Macros of which nothing but the text changed, which no call in an item's place uses."""
    found: list[Declaration] = []
    for before in gone:
        after = next((d for d in come if replace(d, source=before.source) == before), None)
        if (
            before.kind == "macro_rules"
            and after is not None
            and before.name not in tree.sought
            and _defined(before.name, tree) == {(before, id_)}
        ):
            found += [before, after]
    return found


def _keys(declaration: Declaration) -> Iterable[tuple[str, str]]:
    if not declaration.name or declaration.name == "_":
        return ()
    return [(namespace, declaration.name) for namespace in declaration.namespaces]


def _defined(name: str, tree: Tree) -> set[Macro]:
    """The macros of a name in all the scopes of the crate."""
    scopes = (tree.macros, *(one.macros for one in tree.modules.values()))
    return {scope[name] for scope in scopes if name in scope}
