# SPDX-License-Identifier: Apache-2.0 OR MIT
"""One crate: its files, its modules, its names. The door to the model for everybody else."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from weakref import WeakKeyDictionary

from rex_lsp.model.answers import UNKNOWN, Answer, External, Item, Unknown
from rex_lsp.model.declarations import Declaration, Declared, declarations
from rex_lsp.model.facts import TYPE, VALUE, Facts
from rex_lsp.model.files import FileReader
from rex_lsp.model.growing import grown
from rex_lsp.model.macros.expansion import Expansion
from rex_lsp.model.modules import Declare, Module, ModuleId, Tree
from rex_lsp.model.names import EXPANSION, Consulted, Names, Question
from rex_lsp.model.outside import REX_ATTRIBUTES
from rex_lsp.model.patching import patch
from rex_lsp.model.places import Place, enclosing
from rex_lsp.model.program import MapStatic, Program, context_segments, tracepoint_of
from rex_lsp.model.programs import Found, read_chunk
from rex_lsp.model.reading.reader import Reader
from rex_lsp.model.recent import Recent
from rex_lsp.model.uses import GLOBAL, Segments
from rex_lsp.syntax.chunk import Chunk
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Span

_AT_ONCE = 200_000
"""A file up to this many bytes is parsed to its end when it comes in."""

_AT_ONCE_OPEN = 40_000
"""The same for a document that somebody edits: its owner parses on, a slice at a time."""


@dataclass(frozen=True, slots=True)
class CrateConfig:
    """What Cargo.toml and the settings say about a crate.

    `rex_name` is what the rex crate is called here; `program_rules` and `needs_no_main`
    are false for a library that an extension uses.
    """

    rex_name: str = "rex"
    edition: str = "2024"
    features: frozenset[str] = frozenset()
    program_rules: bool = True
    needs_no_main: bool = True


class Crate:
    """A crate being edited. Nothing here raises on the user's code."""

    def __init__(
        self,
        root: Path,
        files: FileReader,
        config: CrateConfig | None = None,
        documents: Mapping[Path, Document] | None = None,
    ) -> None:
        """`documents` are those being edited, whose text counts instead of the file's."""
        self.root = root
        self.config = config if config is not None else CrateConfig()
        self._reader = files
        self._documents: dict[Path, Document] = dict(documents or {})
        self._edited = set(self._documents)
        self._absent: set[Path] = set()
        self._declared: WeakKeyDictionary[Chunk, tuple[Declaration, ...]] = WeakKeyDictionary()
        self._declared_lately: Recent[Declared] = Recent()
        self._found_lately: Recent[Found] = Recent()
        self._found: dict[Path, dict[Chunk, tuple[int, ModuleId, Found]]] = {}
        self._offers: dict[
            Path, tuple[Sequence[Chunk], int, tuple[list[Program], list[MapStatic]]]
        ] = {}
        self._unread: set[Path] = set()
        self._known: dict[Path, tuple[tuple[Declaration, ...], ...]] = {}
        self._tree = Tree()
        self._names = Names(self._tree, self.config.rex_name)
        self._dropped: dict[Question, Answer] = {}
        self._unknown = False
        self.generation = 0
        """Grows when any name changes."""
        self._build()

    # Files.

    @property
    def documents(self) -> dict[Path, Document]:
        """The documents of the crate's files."""
        return {path: self._documents[path] for path in self._tree.files}

    def files(self) -> set[Path]:
        """The files that belong to the crate."""
        return set(self._tree.files)

    def awaited(self) -> set[Path]:
        """Files that modules name and nobody could read."""
        return set(self._tree.missing)

    def document(self, path: Path) -> Document | None:
        """The document of one of the crate's files."""
        return self._documents.get(path) if path in self._tree.files else None

    def update(self, path: Path, document: Document | None) -> None:
        """Take a file's new text: its open document, or None to read it again."""
        if document is None:
            self._documents.pop(path, None)
            self._edited.discard(path)
            self._absent.discard(path)
        else:
            self._documents[path] = document
            self._edited.add(path)
            self._absent.discard(path)
        if path not in self._tree.files:
            if path in self._tree.missing:
                self._build()
            return
        before = self._known.get(path)
        after = self._chunk_declarations(path)
        complete = path not in self._unread
        known_complete = all(
            self._tree.modules[id_].complete == complete for id_ in self._tree.files[path]
        )
        if after is not None and before is not None and known_complete and _same(before, after):
            self._known[path] = after
            return
        if after is None or before is None or _structure(before) != _structure(after):
            self._build()
            return
        self._known[path] = after
        users = self._tree.files[path]
        changed = None
        if known_complete and len(users) == 1 and self._tree.modules[users[0]].file == path:
            changed = patch(self._tree, users[0], before, after, self.config.features)
        if changed is None:
            self._unknown = False
            tree = self._grown(self._declare_known)
            if self._unknown:
                self._build()
            else:
                self._take(tree)
        else:
            self._drop(changed)

    def read_some(self, document: Document, budget_ms: float) -> bool:
        """Read what a document's chunks declare for about `budget_ms`; whether all are read.

        `update` reads what is left, so a long document is read here first.
        """
        deadline = time.perf_counter() + budget_ms / 1000
        for chunk in document.chunks:
            if chunk not in self._declared:
                if time.perf_counter() >= deadline:
                    return False
                self._of_chunk(chunk)
        return True

    def sync(self, path: Path) -> None:
        """Read on in a long file that was not parsed to its end when it was last updated."""
        if path in self._unread:
            self.update(path, self._documents.get(path))

    def _load(self, path: Path) -> Document | None:
        document = self._documents.get(path)
        if document is not None:
            return document
        if path in self._absent:
            return None
        data = self._reader.read(path)
        if data is None:
            self._absent.add(path)
            return None
        document = self._documents[path] = Document(data)
        return document

    def _chunk_declarations(self, path: Path) -> tuple[tuple[Declaration, ...], ...] | None:
        document = self._load(path)
        if document is None:
            return None
        limit = _AT_ONCE_OPEN if path in self._edited else _AT_ONCE
        if len(document) > limit and not document.loaded:
            self._unread.add(path)
            return tuple(self._of_chunk(c) if c.parsed else () for c in document.chunks)
        self._unread.discard(path)
        return tuple(self._of_chunk(chunk) for chunk in document.chunks)

    def _of_chunk(self, chunk: Chunk) -> tuple[Declaration, ...]:
        known = self._declared.get(chunk)
        if known is None:
            known = self._declared[chunk] = declarations(chunk, self._declared_lately)
        return known

    def _declare(self, path: Path) -> tuple[Sequence[Declaration], bool] | None:
        chunks = self._chunk_declarations(path)
        if chunks is None:
            return None
        self._known[path] = chunks
        return [d for chunk in chunks for d in chunk], path not in self._unread

    def _build(self) -> None:
        """Walk through all files again."""
        self._known = {}
        self._absent = set()
        self._take(self._grown(self._declare))
        for path in list(self._documents):
            if path not in self._tree.files:
                del self._documents[path]

    def _grown(self, declare: Declare) -> Tree:
        return grown(declare, self.config.features, self.root, self.config.rex_name)

    # Names.

    def _declare_known(self, path: Path) -> tuple[Sequence[Declaration], bool] | None:
        known = self._known.get(path)
        if known is None:
            self._unknown = self._unknown or path not in self._absent
            return None
        return [d for chunk in known for d in chunk], path not in self._unread

    def _take(self, tree: Tree) -> None:
        """Put a new tree in the old one's place; answers that rest on a change are dropped."""
        changed = list(_differences(self._tree, tree))
        self._tree = tree
        self._names.tree = tree
        self._drop(changed)

    def _drop(self, changed: Collection[Consulted]) -> None:
        for question, answer in self._names.forget(changed).items():
            self._dropped.setdefault(question, answer)
        if changed:
            self.generation += 1

    def changes(self) -> dict[Question, Answer]:
        """Questions whose answers were taken back since the last call, with the old answers."""
        dropped, self._dropped = self._dropped, {}
        return dropped

    @property
    def names(self) -> Names:
        """The resolver's tables."""
        return self._names

    def module_of(self, path: Path) -> ModuleId | None:
        """The first module that a file is the text of."""
        users = self._tree.files.get(path)
        return users[0] if users else None

    def module(self, id_: ModuleId) -> Module | None:
        """A module by its path."""
        return self._tree.modules.get(id_)

    def resolve(self, path: str | Segments, at: Place, namespace: str | None = None) -> Answer:
        """What a path means at a place. `namespace` is `v`, `t` or `m`; None tries all three."""
        segments = _segments(path) if isinstance(path, str) else path
        document = self.document(at.path)
        if document is None or not segments:
            return UNKNOWN
        module = self.module_of(at.path) or ()
        facts = Facts()
        offset = at.offset
        around = enclosing(document, at.offset)
        if around is not None:
            module = (*module, *around.modules)
            facts = Reader(around.data, around.raw.start).item(around.raw)
            offset = around.offset
        for wanted in (namespace,) if namespace else (TYPE, VALUE, "m"):
            answer = self._names.resolve(facts, module, segments, wanted, offset, set())
            if not isinstance(answer, Unknown):
                return answer
        return UNKNOWN

    def place_of(self, item: Item) -> tuple[Path, Span] | None:
        """Where the name of a crate's own item stands now; of one that a macro made, the call."""
        if item.declaration is None or item.path is None:
            return None
        made, wanted = item.declaration, item.declaration.call or item.declaration
        document = self.document(item.path)
        if document is None:
            return None
        for id_ in self._tree.files[item.path]:
            for chunk, base in zip(document.chunks, document.bases, strict=True):
                for module, declaration in _flat(self._of_chunk(chunk), id_):
                    if declaration != wanted or module != item.module[: len(module)]:
                        continue
                    if made is not wanted:
                        return item.path, made.name_span.shifted(base + declaration.span.start)
                    if module != item.module:
                        continue
                    return item.path, declaration.name_span.shifted(base)
        return None

    # Programs and maps.

    def programs(self, path: Path) -> list[Program]:
        """The programs of a file, with places in its current text."""
        return self._offered(path)[0]

    def maps(self, path: Path) -> list[MapStatic]:
        """The maps of a file, with places in its current text."""
        return self._offered(path)[1]

    def relative_programs(self, path: Path) -> Iterator[tuple[Program, int]]:
        """The programs of a file, each with the offset that its places count from."""
        for found, base in self._all(path):
            for program in found.programs:
                yield program, base

    def relative_maps(self, path: Path) -> Iterator[tuple[MapStatic, int]]:
        """The maps of a file, each with the offset that its places count from."""
        for found, base in self._all(path):
            for one in found.maps:
                yield one, base

    def _offered(self, path: Path) -> tuple[list[Program], list[MapStatic]]:
        document = self.document(path)
        if document is None:
            return [], []
        known = self._offers.get(path)
        if known is not None and known[0] is document.chunks and known[1] == self.generation:
            return known[2]
        found = list(self._all(path))
        made = (
            [self._aimed(program) for one, base in found for program in one.programs_at(base)],
            [map_ for one, base in found for map_ in one.maps_at(base)],
        )
        self._offers[path] = (document.chunks, self.generation, made)
        return made

    def _aimed(self, program: Program) -> Program:
        """The program with its tracepoint, where the name of its context does not tell it."""
        if program.kind != "tracepoint" or program.attach or program.signature is None:
            return program
        segments = context_segments(program.signature)
        module = tuple(program.item.split("::")[:-1])
        return replace(program, attach=tracepoint_of(self._names.ask(module, segments, TYPE)))

    def _all(self, path: Path) -> Iterator[tuple[Found, int]]:
        document = self.document(path)
        module = self.module_of(path)
        if document is None or module is None:
            return
        earlier = self._found.get(path, {})
        kept = self._found[path] = {}
        for chunk, base in zip(document.chunks, document.bases, strict=True):
            kept[chunk] = self._found_in(chunk, module, earlier.get(chunk))
            yield kept[chunk][2], base

    def read_programs(self, path: Path, chunk: Chunk) -> None:
        """Look for programs in one chunk of a file now: asking for all is quick then."""
        module = self.module_of(path)
        if module is not None:
            found = self._found.setdefault(path, {})
            found[chunk] = self._found_in(chunk, module, found.get(chunk))

    def _found_in(
        self, chunk: Chunk, module: ModuleId, known: tuple[int, ModuleId, Found] | None
    ) -> tuple[int, ModuleId, Found]:
        if known is not None and known[1] == module:
            if known[0] == self.generation:
                return known
            if known[2].holds(self.attribute, self.expansion):
                return self.generation, module, known[2]
        return self.generation, module, self._read_programs(chunk, module)

    def _read_programs(self, chunk: Chunk, module: ModuleId) -> Found:
        features = self.config.features
        ways = self.attribute, self.expansion
        return read_chunk(chunk, module, *ways, features, self._found_lately)

    def expansion(self, id_: ModuleId, call: bytes) -> Expansion | None:
        """What a macro call in the place of an item became."""
        became = self._tree.expansions.get((id_, call))
        return became.expansion if became is not None else None

    def attribute(self, id_: ModuleId, path: Segments) -> Answer:
        """What an attribute's path means; a bare `rex_…` that nobody declared is rex's."""
        answer = self._names.ask(id_, path, "m")
        bare = len(path) == 1 and path[0] in REX_ATTRIBUTES
        if bare and isinstance(answer, Unknown) and not answer.declared:
            return External(("rex", path[0]))
        return answer


