# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the machine code of a package's images says, fetched beside the event loop and kept.

An image on disk is looked at when somebody asks about its package and its file is another one
than before: a build in the editor, one in a terminal, and one of yesterday are the same. Only
for trusted workspaces: the runtime's reader is started.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rex_lsp import __version__
from rex_lsp.build import process
from rex_lsp.build.errors import CannotBuild
from rex_lsp.build.locations import native
from rex_lsp.build.manifest import Manifest
from rex_lsp.build.record import dep_info_of, sources_digest, sources_read
from rex_lsp.build.shadow import output_dirs
from rex_lsp.image.reading import Pieces
from rex_lsp.image.view import Line, View, view_of
from rex_lsp.project.built_text import BuiltText
from rex_lsp.rules.finding import Finding

if TYPE_CHECKING:
    from rex_lsp.project.workspace import Workspace

_KEPT_VIEWS = 8
_SLICE_SECONDS = 0.01
_EDITED = "stale (edited since build)"

_Stamp = tuple[int, int, int]
Findings = dict[Path, list[Finding]]


@dataclass(slots=True)
class Measured:
    """One image. `view` is None when it cannot be read, `problem` then says why.

    `text` is what it was built from, None when the disk had changed before we looked; `findings`
    are then empty, else what the rules say of it, with places in that text.
    """

    package: Path
    crate: str
    image: Path
    stamp: _Stamp
    record: dict[str, str]
    view: View | None
    problem: str
    text: BuiltText | None
    findings: Findings

    @property
    def age(self) -> float:
        """Seconds since it was built."""
        return max(0.0, time.time() - self.stamp[0] / 1e9)

    def path_of(self, line: Line) -> Path:
        """The file of one of the image's own lines."""
        return self.package / line.file


class Measurements:
    """The images of all packages that somebody asked about."""

    def __init__(self, files: Workspace) -> None:
        self._files = files
        self._packages: dict[Path, list[Measured]] = {}
        self._views: OrderedDict[tuple[bytes, bool], tuple[View, Findings]] = OrderedDict()

    def of(self, package: Path | None) -> list[Measured]:
        """The images of a package as they were when somebody last looked."""
        return [] if package is None else self._packages.get(package, [])

    @property
    def packages(self) -> list[Path]:
        """The packages that somebody asked about."""
        return list(self._packages)

    def image_of(self, path: Path) -> Measured | None:
        """The image of the crate that a file belongs to."""
        root = self._files.crates.root_of(path)
        if root is None:
            return None
        return next((one for one in self.of(root.package) if one.crate == root.name), None)

    def moved(self, package: Path) -> bool:
        """Whether the images on disk are others than those that were looked at."""
        self._packages.setdefault(package, [])
        now = {image: _stamp(image) for _, image in self._images(package)}
        return now != {one.image: one.stamp for one in self.of(package)}

    def forget(self) -> None:
        """Drop everything: the workspace is not trusted any more."""
        self._packages.clear()
        self._views.clear()

    def stale(self, one: Measured, program: str) -> str:
        """Why an image says nothing certain about the text of now; empty while it does."""
        features = ",".join(sorted(self._files.settings.get("features")))
        if one.record.get("features", "") != features:
            return "stale (built with other features)"
        if one.record.get("rex") != __version__:
            return "stale (built by another version of rex)"
        if one.text is None or self._manifest_changed(one):
            return _EDITED
        others = set() if one.view is None else one.view.programs.keys() - {program}
        document = self._files.document
        edited = any(one.text.edited(path, document(path), others) for path in one.text.files)
        return _EDITED if edited else ""

    def line_now(self, one: Measured, line: Line) -> int | None:
        """Where a line of the image is in the text of now, from 0; None when it was edited."""
        if one.text is None:
            return line.line - 1
        path = one.path_of(line)
        return one.text.line_now(path, line.line - 1, self._files.document(path))

    async def look(self, package: Path) -> None:
        """Read what is new among a package's images. Raises `CannotBuild` without a runtime."""
        known = {one.image: one for one in self.of(package)}
        found: list[Measured] = []
        for crate, image in self._images(package):
            stamp = _stamp(image)
            one = known.get(image)
            if one is None or one.stamp != stamp:
                one = await self._read(package, crate, image, stamp)
            found.append(one)
        self._packages[package] = found

    async def _read(self, package: Path, crate: str, image: Path, stamp: _Stamp) -> Measured:
        try:
            data = await asyncio.to_thread(image.read_bytes)
        except OSError as error:
            problem = error.strerror or str(error)
            return Measured(package, crate, image, stamp, {}, None, problem, None, {})
        content = await asyncio.to_thread(lambda: hashlib.sha256(data).digest())
        held, problem = await _asked("inspect", str(image), "--format", "json")
        record = json.loads(held)["record"] if held else {}
        text = await self._text(package, image, record.get("sources", ""))
        # Without the text nobody knows where the lines of the image are by now.
        key = content, text is not None
        known = self._views.get(key)
        if known is None and held:
            said, problem = await _asked("inspect", str(image), "--analysis", "--format", "json")
            known = await _understood(said, package, located=key[1]) if said else None
        if known is not None:
            self._views[key] = known
            self._views.move_to_end(key)
            while len(self._views) > _KEPT_VIEWS:
                self._views.popitem(last=False)
        view, findings = known or (None, {})
        return Measured(package, crate, image, stamp, record, view, problem, text, findings)

    async def _text(self, package: Path, image: Path, digest: str) -> BuiltText | None:
        """What the image was built from, if that is what the disk has now."""
        dep_info = dep_info_of(image)
        if dep_info is None or not digest:
            return None
        sources = sources_read(dep_info)
        if await asyncio.to_thread(sources_digest, sources, package) != digest:
            return None
        text = BuiltText()
        for path in sources:
            if path.suffix == ".rs" and path.is_relative_to(package):
                document = self._files.saved_document(path)
                if document is not None:
                    text.add(path, document)
                await asyncio.sleep(0)
        return text

    def _images(self, package: Path) -> list[tuple[str, Path]]:
        manifest = self._files.crates.packages.manifest(package)
        return list(_built(manifest))

    def _manifest_changed(self, one: Measured) -> bool:
        changed = _stamp(one.package / "Cargo.toml")
        return changed > one.stamp and changed[0] > one.stamp[0]


