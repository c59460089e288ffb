# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The project layer in one object: open files, crates, settings, findings, analysis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rex_lsp.model.crate import Crate
from rex_lsp.project.analysis import Analysis
from rex_lsp.project.buffers import Buffers
from rex_lsp.project.crates import Crates
from rex_lsp.project.settings import Layer, Settings
from rex_lsp.project.store import Shown, Store, Tier
from rex_lsp.syntax.changes import Change
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Encoding

_CLOSED_DOCUMENTS = 32
_AT_ONCE = 50
"""Changes of one message up to which the crate's names are brought up to date at once."""


class Workspace:
    """What one client has open and what is known about it. Knows nothing of LSP."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.buffers = Buffers()
        self.crates = Crates(self.buffers)
        self.store = Store()
        self.analysis = Analysis(self.buffers, self.crates, self.store)
        self.crates.features = frozenset(self.settings.get("features"))
        self._closed: dict[Path, tuple[bytes, Document]] = {}

    def settings_changed(self) -> None:
        """The settings have other values now."""
        features = frozenset(self.settings.get("features"))
        if features != self.crates.features:
            self.crates.features = features
            self.rediscover()

    def settings_for(self, path: Path) -> Settings:
        """The settings with the file's ``[package.metadata.rex]`` on top."""
        package = self.crates.package_of(path)
        if package is None:
            return self.settings
        rex = self.crates.packages.manifest(package).metadata_rex
        known = {key: rex[key] for key in ("rules", "features") if key in rex}
        return self.settings.with_layer(Layer.METADATA, known)[0]

    # Open files.

    def is_open(self, path: Path) -> bool:
        """Whether the editor has the file open and its text is known."""
        return self.buffers.document(path) is not None

    def open(self, path: Path, text: str, version: int) -> None:
        """The editor opened a file."""
        document = self.buffers.open(path, text, version)
        self._closed.pop(path, None)
        self.store.edited(path, (), replaced=_on_disk(path) != document.data)
        crate = self.crates.of(path)
        if crate is not None:
            crate.update(path, document)
        self.analysis.opened(path)

    def change(
        self, path: Path, changes: Sequence[Change], encoding: Encoding, version: int
    ) -> None:
        """The editor changed an open file.

        Raises:
            EditRejected: a change cannot be applied; the editor's text is not known any more.
        """
        touched = self.buffers.change(path, changes, encoding, version)
        self.store.edited(path, touched.splices, replaced=touched.replaced)
        if touched.splices:
            self.analysis.around[path] = touched.splices[-1].span.start
        crate = self.crates.of(path)
        document = self.buffers.document(path)
        # A replacement of hundreds of places touches every chunk: it is read between messages.
        if crate is not None and document is not None and len(changes) <= _AT_ONCE:
            crate.update(path, document)
        self.analysis.touch(path)

    def saved(self, path: Path) -> None:
        """An open file was written to disk."""
        if path.name == "Cargo.toml":
            self.rediscover()
        elif self.crates.of(path) is None:
            self.crates.reconsider()
            self.analysis.touch(path)

    def close(self, path: Path) -> None:
        """The editor closed a file: the disk counts."""
        if not self.is_open(path):
            return
        crate = self.crates.of(path)
        self.buffers.close(path)
        self.analysis.drop(path)
        self.store.replace_file(Tier.TYPING, path, ())
        if crate is not None:
            crate.update(path, None)

    def drop(self, path: Path) -> None:
        """The editor's text is not known any more; say nothing about it."""
        self.close(path)
        self.store.forget_file(path)

    def changed_on_disk(self, paths: Iterable[Path]) -> None:
        """Files that are not open changed, appeared or went."""
        manifests = False
        for path in paths:
            if self.is_open(path):
                continue
            self.buffers.forget(path)
            manifests = manifests or path.name in ("Cargo.toml", "Cargo.lock")
            for _, crate in self.crates.live():
                if path in crate.files():
                    crate.update(path, None)
        if manifests:
            self.rediscover()
            return
        self.crates.reconsider()
        for open_path in self.buffers:
            self.analysis.follow(open_path)

    def forget_below(self, folder: Path) -> None:
        """A folder left the workspace: what is known about its closed files goes."""
        for path in self.store.paths():
            if path.is_relative_to(folder) and not self.is_open(path):
                self.store.forget_file(path)

    def rediscover(self) -> None:
        """Manifests or features changed: every crate is built anew."""
        self.crates.forget()
        for path in self.buffers:
            self.analysis.touch(path)

    # Questions.

    def unsaved(self, path: Path) -> bool:
        """Whether an open file differs from the disk."""
        document = self.buffers.document(path)
        return document is not None and _on_disk(path) != document.data

    def crate(self, path: Path) -> Crate | None:
        """The crate of a file under the rules."""
        return self.crates.of(path)

    def shown(self, path: Path) -> list[Shown]:
        """What to show for a file: the store's answer under the file's settings."""
        found = self.store.shown(path, rex_only=bool(self.settings.get("rustAnalyzer.active")))
        levels = self.settings_for(path).get("rules") if found else {}
        if not levels:
            return found
        from rex_lsp.rules.levels import at_level

        leveled = ((at_level(shown.finding, levels), shown.tier) for shown in found)
        return [Shown(finding, tier) for finding, tier in leveled if finding is not None]

    def document(self, path: Path) -> Document | None:
        """The document of a file, open or not; None when it cannot be read."""
        document = self.buffers.document(path)
        if document is not None:
            return document
        data = self.buffers.read(path)
        return None if data is None else self._closed_document(path, data)

    def saved_document(self, path: Path) -> Document | None:
        """The document of what the disk has, whatever the editor has; None without a file."""
        document, data = self.buffers.document(path), _on_disk(path)
        if data is None:
            return None
        if document is not None and document.data == data:
            return document
        return Document(data.decode("utf-8", "replace"))

    def _closed_document(self, path: Path, data: bytes) -> Document:
        known = self._closed.get(path)
        if known is not None and known[0] is data:
            return known[1]
        while len(self._closed) >= _CLOSED_DOCUMENTS:
            del self._closed[next(iter(self._closed))]
        made = Document(data.decode("utf-8", "replace"))
        self._closed[path] = (data, made)
        return made


def _on_disk(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