def _segments(path: str) -> Segments:
    text = "".join(path.split())
    if text.startswith("::"):
        return (GLOBAL, *text[2:].split("::"))
    return tuple(text.split("::")) if text else ()


def _flat(declared: Iterable[Declaration], id_: ModuleId) -> Iterator[tuple[ModuleId, Declaration]]:
    for declaration in declared:
        below = (*id_, declaration.name) if declaration.kind == "mod" else id_
        yield below if declaration.kind == "mod" else id_, declaration
        yield from _flat(declaration.children, below)


def _same(
    before: tuple[tuple[Declaration, ...], ...], after: tuple[tuple[Declaration, ...], ...]
) -> bool:
    if len(before) == len(after):
        return all(a is b or a == b for a, b in zip(before, after, strict=True))
    return [d for chunk in before for d in chunk] == [d for chunk in after for d in chunk]


def _structure(chunks: tuple[tuple[Declaration, ...], ...]) -> list[object]:
    """What decides the module tree: modules and includes, with their conditions."""
    return [
        (d.kind, d.name, d.inline, d.file, d.files, d.conditions, _structure((d.children,)))
        for chunk in chunks
        for d in chunk
        if d.kind in ("mod", "include")
    ]


def _differences(before: Tree, after: Tree) -> Iterator[Consulted]:
    """The places of the name tables that are not what they were."""
    for id_ in before.modules.keys() | after.modules.keys():
        old, new = before.modules.get(id_), after.modules.get(id_)
        if old is None or new is None:
            yield id_, "", ""
            continue
        for key in old.tables.keys() | new.tables.keys():
            if old.tables.get(key) != new.tables.get(key):
                yield id_, key[0], key[1]
        for name in old.macros.keys() | new.macros.keys():
            if old.macros.get(name) != new.macros.get(name):
                yield id_, "macro", name
        if old.globs != new.globs or old.complete != new.complete:
            yield id_, "*", ""
    for where in before.expansions.keys() | after.expansions.keys():
        if before.expansions.get(where) != after.expansions.get(where):
            yield where[0], EXPANSION, where[1].decode("utf-8", "surrogateescape")
    for name in before.macros.keys() | after.macros.keys():
        if before.macros.get(name) != after.macros.get(name):
            yield (), "exported", name
