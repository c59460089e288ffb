# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The resolver: from a path in a module to what it means.

Each answer is remembered together with the name tables it consulted, so that a change
of some names takes back only the answers that could be different now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from rex_lsp.model import outside
from rex_lsp.model.answers import ABSENT, DECLARED, UNKNOWN, Answer, External, Item, Unknown
from rex_lsp.model.declarations import Declaration
from rex_lsp.model.facts import MACRO, TYPE, VALUE, Facts
from rex_lsp.model.modules import Expanded, Module, ModuleId, Tree
from rex_lsp.model.reading.tokens import ANY
from rex_lsp.model.uses import GLOBAL, Segments

Question = tuple[ModuleId, Segments, str]
"""A path without local names: where it is asked, its segments, the last one's namespace."""

Consulted = tuple[ModuleId, str, str]
"""A place in a name table: module, namespace, name.

The namespace `*` stands for the module's globs, `""` for the module being there at all.
"""

EXPANSION = "expansion"
"""The namespace of a question whose only segment is the text of a macro call."""

_MAX_STEPS = 64


class Names:
    """Answers for one crate."""

    def __init__(self, tree: Tree, rex_name: str) -> None:
        self.tree = tree
        self._crates: dict[str, str] = {"core": "core", "std": "std", rex_name: "rex"}
        self._answers: dict[Question, Answer] = {}
        self._users: dict[Consulted, set[Question]] = {}

    # Questions.

    def ask(self, module: ModuleId, segments: Segments, namespace: str) -> Answer:
        """What a path means in a module, local names of functions left aside."""
        question = (module, segments, namespace)
        answer = self._answers.get(question)
        if answer is None:
            answer, places = self.search(module, segments, namespace)
            self._answers[question] = answer
            for consulted in places:
                self._users.setdefault(consulted, set()).add(question)
        return answer

    def search(
        self, module: ModuleId, segments: Segments, namespace: str
    ) -> tuple[Answer, set[Consulted]]:
        """The same, not remembered: the answer and the places it rests on."""
        if namespace == EXPANSION:
            text = segments[0]
            became = self.tree.expansions.get((module, text.encode("utf-8", "surrogateescape")))
            places = {(module, EXPANSION, text), (module, "", "")}
            if became is None:
                return ABSENT, places
            # What a call becomes, and what is said at the macro itself, follow from its text.
            source = became.macro.source.decode("latin-1")
            return Item(EXPANSION, source, module, rest=became.home), places
        search = _Search(self)
        found = search.path(module, segments, namespace)
        return ABSENT if found is None else found, search.consulted

    def expansion(self, module: ModuleId, call: bytes, asked: set[Question]) -> Expanded | None:
        """What a macro call in the place of an item became; the question is added."""
        if not self.tree.expansions and not self.tree.sought:
            return None
        text = call.decode("utf-8", "surrogateescape")
        self._note(module, (text,), EXPANSION, asked)
        return self.tree.expansions.get((module, call))

    def resolve(
        self,
        facts: Facts,
        module: ModuleId,
        segments: Segments,
        namespace: str,
        at: int,
        asked: set[Question],
    ) -> Answer:
        """What a path means at an offset of an item; the questions it came down to are added."""
        if namespace == ANY:
            answer = self.resolve(facts, module, segments, TYPE, at, asked)
            if isinstance(answer, Unknown):
                return self.resolve(facts, module, segments, VALUE, at, asked)
            return answer
        first = segments[0]
        head = namespace if len(segments) == 1 else TYPE
        steps = 0
        while first in facts.locals and steps < _MAX_STEPS:
            local = facts.visible(first, head, at)
            if local is None:
                break
            steps += 1
            if local.kind not in ("use", "alias") or not local.target:
                return _local(first, module, segments[1:], local.diverges)
            segments = (*local.target, *segments[1:])
            if local.target[0] == first:
                return self._note(module, segments, namespace, asked)
            first = segments[0]
            head = namespace if len(segments) == 1 else TYPE
        for path, visible in facts.globs:
            if visible.contains(at):
                found = self._note(module, (*path, GLOB_MARK, *segments), namespace, asked)
                if not isinstance(found, Unknown):
                    return found
        return self._note(module, segments, namespace, asked)

    def _note(
        self, module: ModuleId, segments: Segments, namespace: str, asked: set[Question]
    ) -> Answer:
        asked.add((module, segments, namespace))
        return self.ask(module, segments, namespace)

    # Changes.

    def forget(self, changed: Iterable[Consulted]) -> dict[Question, Answer]:
        """Take back what rests on the changed places; the questions with their old answers."""
        dropped: dict[Question, Answer] = {}
        for consulted in changed:
            for question in self._users.pop(consulted, ()):
                old = self._answers.pop(question, None)
                if old is not None:
                    dropped[question] = old
        return dropped

    def extern(self, name: str) -> str | None:
        """The crate that a name of the extern prelude stands for."""
        return self._crates.get(name)


