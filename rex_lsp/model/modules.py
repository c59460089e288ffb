# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The module tree over files: what each module declares, and in which file it stands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rex_lsp.model.cfg import holds, split_arguments
from rex_lsp.model.declarations import Declaration, expanded_declarations
from rex_lsp.model.macros.expansion import CALL, Expansion, expand
from rex_lsp.model.uses import Segments
from rex_lsp.syntax.positions import Span

ModuleId = Segments
"""The names from the crate's root to the module; () is the root."""

MAX_MODULES = 20_000

Macro = tuple[Declaration, ModuleId]
"""A macro's definition and the module it stands in."""


@dataclass(slots=True, eq=False)
class Module:
    """One module. `tables` map a namespace and a name to its declarations, active ones first.

    `macros` are those that are in scope by the order of the text at the module's end.
    """

    id: ModuleId
    file: Path
    active: bool = True
    complete: bool = True
    tables: dict[tuple[str, str], tuple[Declaration, ...]] = field(default_factory=dict)
    macros: dict[str, Macro] = field(default_factory=dict)
    globs: tuple[Declaration, ...] = ()

    def fill(self, declarations: Iterable[Declaration], features: Collection[str]) -> None:
        """Replace the tables by what these declarations say."""
        tables: dict[tuple[str, str], list[Declaration]] = {}
        globs: list[Declaration] = []
        for declaration in declarations:
            if declaration.glob:
                globs.append(declaration)
                continue
            if not declaration.name or declaration.name == "_":
                continue
            for namespace in declaration.namespaces:
                tables.setdefault((namespace, declaration.name), []).append(declaration)
        self.tables = {
            key: in_order(found, features) if len(found) > 1 else (found[0],)
            for key, found in tables.items()
        }
        self.globs = tuple(sorted(globs, key=_sort_key))


def in_order(
    declarations: Iterable[Declaration], features: Collection[str]
) -> tuple[Declaration, ...]:
    """Declarations of one name: active ones first, then in an order that no edit changes."""
    return tuple(sorted(declarations, key=lambda d: (not is_active(d, features), _sort_key(d))))


def _sort_key(declaration: Declaration) -> tuple[object, ...]:
    return declaration.kind, declaration.path, declaration.conditions, declaration.file


def is_active(declaration: Declaration, features: Collection[str]) -> bool:
    """Whether the declaration's own cfg attributes hold."""
    return all(condition_holds(condition, features) for condition in declaration.conditions)


def condition_holds(arguments: str, features: Collection[str]) -> bool:
    """Whether `(predicate)` holds; what cannot be read counts as true."""
    parts = split_arguments(arguments)
    return len(parts) != 1 or holds(parts[0], features) is not False


@dataclass(slots=True)
class Tree:
    """All modules of a crate, the files they stand in, and the files that were looked for.

    `macros` are those that the crate's root exports, `expansions` are by module and text of the
    call; `calls` are calls whose macro is not in scope by its text, `sought` the names on
    which the finding of macros rests.
    """

    modules: dict[ModuleId, Module] = field(default_factory=dict)
    files: dict[Path, list[ModuleId]] = field(default_factory=dict)
    missing: set[Path] = field(default_factory=set)
    macros: dict[str, Macro] = field(default_factory=dict)
    expansions: dict[tuple[ModuleId, bytes], Expanded] = field(default_factory=dict)
    calls: list[tuple[ModuleId, Segments]] = field(default_factory=list)
    sought: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Expanded:
    """What a macro call in the place of an item became, and by which macro.

    `home` is the module of the macro's definition.
    """

    expansion: Expansion
    macro: Declaration
    home: ModuleId


Declare = Callable[[Path], "tuple[Sequence[Declaration], bool] | None"]
"""The declarations of a file and whether they are all; None when it cannot be read."""


_DEEPEST = 64
"""How many calls may be made by calls, one inside the other."""

_CALLS_AT_MOST, _BYTES_AT_MOST = 2_000, 2_000_000
"""What all expansions of a crate may come to; of a crate with more none is kept."""


