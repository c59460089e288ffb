# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Which extension packages the paths on a command line stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rex_lsp.build import Manifest, extensions, read_manifest
from rex_lsp.build.manifest import find_manifest
from rex_lsp.cli.main import CannotContinue
from rex_lsp.cli.report_paths import common_directory


@dataclass(frozen=True, slots=True)
class Selection:
    """Packages, each once, and the directory that a report names their files from."""

    packages: list[Manifest]
    directory: Path


def select(paths: Sequence[str]) -> Selection:
    """What is to be checked for `paths`.

    A directory is the extensions of its package or workspace. A file is the package it
    belongs to, or the extensions of the workspace that use it; a file of no extension is
    nobody's business, as a hook over all files of a commit expects.

    Raises:
        CannotContinue: a path does not exist.
    """
    packages: dict[Path, Manifest] = {}
    bases: list[Path] = []
    for given in paths:
        path = Path(given).absolute()
        if path.is_dir():
            found = extensions(path)
            bases.append(path)
        elif path.is_file():
            found = list(_of_file(path))
            bases += [manifest.root for manifest in found]
        else:
            raise CannotContinue(
                f"expected a directory with a Cargo.toml, but {given} does not exist"
            )
        for manifest in found:
            packages.setdefault(manifest.root.resolve(), manifest)
    return Selection(list(packages.values()), common_directory(bases or [Path.cwd()]))


def libraries(manifest: Manifest) -> list[Path]:
    """Directories of the workspace's libraries that the package uses, each once."""
    root = manifest.workspace_root
    if root is None:
        return []
    found: dict[Path, None] = {}
    waiting = [manifest]
    while waiting:
        for dependency in waiting.pop().dependencies:
            path = dependency.path
            if dependency.table != "dependencies" or path is None or path in found:
                continue
            if path.is_relative_to(root.resolve()):
                found[path] = None
                waiting.append(read_manifest(path))
    return list(found)


def _of_file(path: Path) -> Iterator[Manifest]:
    found = find_manifest(path)
    if found is None:
        return
    manifest = read_manifest(found.parent)
    # A manifest that cannot be read says what is wrong with it.
    if manifest.extension_targets or (path == found and manifest.problems):
        yield manifest
        return
    root = manifest.workspace_root
    for member in read_manifest(root).members if root is not None else ():
        other = read_manifest(member)
        used = {one.resolve() for one in libraries(other)} if other.extension_targets else set()
        if manifest.root.resolve() in used:
            yield other