@lru_cache(maxsize=1024)
def _local(name: str, module: ModuleId, rest: Segments, diverges: bool) -> Item:
    """Half of all paths are local names, and a few names at that."""
    return Item("local", name, module, rest=rest, diverges=diverges)


GLOB_MARK = "*"
"""In a question's segments: what follows is looked up inside what comes before."""


class _Search:
    """One question being answered; `None` means the name is certainly not there."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._tree = names.tree
        self._running: set[tuple[ModuleId, str, str, bool]] = set()
        self._steps = 0
        self.consulted: set[Consulted] = set()

    def path(
        self, id_: ModuleId, segments: Segments, namespace: str, inner: bool = False
    ) -> Answer | None:
        self._steps += 1
        if self._steps > 500 or not segments:
            return UNKNOWN
        if GLOB_MARK in segments:
            at = segments.index(GLOB_MARK)
            module = self.path(id_, segments[:at], TYPE)
            return self._brought(module, segments[at + 1], segments[at + 2 :], namespace)
        first = segments[0]
        if first == GLOBAL:
            return self._extern(segments[1:])
        if first in ("crate", "$crate"):
            return self._below((), segments[1:], namespace)
        if first in ("self", "super") and (first != "self" or len(segments) > 1):
            while segments and segments[0] in ("self", "super"):
                if segments[0] == "super":
                    if not id_:
                        return UNKNOWN
                    id_ = id_[:-1]
                segments = segments[1:]
            return self._below(id_, segments, namespace)
        if first == "Self":
            return UNKNOWN
        head = namespace if len(segments) == 1 else TYPE
        found = self._lookup(id_, first, head, inner)
        if found is None and len(segments) > 1:
            # A first segment that nobody declares may be another crate.
            return UNKNOWN
        return self._walk(found, segments[1:], namespace)

    def _below(self, id_: ModuleId, segments: Segments, namespace: str) -> Answer | None:
        if not segments:
            return self._module_item(id_)
        return self.path(id_, segments, namespace, inner=True)

    def _walk(self, found: Answer | None, rest: Segments, namespace: str) -> Answer | None:
        if not rest or found is None or isinstance(found, Unknown):
            return found
        if isinstance(found, External):
            return External((*found.path, *rest))
        if found.kind == "mod":
            return self._below(found.module, rest, namespace)
        return Item(
            found.kind,
            found.name,
            found.module,
            found.path,
            (*found.rest, *rest),
            declaration=found.declaration,
        )

    def _extern(self, segments: Segments) -> Answer | None:
        if not segments:
            return UNKNOWN
        crate = self._names.extern(segments[0])
        if crate is None:
            if segments[0] not in outside.SYSROOT:
                return UNKNOWN
            crate = segments[0]
        return External((crate, *segments[1:]))

    def _lookup(self, id_: ModuleId, name: str, namespace: str, inner: bool) -> Answer | None:
        key = (id_, name, namespace, inner)
        if key in self._running:
            return None
        self._running.add(key)
        try:
            return self._lookup_once(id_, name, namespace, inner)
        finally:
            self._running.discard(key)

    def _lookup_once(self, id_: ModuleId, name: str, namespace: str, inner: bool) -> Answer | None:
        module = self._tree.modules.get(id_)
        self.consulted.add((id_, namespace, name))
        self.consulted.add((id_, "", ""))
        if module is None:
            return UNKNOWN
        for declaration in module.tables.get((namespace, name), ()):
            found = self._declared(module, declaration, namespace)
            if found is not None:
                return DECLARED if isinstance(found, Unknown) else found
        opaque = not module.complete
        self.consulted.add((id_, "*", ""))
        for glob in module.globs:
            if glob.path[0] == name and namespace == TYPE and not inner:
                # What a glob begins with does not come from it.
                continue
            target = self.path(id_, glob.path, TYPE)
            found = self._brought(target, name, (), namespace)
            if found is None:
                continue
            if not isinstance(found, Unknown):
                return found
            opaque = True
        if namespace == MACRO:
            scope = self._tree.macros if inner else module.macros
            if not inner or not id_:
                self.consulted.add((id_, "exported" if inner else "macro", name))
                if name in scope:
                    return self._item(*scope[name])
        if inner:
            return UNKNOWN if opaque else None
        return self._outside(name, namespace, opaque)

    def _brought(
        self, target: Answer | None, name: str, rest: Segments, namespace: str
    ) -> Answer | None:
        """What a glob over `target` makes of a name."""
        head = namespace if not rest else TYPE
        if target is None or isinstance(target, Unknown):
            return UNKNOWN
        if isinstance(target, External):
            brings = outside.glob_brings(target.path, name)
            if brings is None:
                return UNKNOWN
            return External((*target.path, name, *rest)) if brings else None
        if target.kind == "mod":
            found = self._lookup(target.module, name, head, True)
            return self._walk(found, rest, namespace)
        if target.kind == "enum" and target.declaration is not None:
            for variant in target.declaration.children:
                if variant.name == name:
                    return Item("variant", name, target.module, target.path, declaration=variant)
            return None
        return UNKNOWN

    def _declared(self, module: Module, declaration: Declaration, namespace: str) -> Answer | None:
        kind = declaration.kind
        if kind == "mod":
            return self._module_item((*module.id, declaration.name))
        if kind == "extern_crate":
            if declaration.path[0] == "crate":
                return self._module_item(())
            return self._extern(declaration.path[1:])
        if kind == "use":
            if declaration.path == (declaration.name,):
                # `use name;` makes no sense in a module of its own, except for a crate.
                return self._extern(declaration.path)
            return self.path(module.id, declaration.path, namespace)
        if kind == "type" and declaration.path:
            found = self.path(module.id, declaration.path, TYPE)
            if isinstance(found, External) and declaration.source:
                return replace(found, written=declaration.source)
            if found is not None and not isinstance(found, Unknown):
                return found
        return self._item(declaration, module.id)

    def _item(self, declaration: Declaration, id_: ModuleId) -> Item:
        module = self._tree.modules.get(id_)
        return Item(
            declaration.kind,
            declaration.name,
            id_,
            module.file if module is not None else None,
            (),
            declaration.diverges,
            declaration.exits,
            declaration,
        )

    def _module_item(self, id_: ModuleId) -> Answer:
        self.consulted.add((id_, "", ""))
        module = self._tree.modules.get(id_)
        if module is None:
            return UNKNOWN
        return Item("mod", id_[-1] if id_ else "crate", id_, module.file)

    def _outside(self, name: str, namespace: str, opaque: bool) -> Answer | None:
        if namespace == TYPE:
            crate = self._names.extern(name)
            if crate is not None:
                return External((crate,))
        if opaque:
            return UNKNOWN
        if namespace == TYPE and name in outside.PRIMITIVES:
            return External(("primitive", name))
        if namespace == MACRO:
            if name in outside.PRELUDE_MACROS or name in outside.STD_PRELUDE_MACROS:
                return External(outside.prelude_path(name))
            return None
        if name in outside.PRELUDE or name in outside.STD_PRELUDE:
            return External(outside.prelude_path(name))
        if namespace == TYPE and name == "alloc":
            return External(("alloc",))
        return None
