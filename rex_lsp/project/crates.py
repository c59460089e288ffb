# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Which crate a file belongs to, and whether it is under the rules at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rex_lsp.build.manifest import find_manifest
from rex_lsp.model.crate import Crate, CrateConfig
from rex_lsp.project.buffers import Buffers
from rex_lsp.project.packages import CrateRoot, Packages

# A file without a Cargo.toml above it is an extension when it says one of these.
_SIGNS = re.compile(rb"#\s*\[\s*(?:rex\s*::\s*)?rex_[a-z]+\b|\brex\s*::")


class Crates:
    """The crates of the open files, made on demand and kept while they fit their manifest."""

    def __init__(self, buffers: Buffers) -> None:
        self._buffers = buffers
        self._packages = Packages()
        self._crates: dict[CrateRoot, Crate] = {}
        self._owners: dict[Path, CrateRoot | None] = {}
        self.features: frozenset[str] = frozenset()

    @property
    def packages(self) -> Packages:
        """The manifests, cached."""
        return self._packages

    def of(self, path: Path) -> Crate | None:
        """The crate whose module tree has ``path``; None when the file is not under the rules."""
        root = self.root_of(path)
        return None if root is None else self._crates[root]

    def root_of(self, path: Path) -> CrateRoot | None:
        """Like :meth:`of`, but the declaration of the crate."""
        if path not in self._owners:
            self._owners[path] = self._find(path)
        return self._owners[path]

    def package_of(self, path: Path) -> Path | None:
        """The directory of the extension package that ``path`` belongs to."""
        root = self.root_of(path)
        return None if root is None else root.package

    def live(self) -> Iterator[tuple[CrateRoot, Crate]]:
        """The crates that some file asked for."""
        return iter(tuple(self._crates.items()))

    def named(self, package: Path, name: str) -> Crate | None:
        """The crate of a package's target, if some file asked for it."""
        for root, crate in self._crates.items():
            if root.package == package and root.name == name:
                return crate
        return None

    def reconsider(self) -> None:
        """Ask again which crate each file belongs to: modules or manifests changed."""
        self._owners.clear()

    def forget(self) -> None:
        """Build every crate again when it is next asked for."""
        self._owners.clear()
        self._crates.clear()
        self._packages.forget()

    def _find(self, path: Path) -> CrateRoot | None:
        if find_manifest(path) is None:
            return self._standalone(path)
        roots = self._packages.roots_for(path, self.features)
        # The file that is a root itself belongs to that crate, whoever else includes it.
        for root in sorted(roots, key=lambda one: one.path != path):
            crate = self._crate(root)
            document = self._buffers.document(path)
            if document is not None and path in crate.awaited():
                # A module that is open and was never saved.
                crate.update(path, document)
            if root.path == path or path in crate.files():
                return root
        return None

    def _standalone(self, path: Path) -> CrateRoot | None:
        data = self._buffers.read(path)
        if data is None or _SIGNS.search(data) is None:
            return None
        name = re.sub(r"\W", "_", path.stem)
        root = CrateRoot(path, name, path.parent, "rex", "2024", self.features, True)
        self._crate(root)
        return root

    def _crate(self, root: CrateRoot) -> Crate:
        crate = self._crates.get(root)
        if crate is None:
            config = CrateConfig(
                rex_name=root.rex_name,
                edition=root.edition,
                features=root.features,
                program_rules=root.extension,
                needs_no_main=root.extension,
            )
            crate = Crate(root.path, self._buffers, config, self._buffers.documents())
            self._crates[root] = crate
        return crate
