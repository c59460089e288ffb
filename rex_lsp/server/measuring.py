# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Keeps what the machine code says up to date with the images on disk, and tells the client.

Nothing is read before a file of the package is open, and nothing at all in a workspace that is
not trusted.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from rex_lsp.server.server import WARNING, RexServer

if TYPE_CHECKING:
    from rex_lsp.project.measured import Measured, Measurements
    from rex_lsp.rules.finding import Finding

_PATIENCE_SECONDS = 0.5
_LONG_PATIENCE_SECONDS = 5.0
_AFTER_EDIT_SECONDS = 0.25
_AFTER_OPEN_SECONDS = 0.5


class Measuring:
    """Asks for new measurements and refreshes what shows them."""

    def __init__(self, server: RexServer) -> None:
        self._server = server
        self._made: Measurements | None = None
        self._looking: dict[Path, asyncio.Task[None]] = {}
        self._edit: asyncio.TimerHandle | None = None
        self._clock: asyncio.TimerHandle | None = None
        self._said: dict[tuple[Path, str], str] = {}

    @property
    def known(self) -> Measurements:
        """The measurements; made on first use."""
        if self._made is None:
            from rex_lsp.project.measured import Measurements

            self._made = Measurements(self._server.files)
        return self._made

    def opened(self, path: Path) -> None:
        """A file was opened: what its image says can wait until the file was looked at."""
        loop = asyncio.get_running_loop()
        loop.call_later(_AFTER_OPEN_SECONDS, self._ask_of, path)

    def _ask_of(self, path: Path) -> None:
        if self._server.files.is_open(path):
            self.ask(self._server.files.crates.package_of(path))

    def ask(self, package: Path | None) -> None:
        """Look at a package's images if they are others than before; what is new is shown."""
        if package is None or not self._server.trusted or package in self._looking:
            return
        if self.known.moved(package):
            task = self._server.protocol.spawn(self._look(package), "reading an image")
            self._looking[package] = task
            task.add_done_callback(lambda _: self._looking.pop(package, None))

    async def settled(self, package: Path | None) -> None:
        """Like `ask`, and wait for it a little: longer where the client cannot be told later."""
        self.ask(package)
        task = None if package is None else self._looking.get(package)
        if task is not None:
            can_refresh = self._server.client.has("workspace.codeLens.refreshSupport")
            patience = _PATIENCE_SECONDS if can_refresh else _LONG_PATIENCE_SECONDS
            await asyncio.wait([task], timeout=patience)

    def ask_all(self) -> None:
        """Look again at every package that was looked at."""
        for package in self.packages:
            self.ask(package)

    @property
    def packages(self) -> list[Path]:
        """The packages that somebody asked about."""
        return [] if self._made is None else self._made.packages

    def edited(self) -> None:
        """A text changed: what is shown may be stale, or not any more."""
        if self._said and self._edit is None:
            loop = asyncio.get_running_loop()
            self._edit = loop.call_later(_AFTER_EDIT_SECONDS, self._compare)

    def forget(self) -> None:
        """Trust was taken back: say nothing any more."""
        for task in self._looking.values():
            task.cancel()
        for package in self.packages:
            self._publish(package, [])
        if self._made is not None:
            self._made.forget()
        self._said.clear()

    def stale(self, one: Measured, program: str) -> str:
        """Why a program's numbers may be old; remembered, so that a change of it is noticed."""
        words = self.known.stale(one, program)
        self._said[one.image, program] = words
        return words

    def refresh_after(self, seconds: float) -> None:
        """What a lens says holds for this long."""
        if self._clock is not None:
            self._clock.cancel()
        self._clock = asyncio.get_running_loop().call_later(seconds, self._shown_anew)

    async def _look(self, package: Path) -> None:
        from rex_lsp.build.errors import CannotBuild

        try:
            await self.known.look(package)
        except CannotBuild as problem:
            self._server.log(str(problem), WARNING)
            return
        if self._server.trusted:
            self._publish(package, self.known.of(package))
            self._shown_anew()

    def _compare(self) -> None:
        self._edit = None
        before = dict(self._said)
        for package in self.packages:
            for one in self.known.of(package):
                for image, program in before:
                    if image == one.image:
                        self.stale(one, program)
        if self._said != before:
            self._shown_anew()

    def _shown_anew(self) -> None:
        if self._server.trusted:
            self._server.publisher.refresh_lenses()
            self._server.publisher.refresh_hints()

    def _publish(self, package: Path, images: list[Measured]) -> None:
        """Put what the images say into the store; of files that are what they were built from."""
        from rex_lsp.project.store import Tier
        from rex_lsp.server.checks import in_client_paths

        files = self._server.files
        found: dict[Path, list[Finding]] = {}
        sources: dict[Path, list[Finding]] = {}
        for one in images:
            sources |= {path: [] for path in one.text.files} if one.text is not None else {}
            for path, some in one.findings.items():
                found.setdefault(path, []).extend(some)
        named = in_client_paths(self._server, found)
        current = {path: some for path, some in named.items() if not files.unsaved(path)}
        files.store.replace_all(Tier.BINARY, package, current)
        read = in_client_paths(self._server, sources)
        files.store.measured(package, [path for path in read if not files.unsaved(path)])
