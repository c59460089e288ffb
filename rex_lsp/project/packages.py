# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Which crate roots a package has, by the rules of what is an extension.

A Cargo target is an extension when its package depends on a package named ``rex`` and it
is a ``bin`` or ``staticlib``, or when ``[package.metadata.rex]`` says so. The workspace's
``lib`` crates in its closure are under the rules too, but for program rules and
``no_main``. Reads manifests only, starts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rex_lsp.build.manifest import Manifest, default_features, find_manifest, read_manifest

_Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class CrateRoot:
    """A root file under the rules and how its crate is compiled."""

    path: Path
    name: str
    package: Path
    rex_name: str
    edition: str
    features: frozenset[str]
    extension: bool


@dataclass(slots=True)
class _Cached:
    stamp: _Stamp
    manifest: Manifest
    roots: tuple[CrateRoot, ...]


class Packages:
    """Manifests by directory, read again when a file they came from changed."""

    def __init__(self) -> None:
        self._cache: dict[Path, _Cached] = {}

    def manifest(self, directory: Path) -> Manifest:
        """The manifest of ``directory``, complete or broken."""
        return self._read(directory).manifest

    def roots_for(self, path: Path, features: frozenset[str]) -> tuple[CrateRoot, ...]:
        """The crate roots of the package that ``path`` belongs to; none for a plain crate."""
        found = find_manifest(path)
        if found is None:
            return ()
        return tuple(
            CrateRoot(
                r.path, r.name, r.package, r.rex_name, r.edition, r.features | features, r.extension
            )
            for r in self._read(found.parent).roots
        )

    def nearest(self, path: Path) -> Manifest | None:
        """The manifest of the package that ``path`` lies in."""
        found = find_manifest(path)
        return None if found is None else self._read(found.parent).manifest

    def forget(self) -> None:
        """Read every manifest again when it is next asked for."""
        self._cache.clear()

    def _read(self, directory: Path) -> _Cached:
        known = self._cache.get(directory)
        if known is not None and known.stamp == _stamp(known.manifest):
            return known
        manifest = read_manifest(directory)
        cached = _Cached(_stamp(manifest), manifest, ())
        self._cache[directory] = cached
        cached.roots = tuple(self._roots(manifest))
        return cached

    def _roots(self, manifest: Manifest) -> Iterator[CrateRoot]:
        extensions = manifest.extension_targets
        for target in extensions:
            yield _root(manifest, target.path, target.crate, manifest.rex_name or "rex", True)
        library = next((t for t in manifest.targets if t.kind == "lib"), None)
        if library is None:
            return
        rex_name = manifest.rex_name or "rex"
        if extensions or self._serves_an_extension(manifest):
            yield _root(manifest, library.path, library.crate, rex_name, False)

    def _serves_an_extension(self, library: Manifest) -> bool:
        """Whether an extension of the same workspace depends on this library."""
        root = library.workspace_root
        if root is None:
            return False
        for member in read_manifest(root).members or [root]:
            if member == library.root:
                continue
            manifest = read_manifest(member)
            if manifest.extension_targets and library.root.resolve() in _closure(manifest, root):
                return True
        return False


def _root(manifest: Manifest, path: Path, name: str, rex_name: str, extension: bool) -> CrateRoot:
    return CrateRoot(
        path, name, manifest.root, rex_name, manifest.edition, default_features(manifest), extension
    )


def _closure(manifest: Manifest, workspace: Path) -> set[Path]:
    """The directories of path dependencies inside the workspace, transitively."""
    found: set[Path] = set()
    waiting = [manifest]
    while waiting:
        for dependency in waiting.pop().dependencies:
            path = dependency.path
            if dependency.table != "dependencies" or path is None:
                continue
            path = path.resolve()
            if path in found or not path.is_relative_to(workspace.resolve()):
                continue
            found.add(path)
            waiting.append(read_manifest(path))
    return found


def _stamp(manifest: Manifest) -> _Stamp:
    files = [manifest.path]
    if manifest.workspace_root is not None and manifest.workspace_root != manifest.root:
        files.append(manifest.workspace_root / "Cargo.toml")
    # Targets are found by looking: a new src/bin/x.rs changes a directory, not the manifest.
    files += [manifest.root / "src", manifest.root / "src" / "bin"]
    stamps: list[tuple[str, int, int]] = []
    for file in files:
        try:
            found = file.stat()
        except OSError:
            stamps.append((str(file), 0, 0))
        else:
            stamps.append((str(file), found.st_mtime_ns, found.st_ino))
    return tuple(stamps)
