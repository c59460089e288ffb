# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Reads one crate of the closure for what the safe subset cannot answer for.

Every file of its module tree goes through the rules, with the features cargo resolved. A
file that cannot be parsed is searched for the bare word `unsafe`. Nothing is started.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rex_lsp.build.closure import Package
from rex_lsp.model.crate import Crate, CrateConfig
from rex_lsp.rules import dependency
from rex_lsp.rules.engine import check
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.tree import Node

_NATIVE = frozenset(".c .cc .cpp .cxx .s .asm .o .a .so .ll .bc .obj .lib".split())
_BUILDERS = frozenset({"cc", "cmake", "bindgen", "pkg-config", "nasm-rs", "autotools"})
_BESIDE = frozenset({"tests", "benches", "examples", "fuzz", "target", "ci", ".git", ".github"})
"""Directories of a package that nothing of an extension is compiled from."""
_UNWATCHED = frozenset({"target", ".git"})
"""Directories of a package where files come and go that are not the package's."""


@dataclass(slots=True)
class Reading:
    """Why a package needs somebody to answer for it, most serious first; empty when none does.

    `files` are those of its library, resolved, when its code was read.
    """

    reasons: list[str] = field(default_factory=list)
    files: set[Path] = field(default_factory=set)


def reading_of(package: Package) -> Reading:
    """What was read of a package, now or earlier in the same state of its files."""
    if package.own:
        return Reading(list(_reasons(package, set())))
    key = (package.root, package.features)
    state = _state(package)
    known = _KNOWN.get(key)
    if known is not None and known[0] == state:
        return known[1]
    made = Reading()
    made.reasons = list(_reasons(package, made.files))
    if package.fixed or all(_is_watched(path, package.root) for path in made.files):
        _KNOWN[key] = state, made
    else:
        _KNOWN.pop(key, None)
    return made


_KNOWN: dict[tuple[Path, frozenset[str]], tuple[object, Reading]] = {}
"""What was read, with the state it was read in."""


def _state(package: Package) -> tuple[object, ...]:
    """What tells two states of a package apart without reading its files."""
    # The files of a registry or a commit never change.
    stamps = () if package.fixed else tuple(_stamps(package.root))
    said = package.kinds, package.links, package.build_dependencies
    return stamps, said, package.library, package.edition, package.rex_name


def _is_watched(path: Path, root: Path) -> bool:
    """Whether `_stamps` would tell that a file changed."""
    inside = path.relative_to(root.resolve()).parts if path.is_relative_to(root.resolve()) else ()
    return len(inside) > 0 and inside[0] not in _UNWATCHED


def _stamps(root: Path) -> Iterator[object]:
    for directory, folders, files in os.walk(root):
        if Path(directory) == root:
            folders[:] = [name for name in folders if name not in _UNWATCHED]
        folders.sort()
        for name in sorted(files):
            try:
                found = (Path(directory) / name).stat()
            except OSError:
                continue
            yield directory, name, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _reasons(package: Package, files: set[Path]) -> Iterator[str]:
    if "proc-macro" in package.kinds:
        yield "is a proc macro, which runs in the compiler and writes code that nobody reads"
        return
    if "custom-build" in package.kinds:
        yield "has a build script, which runs on this machine and chooses what is compiled"
    yield from _native(package)
    if package.own:
        return
    if package.library is None:
        yield "has no library that could be read"
        return
    yield from _source(package, package.library, files)


def _native(package: Package) -> Iterator[str]:
    if package.links:
        yield f"links the native library `{package.links}`"
    builders = sorted(_BUILDERS & set(package.build_dependencies))
    if builders:
        yield f"builds native code with `{builders[0]}`"
    elif not package.own:
        file = next(_native_files(package.root), None)
        if file is not None:
            yield f"carries native code ({file})"


def _native_files(root: Path) -> Iterator[str]:
    for directory, folders, files in os.walk(root):
        if Path(directory) == root:
            folders[:] = [name for name in folders if name not in _BESIDE]
        folders.sort()
        for name in sorted(files):
            if Path(name).suffix.lower() in _NATIVE:
                yield (Path(directory) / name).relative_to(root).as_posix()


class Disk:
    """Files as they are on disk."""

    def read(self, path: Path) -> bytes | None:
        """The bytes of a file; None when it cannot be read."""
        try:
            return path.read_bytes() if path.is_file() else None
        except OSError:
            return None


def _read_crate(package: Package, library: Path) -> Crate:
    """The crate of a package's library, as cargo compiles it."""
    config = CrateConfig(
        rex_name=package.rex_name,
        edition=package.edition,
        features=package.features,
        program_rules=False,
        needs_no_main=False,
    )
    return Crate(library, Disk(), config)


def _source(package: Package, library: Path, files: set[Path]) -> Iterator[str]:
    crate = _read_crate(package, library)
    files |= {path.resolve() for path in crate.files()}
    places: dict[str, list[str]] = {}
    for path in sorted(crate.files()):
        document = crate.document(path)
        if document is None:
            continue
        for code, offset in [*_ruled(crate, path), *_unparsed(document)]:
            reason = dependency.COUNTED.get(code)
            if reason:
                line = document.data.count(b"\n", 0, offset) + 1
                place = f"{os.path.relpath(path, package.root)}:{line}"
                places.setdefault(reason, []).append(place)
    for reason in dict.fromkeys(dependency.COUNTED.values()):
        found = list(dict.fromkeys(places.get(reason, ())))
        if found:
            more = f" and {len(found) - 1} more places" if len(found) > 1 else ""
            yield f"{reason} ({found[0]}{more})".replace(" 1 more places", " 1 more place")


def _ruled(crate: Crate, path: Path) -> Iterator[tuple[str, int]]:
    for finding in check(crate, path):
        yield finding.code, finding.span.start


def _unparsed(document: Document) -> Iterator[tuple[str, int]]:
    """The word `unsafe` wherever a chunk did not parse: there the rules are silent."""
    for chunk, base in zip(document.chunks, document.bases, strict=True):
        if chunk.tree.root_node.has_error:
            for node in _leaves(chunk.tree.root_node):
                if node.text == b"unsafe":
                    yield "rex::unsafe_code", base + node.start_byte


def _leaves(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        if node.children:
            stack.extend(reversed(node.children))
        else:
            yield node
