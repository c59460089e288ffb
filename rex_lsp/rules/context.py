# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a rule is given to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from rex_lsp.model.answers import Answer, External, Item
from rex_lsp.model.crate import Crate
from rex_lsp.model.facts import AttributeUse, Facts, PathUse
from rex_lsp.model.modules import ModuleId, condition_holds
from rex_lsp.model.names import Question
from rex_lsp.model.program import KINDS, MapStatic, Program, read_program
from rex_lsp.model.programs import BUILT_IN, attribute_segments, rex_name
from rex_lsp.model.uses import Segments
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.items import Attribute, Raw
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node


class ItemContext:
    """One item: its text, its facts, and what its paths mean.

    Spans count from the start of the item's region. Every name that is looked up is
    noted in `questions`, so that the item is looked at again when the answer changes.
    """

    def __init__(
        self, crate: Crate, module: ModuleId, item: str, raw: Raw, data: bytes, facts: Facts
    ) -> None:
        self.crate = crate
        self.module = module
        self.item = item
        self.text = data[raw.start : raw.node.end_byte]
        self.facts = facts
        self.questions: set[Question] = set()
        self._raw = raw
        self._data = data

    def resolve(self, segments: Segments, namespace: str, at: int) -> Answer:
        """What a path means at an offset of the item."""
        return self.crate.names.resolve(
            self.facts, self.module, segments, namespace, at, self.questions
        )

    @cached_property
    def answers(self) -> list[tuple[PathUse, Answer]]:
        """Every path of the item with what it means."""
        resolve, facts, module = self.crate.names.resolve, self.facts, self.module
        return [
            (
                path,
                resolve(
                    facts, module, path.segments, path.namespace, path.span.start, self.questions
                ),
            )
            for path in facts.paths
        ]

    @cached_property
    def externals(self) -> list[tuple[PathUse, External]]:
        """The paths that lead to another crate or to a built-in type."""
        return [(path, to) for path, to in self.answers if isinstance(to, External)]

    def answer_of(self, index: int) -> tuple[PathUse, Answer]:
        """The path with an index of `facts.paths`."""
        return self.answers[index]

    @cached_property
    def attributes(self) -> list[AttributeUse]:
        """The attributes that count: those of a `cfg_attr` only where its predicate holds."""
        features = self.crate.config.features
        return [
            use
            for use in self.facts.attributes
            if not use.condition or condition_holds(f"({use.condition})", features)
        ]

    @cached_property
    def rex_attribute(self) -> tuple[str, Attribute] | None:
        """The rex crate's own name of an attribute that stands on the item, and it."""
        whole = Span(self._raw.node.start_byte, self._raw.node.end_byte).shifted(-self._raw.start)
        for use in self.attributes:
            path = use.attribute.path
            if use.owner_span != whole or not path or path in BUILT_IN:
                continue
            segments = attribute_segments(path)
            self.questions.add((self.module, segments, "m"))
            name = rex_name(segments, self.module, self.crate.attribute)
            if name:
                return name, use.attribute
        return None

    @cached_property
    def program(self) -> Program | None:
        """The program that one of the item's own attributes makes of it."""
        found = self.rex_attribute
        if found is None or found[0] not in KINDS:
            return None
        program = read_program(self._raw, self._data, *found, self.item)
        return replace(program.shifted(-self._raw.start), attribute=found[1])

    @property
    def node(self) -> Node:
        """The item's node."""
        return self._raw.node

    @property
    def data(self) -> bytes:
        """The text that the node's offsets count in."""
        return self._data

    def span_of(self, node: Node) -> Span:
        """A node's place, counted from the start of the item's region."""
        return Span(node.start_byte, node.end_byte).shifted(-self._raw.start)

    @property
    def name_span(self) -> Span | None:
        """The place of the item's name."""
        named = self._raw.node.child_by_field_name("name")
        if named is None:
            return None
        return Span(named.start_byte, named.end_byte).shifted(-self._raw.start)

    def source(self, span: Span) -> str:
        """The text of a span."""
        return self.text[span.start : span.end].decode("utf-8", "surrogatepass")

    def diverges(self, answer: Answer) -> bool:
        """Whether calling this certainly does not return."""
        if isinstance(answer, Item):
            return answer.diverges and not answer.rest
        return isinstance(answer, External) and answer.canonical[-1] in ("abort", "exit")


class FileContext:
    """One file: its document and its crate. Spans count from the start of the file."""

    def __init__(self, crate: Crate, path: Path, document: Document) -> None:
        self.crate = crate
        self.path = path
        self.document = document

    @property
    def is_root(self) -> bool:
        """Whether this is the crate's root file."""
        return self.path == self.crate.root

    def programs(self, path: Path) -> Iterator[tuple[Program, int]]:
        """The programs of a file of the crate, each with the offset its places count from."""
        return self.crate.relative_programs(path)

    def maps(self, path: Path) -> Iterator[tuple[MapStatic, int]]:
        """The maps of a file of the crate, each with the offset its places count from."""
        return self.crate.relative_maps(path)

    def other_files(self) -> Iterator[Path]:
        """The crate's files in the order in which names clash: root first, then by path."""
        files = self.crate.files()
        if self.crate.root in files:
            yield self.crate.root
        yield from sorted(files - {self.crate.root})
