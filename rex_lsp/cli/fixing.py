# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Applies fixes to files on disk, and to nothing but the files that were checked.

A file is written whole or not at all, keeps its mode and its line ends, and is left alone when
it lies outside of the packages, is no UTF-8, changed since it was read, or would not parse
any more.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rex_lsp.cli.report import Findings
from rex_lsp.cli.report_paths import relative
from rex_lsp.project.buffers import Buffers
from rex_lsp.rules.finding import Applicability
from rex_lsp.rules.fixing import Chosen, applied, by_file, compatible
from rex_lsp.syntax.tree import parse

_ROUNDS = 20
"""A fix may uncover another; so many rounds end a pair of fixes that undo each other."""


@dataclass(slots=True)
class Texts:
    """Files on disk under the changes that are not written yet; a model's file reader."""

    on_disk: dict[Path, bytes | None] = field(default_factory=dict)
    changed: dict[Path, bytes] = field(default_factory=dict)

    def read(self, path: Path) -> bytes | None:
        """The text as it would be."""
        if path in self.changed:
            return self.changed[path]
        if path not in self.on_disk:
            self.on_disk[path] = Buffers().read(path)
        return self.on_disk[path]


@dataclass(slots=True)
class Fixer:
    """Fixes the files below `roots`, with fixes of the `allowed` kinds."""

    roots: Collection[Path]
    allowed: Collection[Applicability]
    texts: Texts = field(default_factory=Texts)
    fixed: list[Chosen] = field(default_factory=list)
    refused: dict[Path, str] = field(default_factory=dict)

    def settle(self, findings: Findings, again: Callable[[Texts], Findings]) -> None:
        """Applies fixes to the texts in memory until what `again` finds has none left."""
        for _ in range(_ROUNDS):
            if not self._round(findings):
                return
            findings = again(self.texts)

    def write(self) -> bool:
        """Writes what changed; whether anything did."""
        wrote = False
        for path, data in self.texts.changed.items():
            if _bytes(path) != self.texts.on_disk.get(path):
                self._refuse(path, "it changed in the meantime")
            elif data != self.texts.on_disk.get(path):
                try:
                    _replace(path.resolve(), data)
                    wrote = True
                except OSError as error:
                    self._refuse(path, error.strerror or str(error))
        self.texts = Texts()
        return wrote

    def diff(self, directory: Path) -> Iterator[str]:
        """What `write` would change, as unified diffs."""
        for path, data in sorted(self.texts.changed.items()):
            before = (self.texts.on_disk.get(path) or b"").decode("utf-8", "surrogateescape")
            after = data.decode("utf-8", "surrogateescape")
            name = relative(path, directory)
            yield from difflib.unified_diff(
                before.splitlines(keepends=True), after.splitlines(keepends=True), name, name
            )

    def _round(self, findings: Findings) -> bool:
        pairs = [(path, one) for path, found in sorted(findings.items()) for one in found]
        chosen = [one for one in compatible(pairs, self.allowed) if self._may_change(one)]
        while chosen:
            texts = {
                path: applied(self.texts.read(path) or b"", edits)
                for path, edits in by_file(chosen).items()
            }
            spoilt = {path for path, data in texts.items() if self._spoils(path, data)}
            if not spoilt:
                self.texts.changed.update(texts)
                self.fixed += chosen
                return True
            for path in spoilt:
                self._refuse(path, "it would not parse any more")
            chosen = [one for one in chosen if not spoilt & set(by_file([one]))]
        return False

    def _may_change(self, one: Chosen) -> bool:
        for path in by_file([one]):
            real = path.resolve()
            root = next((r for r in map(Path.resolve, self.roots) if real.is_relative_to(r)), None)
            if path in self.refused:
                return False
            if root is None or "target" in real.relative_to(root).parts:
                self._refuse(path, "it is no source of the packages that were checked")
                return False
            if not _is_text(self.texts.read(path)):
                self._refuse(path, "it is not UTF-8")
                return False
        return True

    def _spoils(self, path: Path, data: bytes) -> bool:
        if path.suffix != ".rs" or not parse(data).root_node.has_error:
            return False
        return not parse(self.texts.read(path) or b"").root_node.has_error

    def _refuse(self, path: Path, why: str) -> None:
        self.refused[path] = why
        self.fixed = [one for one in self.fixed if path not in by_file([one])]


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError:
        return None


def _is_text(data: bytes | None) -> bool:
    if data is None:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _replace(path: Path, data: bytes) -> None:
    """Writes beside the file and renames, so that nobody reads half of it."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with scratch.open("xb") as out:
            os.fchmod(out.fileno(), path.stat().st_mode & 0o7777)
            out.write(data)
        scratch.replace(path)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise
