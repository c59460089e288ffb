# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a rule is given to look at."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from rex_lsp.model.answers import Answer, External, Item
from rex_lsp.model.crate import Crate
from rex_lsp.model.facts import AttributeUse, Facts, PathUse
from rex_lsp.model.modules import ModuleId, condition_holds
from rex_lsp.model.names import Question
from rex_lsp.model.uses import Segments
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Span


class ItemContext:
    """One item: its text, its facts, and what its paths mean.

    Spans count from the start of the item's region. Every name that is looked up is
    noted in `questions`, so that the item is looked at again when the answer changes.
    """

    def __init__(
        self, crate: Crate, file: Path, module: ModuleId, kind: str, text: bytes, facts: Facts
    ) -> None:
        self.crate = crate
        self.file = file
        self.module = module
        self.kind = kind
        self.text = text
        self.facts = facts
        self.questions: set[Question] = set()

    def resolve(self, segments: Segments, namespace: str, at: int) -> Answer:
        """What a path means at an offset of the item."""
        answer, question = self.crate.names.resolve(
            self.facts, self.module, segments, namespace, at
        )
        if question is not None:
            self.questions.add(question)
        return answer

    @cached_property
    def answers(self) -> list[tuple[PathUse, Answer]]:
        """Every path of the item with what it means."""
        names = self.crate.names
        facts = self.facts
        found: list[tuple[PathUse, Answer]] = []
        for path in facts.paths:
            answer, question = names.resolve(
                facts, self.module, path.segments, path.namespace, path.span.start
            )
            if question is not None:
                self.questions.add(question)
            found.append((path, answer))
        return found

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

    def other_files(self) -> Iterator[Path]:
        """The crate's files in the order in which names clash: root first, then by path."""
        files = self.crate.files()
        if self.crate.root in files:
            yield self.crate.root
        yield from sorted(files - {self.crate.root})
