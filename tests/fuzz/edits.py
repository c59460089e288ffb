# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Random edits of two open files, compared with a workspace that saw nothing before.

After each batch the text is the client's, every range lies inside it and nothing raised.
Chunks that parse without an error have the items of a fresh parse; when all do, all findings
are a fresh workspace's. After a pause everything is, whatever the text.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rex_lsp.project import analysis
from rex_lsp.project.store import Shown
from rex_lsp.project.workspace import Workspace
from rex_lsp.syntax import layout
from rex_lsp.syntax.changes import Change
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.items import read_items
from rex_lsp.syntax.positions import Encoding
from rex_lsp.syntax.tree import parse

from .client import OTHER, WHOLE, Text, random_batch, split

_PAUSE_EVERY = 8
_IDLE_SECONDS = 0.002


class Differs(AssertionError):
    """What was found, with what it takes to see it again."""


@dataclass
class Run:
    """One run of random edits in a package at `root`, whose files are open."""

    root: Path
    seed: int
    encoding: Encoding
    tally: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.originals = {"main.rs": WHOLE, "other.rs": OTHER}
        self.texts = {
            self.root / "src" / name: Text(split(text)) for name, text in self.originals.items()
        }
        self.workspace = self._opened()
        self.last: tuple[Path, Sequence[Change]] | None = None

    async def edit(self, count: int) -> None:
        """Apply about `count` changes in batches and compare."""
        batches = 0
        with _failures_noted() as failures:
            while self.tally["edits"] < count:
                batches += 1
                await self.batch()
                self._sound()
                if self._clean():
                    self.tally["clean"] += 1
                    await self._equals_fresh("without an error")
                if batches % _PAUSE_EVERY == 0:
                    await _until_quiet(self.workspace)
                    self.tally["pauses"] += 1
                    await self._equals_fresh("after a pause")
                if failures:
                    raise self._differs(f"an exception was logged: {failures[0]}")

    async def batch(self) -> None:
        """One didChange."""
        path = self.chance.choice([*self.texts, self.root / "src" / "main.rs"])
        text = self.texts[path]
        changes = random_batch(text, self.chance, self.encoding, self.originals[path.name])
        self.last = path, changes
        self.tally["edits"] += len(changes)
        self.workspace.change(path, changes, self.encoding, self.tally["edits"])
        if self.chance.random() < 0.7:
            await _until_looked(self.workspace)

    def _sound(self) -> None:
        for path, text in self.texts.items():
            document = self.workspace.buffers.document(path)
            if document is None or document.text != text.text:
                raise self._differs(f"the text of {path.name} is not the client's")
            size = len(document)
            for one in self.workspace.shown(path):
                span = one.finding.span
                if not (
                    self.workspace.analysis.pending(path) or 0 <= span.start <= span.end <= size
                ):
                    raise self._differs(f"{one.finding.code} at {span} lies outside {size} bytes")
                document.range(span, self.encoding)
            for chunk in document.chunks:
                if chunk.parsed and not chunk.broken:
                    self.tally["chunks"] += 1
                    fresh = read_items(parse(chunk.data).root_node, chunk.data)
                    if chunk.items != fresh:
                        raise self._differs("a chunk without an error has other items", chunk.data)

    def _clean(self) -> bool:
        if not self.workspace.analysis.quiet and self.workspace.analysis.pending(
            next(iter(self.texts))
        ):
            return False
        documents = [self.workspace.buffers.document(path) for path in self.texts]
        return all(
            chunk.parsed and not chunk.broken
            for document in documents
            if document is not None
            for chunk in document.chunks
        )

    async def _equals_fresh(self, when: str) -> None:
        await _until_looked(self.workspace)
        fresh = self._opened()
        await _until_quiet(fresh)
        for path in self.texts:
            ours, theirs = _said(self.workspace, path), _said(fresh, path)
            if ours != theirs:
                more = "\n".join(f"  only ours: {one}" for one in ours if one not in theirs)
                less = "\n".join(f"  only fresh: {one}" for one in theirs if one not in ours)
                raise self._differs(f"{path.name} {when} says other things\n{more}\n{less}")
        for path in self.texts:
            ours_, theirs_ = _items(self.workspace, path), _items(fresh, path)
            if ours_ != theirs_:
                raise self._differs(f"{path.name} {when} has other items")
        fresh.analysis.stop()

    def _opened(self) -> Workspace:
        made = Workspace()
        for path, text in self.texts.items():
            made.open(path, text.text, 0)
        return made

    def _differs(self, what: str, *more: object) -> Differs:
        texts = "\n".join(f"--- {p.name}\n{t.text!r}" for p, t in self.texts.items())
        return Differs(
            f"seed {self.seed}, {self.encoding.value}, edit {self.tally['edits']}: {what}\n"
            f"last batch: {self.last}\n{texts}\n" + "\n".join(map(repr, more))
        )


@contextmanager
def small() -> Iterator[None]:
    """Chunks of a few items and short pauses, so that short texts have many of both."""
    saved = layout.TARGET, layout.LARGE, analysis._IDLE_SECONDS
    layout.TARGET, layout.LARGE, analysis._IDLE_SECONDS = 220, 900, _IDLE_SECONDS
    try:
        yield
    finally:
        layout.TARGET, layout.LARGE, analysis._IDLE_SECONDS = saved


def run(root: Path, seed: int, edits: int, encoding: Encoding) -> Counter[str]:
    """Make `edits` random edits; what was compared, by kind. Raises Differs."""

    async def work() -> Counter[str]:
        made = Run(root, seed, encoding)
        await made.edit(edits)
        made.workspace.analysis.stop()
        return made.tally

    with small():
        return asyncio.run(work())


def _said(workspace: Workspace, path: Path) -> list[object]:
    return [_plain(one) for one in workspace.shown(path)]


def _plain(shown: Shown) -> object:
    finding = shown.finding
    return finding.code, finding.span, finding.message, finding.fixes, finding.item


def _items(workspace: Workspace, path: Path) -> object:
    document: Document | None = workspace.buffers.document(path)
    return None if document is None else document.items()


async def _until_looked(workspace: Workspace) -> None:
    """Until the findings are those of the text, the other file's too."""
    analysis_ = workspace.analysis
    while analysis_._edited or analysis_._followers:
        await asyncio.sleep(0)


async def _until_quiet(workspace: Workspace) -> None:
    while not workspace.analysis.quiet:
        await asyncio.sleep(0.0005)


class _Failures(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(logging.Formatter().format(record))


@contextmanager
def _failures_noted() -> Iterator[list[str]]:
    handler = _Failures()
    logging.getLogger("rex").addHandler(handler)
    try:
        yield handler.found
    finally:
        logging.getLogger("rex").removeHandler(handler)