def _built(manifest: Manifest) -> Sequence[tuple[str, Path]]:
    """The crate and the newest image of each target that has one."""
    found: list[tuple[str, Path]] = []
    for target in manifest.extension_targets:
        images = [d / f"{target.name}.rex" for d in output_dirs(manifest)]
        there = [image for image in images if image.is_file()]
        if there:
            found.append((target.crate, max(there, key=_stamp)))
    return found


def _stamp(path: Path) -> _Stamp:
    """Modification time in nanoseconds, size and number of a file; zeros when it is gone."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino


async def _asked(*arguments: str) -> tuple[str, str]:
    """What the runtime's reader prints, and its first complaint when it prints nothing."""
    argv = [str(native("rexrt")), *arguments]
    try:
        done = await process.run(argv, env=process.clean_environment(os.environ))
    except OSError as error:
        raise CannotBuild(f"cannot start rexrt: {error.strerror}", ("rex doctor",)) from error
    if done.status == 0:
        return done.stdout.decode("utf-8", "replace"), ""
    lines = done.errors.splitlines() or [f"rexrt ended with status {done.status}"]
    return "", lines[0].removeprefix("rexrt: ")


async def _understood(text: str, package: Path, *, located: bool) -> tuple[View, Findings]:
    """An analysis in its small form, and its findings; the event loop runs in between."""
    from rex_lsp.project.image_findings import image_findings

    facts = Pieces(text)
    views, view, turn = view_of(facts), View(), time.perf_counter()
    while (more := next(views, None)) is not None:
        view = more
        if time.perf_counter() - turn > _SLICE_SECONDS:
            await asyncio.sleep(0)
            turn = time.perf_counter()
    if not located:
        return view, {}
    return view, await asyncio.to_thread(image_findings, facts.whole, view, package)