class Builder:
    """Walks from the root file through `mod` and `include!` to every module.

    `named` are the macros that calls by path or by import mean, as far as they are known.
    """

    def __init__(
        self,
        declare: Declare,
        features: Collection[str],
        named: Mapping[tuple[ModuleId, Segments], Macro] | None = None,
    ) -> None:
        self._declare = declare
        self._features = features
        self._named = named or {}
        self._scope: dict[str, Macro] = {}
        self._calls = 0
        self._bytes = 0
        self.tree = Tree()

    def build(self, root: Path) -> Tree:
        """The module tree below a root file; a missing root gives an empty root module."""
        self._file((), root, root.parent, True, ())
        if self._is_too_much():
            self.tree.expansions.clear()
        return self.tree

    def _is_too_much(self) -> bool:
        return self._calls > _CALLS_AT_MOST or self._bytes > _BYTES_AT_MOST

    def _file(
        self, id_: ModuleId, path: Path, directory: Path, active: bool, above: tuple[Path, ...]
    ) -> None:
        module = Module(id_, path, active)
        if id_ not in self.tree.modules:
            self.tree.modules[id_] = module
        if path in above or len(self.tree.modules) > MAX_MODULES:
            module.complete = False
            return
        declared = self._declare(path)
        if declared is None:
            self.tree.missing.add(path)
            module.complete = False
            return
        declarations, module.complete = declared
        users = self.tree.files.setdefault(path, [])
        if id_ not in users:
            users.append(id_)
        self._module(module, declarations, directory, (*above, path))

    def _module(
        self,
        module: Module,
        declarations: Sequence[Declaration],
        directory: Path,
        above: tuple[Path, ...],
    ) -> None:
        everything: list[Declaration] = []
        for declaration in self._included(module, declarations, above):
            self._take(module, declaration, directory, above, everything, 0)
        module.fill(everything, self._features)
        module.macros = dict(self._scope)

    def _take(
        self,
        module: Module,
        declaration: Declaration,
        directory: Path,
        above: tuple[Path, ...],
        everything: list[Declaration],
        depth: int,
    ) -> None:
        """Take a declaration in, in the order of the text, which decides about macros."""
        kind = declaration.kind
        if kind == CALL:
            self._call(module, declaration, directory, above, everything, depth)
            return
        everything.append(declaration)
        if kind == "macro_rules":
            if declaration.exported:
                self.tree.macros.setdefault(declaration.name, (declaration, module.id))
            if declaration.name not in self._scope or is_active(declaration, self._features):
                self._scope[declaration.name] = declaration, module.id
        elif kind == "mod":
            outer = dict(self._scope)
            self._child(module, declaration, directory, above)
            if not declaration.exported:
                self._scope = outer

    def _call(
        self,
        module: Module,
        call: Declaration,
        directory: Path,
        above: tuple[Path, ...],
        everything: list[Declaration],
        depth: int,
    ) -> None:
        """Take in what a macro call in the place of an item declares."""
        self.tree.sought.update(call.path)
        macro = self._scope.get(call.path[0]) if len(call.path) == 1 else None
        if macro is None:
            self.tree.calls.append((module.id, call.path))
            macro = self._named.get((module.id, call.path))
        if macro is None:
            return
        self._calls += 1
        stop = depth >= _DEEPEST or self._is_too_much()
        expansion = None if stop else expand(macro[0].source, call.source)
        if expansion is None:
            module.complete = False
            return
        self._bytes += len(expansion.text)
        self.tree.expansions[(module.id, call.source)] = Expanded(expansion, *macro)
        origin = call.call or call
        for made in expanded_declarations(expansion):
            placed = _made_by(origin, made, None if call.call is None else call.span)
            placed = replace(placed, conditions=(*call.conditions, *made.conditions))
            self._take(module, placed, directory, above, everything, depth + 1)

    def _included(
        self, module: Module, declarations: Sequence[Declaration], above: tuple[Path, ...]
    ) -> Iterable[Declaration]:
        for declaration in declarations:
            if declaration.kind != "include":
                yield declaration
                continue
            path = _joined(above[-1].parent, declaration.file)
            declared = None if path in above else self._declare(path)
            if declared is None:
                self.tree.missing.add(path)
                module.complete = False
                continue
            users = self.tree.files.setdefault(path, [])
            if module.id not in users:
                users.append(module.id)
            if not declared[1]:
                module.complete = False
            yield from self._included(module, declared[0], (*above, path))

    def _child(
        self, module: Module, declaration: Declaration, directory: Path, above: tuple[Path, ...]
    ) -> None:
        id_ = (*module.id, declaration.name)
        active = module.active and is_active(declaration, self._features)
        known = self.tree.modules.get(id_)
        if known is not None and (known.active or not active):
            return
        if known is not None:
            del self.tree.modules[id_]
        here = above[-1]
        file = self._named_file(declaration)
        if declaration.inline:
            child = Module(id_, here, active)
            self.tree.modules[id_] = child
            below = _joined(directory, file) if file else directory / declaration.name
            self._module(child, declaration.children, below, above)
        elif file:
            base = here.parent if module.file == here and not _nested(module, self.tree) else None
            path = _joined(base if base is not None else directory, file)
            self._file(id_, path, path.parent, active, above)
        else:
            plain = directory / f"{declaration.name}.rs"
            folder = directory / declaration.name / "mod.rs"
            if self._declare(plain) is None and self._declare(folder) is not None:
                self.tree.missing.add(plain)
                self._file(id_, folder, folder.parent, active, above)
            else:
                self._file(id_, plain, directory / declaration.name, active, above)

    def _named_file(self, declaration: Declaration) -> str:
        """The file that a path attribute names, else ""."""
        for condition, file in declaration.files:
            if condition_holds(f"({condition})", self._features):
                return file
        return declaration.file


def _made_by(call: Declaration, made: Declaration, over: Span | None) -> Declaration:
    """A declaration with the call that made it; shown at `over` if a call inside that did."""
    return replace(
        made,
        span=over or made.span,
        name_span=over or made.name_span,
        children=tuple(_made_by(call, child, over) for child in made.children),
        call=call,
    )


def _nested(module: Module, tree: Tree) -> bool:
    """Whether the module stands inline in another module's file."""
    if not module.id:
        return False
    parent = tree.modules.get(module.id[:-1])
    return parent is not None and parent.file == module.file


def _joined(directory: Path, name: str) -> Path:
    path = directory / name
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            if parts and parts[-1] not in ("..", "/"):
                parts.pop()
                continue
        elif part == ".":
            continue
        parts.append(part)
    return Path(*parts) if parts else path
