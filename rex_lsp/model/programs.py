# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Finds the programs and maps of a chunk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from rex_lsp.model.answers import Answer, External
from rex_lsp.model.attributes import expanded
from rex_lsp.model.macros.expansion import Expansion, call_of
from rex_lsp.model.modules import ModuleId, condition_holds
from rex_lsp.model.program import KINDS, MapStatic, Program, read_map, read_program, rex_attribute
from rex_lsp.model.recent import Recent
from rex_lsp.model.uses import GLOBAL, Segments, unraw
from rex_lsp.syntax.chunk import Chunk
from rex_lsp.syntax.items import Attribute, Raw, body_of, raw_items, read_attribute
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node, text_of

Resolve = Callable[[ModuleId, Segments], Answer]
Expand = Callable[[ModuleId, bytes], "Expansion | None"]

BUILT_IN = frozenset(
    "allow warn deny forbid expect cfg cfg_attr inline cold must_use deprecated derive doc repr "
    "test ignore should_panic path macro_use macro_export non_exhaustive track_caller no_mangle "
    "link_section export_name link used feature no_std no_main stable unstable rustfmt clippy "
    "automatically_derived panic_handler global_allocator lang target_feature".split()
)
"""Attributes that nobody needs to resolve."""


@dataclass(frozen=True, slots=True)
class Found:
    """The programs and maps of a chunk, with places that count from its start."""

    programs: tuple[Program, ...] = ()
    maps: tuple[MapStatic, ...] = ()
    asked: frozenset[tuple[ModuleId, Segments, str]] = frozenset()
    """The attribute paths that were looked up, each with its module and rex's name for it."""

    became: frozenset[tuple[ModuleId, bytes, Expansion | None]] = frozenset()
    """The macro calls in the places of items, each with its module and what it became."""

    def holds(self, resolve: Resolve, expand: Expand) -> bool:
        """Whether every attribute and every call still means what it meant."""
        return all(rex_name(path, id_, resolve) == name for id_, path, name in self.asked) and all(
            expand(id_, call) == expansion for id_, call, expansion in self.became
        )

    def shifted(self, by: int) -> Found:
        """The same `by` bytes further on."""
        if not self.programs and not self.maps:
            return self
        return replace(self, programs=tuple(self.programs_at(by)), maps=tuple(self.maps_at(by)))

    def programs_at(self, base: int) -> Iterator[Program]:
        """The programs, with places that count from the start of the document."""
        return (program.shifted(base) for program in self.programs)

    def maps_at(self, base: int) -> Iterator[MapStatic]:
        """The maps, with places that count from the start of the document."""
        return (one.shifted(base) for one in self.maps)


def read_chunk(
    chunk: Chunk,
    module: ModuleId,
    resolve: Resolve,
    expand: Expand,
    features: Collection[str],
    recent: Recent[Found],
) -> Found:
    """The programs and maps of a chunk of a module's file; inactive ones are left out."""
    if not any(mark in chunk.data for mark in (b"#[", b"# [", b"!")):
        return Found()

    def read(raw: Raw) -> Found:
        reader = _Reader(chunk.data, resolve, expand, features)
        reader.item(raw, module)
        return reader.found

    parts = [
        recent.of(raw, chunk.data, module, read, lambda known: known.holds(resolve, expand))
        for raw in chunk.raws
        if raw.attributes or raw.node.type in _HOLDING
    ]
    return Found(
        tuple(program for part in parts for program in part.programs),
        tuple(map_ for part in parts for map_ in part.maps),
        frozenset(question for part in parts for question in part.asked),
        frozenset(call for part in parts for call in part.became),
    )


_HOLDING = frozenset({"mod_item", "macro_invocation", "expression_statement"})
"""Items that need no attribute to hold a program."""


class _Reader:
    def __init__(
        self, data: bytes, resolve: Resolve, expand: Expand, features: Collection[str]
    ) -> None:
        self.data = data
        self.resolve = resolve
        self.expand = expand
        self.features = features
        self.programs: list[Program] = []
        self.maps: list[MapStatic] = []
        self.asked: set[tuple[ModuleId, Segments, str]] = set()
        self.became: set[tuple[ModuleId, bytes, Expansion | None]] = set()

    @property
    def found(self) -> Found:
        """What was read."""
        offered = tuple(self.programs), tuple(self.maps)
        return Found(*offered, frozenset(self.asked), frozenset(self.became))

    def item(self, raw: Raw, module: ModuleId) -> None:
        attributes = self._attributes(raw)
        if attributes is None:
            return
        self._offered(raw, attributes, module)
        if raw.node.type == "mod_item":
            body = body_of(raw.node)
            name = raw.node.child_by_field_name("name")
            if body is not None and name is not None:
                for inner in raw_items(body):
                    self.item(inner, (*module, unraw(text_of(name, self.data))))
        elif raw.node.type in _HOLDING:
            self._call(raw.node, module)

    def _call(self, node: Node, module: ModuleId) -> None:
        """What a macro call in the place of an item becomes may be programs and maps."""
        call = call_of(node)
        if call is None:
            return
        text = self.data[call.start_byte : call.end_byte]
        expansion = self.expand(module, text)
        self.became.add((module, text, expansion))
        if expansion is None:
            return
        reader = _Reader(expansion.text, self.resolve, self.expand, self.features)
        for raw in expansion.raws():
            reader.item(raw, module)

        def place(span: Span) -> Span:
            return expansion.shown(span).shifted(call.start_byte)

        self.programs += [program.placed(place) for program in reader.programs]
        self.maps += [one.placed(place) for one in reader.maps]
        self.asked |= reader.asked
        self.became |= reader.became

    def _attributes(self, raw: Raw) -> list[Attribute] | None:
        """The attributes that hold; None when one of them takes the item out."""
        found: list[Attribute] = []
        for node in raw.attributes:
            for attribute, condition in expanded(read_attribute(node, self.data)):
                if condition and not condition_holds(f"({condition})", self.features):
                    continue
                if attribute.path == "cfg" and not condition_holds(
                    attribute.arguments, self.features
                ):
                    return None
                found.append(attribute)
        return found

    def _offered(self, raw: Raw, attributes: list[Attribute], module: ModuleId) -> None:
        for attribute in attributes:
            name = self._rex_name(attribute.path, module)
            if not name:
                continue
            named = raw.node.child_by_field_name("name")
            own = text_of(named, self.data) if named is not None else ""
            item = "::".join((*module, own))
            if name in KINDS:
                self.programs.append(read_program(raw, self.data, name, attribute, item))
            else:
                found = read_map(raw.node, self.data, item)
                if found is not None:
                    self.maps.append(found)
            return

    def _rex_name(self, path: str, module: ModuleId) -> str:
        if not path or path in BUILT_IN or path.startswith("rustc_"):
            return ""
        segments = attribute_segments(path)
        name = rex_name(segments, module, self.resolve)
        self.asked.add((module, segments, name))
        return name


def attribute_segments(path: str) -> Segments:
    """The segments of an attribute's path as written."""
    segments = tuple(path.split("::"))
    return (GLOBAL, *segments[1:]) if segments[0] == "" else segments


def rex_name(path: Segments, module: ModuleId, resolve: Resolve) -> str:
    """The rex attribute that an attribute's path means, else ""."""
    answer = resolve(module, path)
    return rex_attribute(answer) if isinstance(answer, External) else ""
