# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Finds the programs and maps of a chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rex_lsp.model.answers import Answer, External
from rex_lsp.model.modules import ModuleId
from rex_lsp.model.program import KINDS, MapStatic, Program, read_map, read_program, rex_attribute
from rex_lsp.model.uses import GLOBAL, Segments, unraw
from rex_lsp.syntax.chunk import Chunk
from rex_lsp.syntax.items import Raw, body_of, raw_items, read_attribute
from rex_lsp.syntax.tree import Node, text_of

Resolve = Callable[[ModuleId, Segments], Answer]

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

    def programs_at(self, base: int) -> Iterator[Program]:
        """The programs, with places that count from the start of the document."""
        return (program.shifted(base) for program in self.programs)

    def maps_at(self, base: int) -> Iterator[MapStatic]:
        """The maps, with places that count from the start of the document."""
        return (one.shifted(base) for one in self.maps)


def read_chunk(chunk: Chunk, module: ModuleId, resolve: Resolve) -> Found:
    """The programs and maps of a chunk of a module's file."""
    if b"#[" not in chunk.data and b"# [" not in chunk.data:
        return Found()
    programs: list[Program] = []
    maps: list[MapStatic] = []
    _read(chunk.tree.root_node, chunk.data, module, resolve, programs, maps)
    return Found(tuple(programs), tuple(maps))


def rex_name(path: str, module: ModuleId, resolve: Resolve) -> str:
    """The rex attribute that a written attribute path means, else ""."""
    if path in BUILT_IN or not path:
        return ""
    segments = tuple(path.split("::"))
    if segments[0] == "":
        segments = (GLOBAL, *segments[1:])
    answer = resolve(module, segments)
    return rex_attribute(answer) if isinstance(answer, External) else ""


def _read(
    container: Node,
    data: bytes,
    module: ModuleId,
    resolve: Resolve,
    programs: list[Program],
    maps: list[MapStatic],
) -> None:
    for raw in raw_items(container):
        _attributes(raw, data, module, resolve, programs, maps)
        if raw.node.type == "mod_item":
            body = body_of(raw.node)
            name = raw.node.child_by_field_name("name")
            if body is not None and name is not None:
                inner = (*module, unraw(text_of(name, data)))
                _read(body, data, inner, resolve, programs, maps)


def _attributes(
    raw: Raw,
    data: bytes,
    module: ModuleId,
    resolve: Resolve,
    programs: list[Program],
    maps: list[MapStatic],
) -> None:
    for attribute in raw.attributes:
        name = rex_name(read_attribute(attribute, data).path, module, resolve)
        if not name:
            continue
        named = raw.node.child_by_field_name("name")
        item = "::".join((*module, text_of(named, data) if named is not None else ""))
        if name in KINDS:
            programs.append(read_program(raw, data, name, attribute, item))
            return
        found = read_map(raw.node, data, item)
        if found is not None:
            maps.append(found)
        return
