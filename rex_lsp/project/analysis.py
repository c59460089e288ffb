# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Runs the typing tier between two messages, a slice at a time.

An edited file is looked at first, then the other open files of its crate. No turn of
the event loop is given more than a slice, so a long file is parsed in several.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from rex_lsp.model.crate import Crate
from rex_lsp.project.buffers import Buffers
from rex_lsp.project.crates import Crates
from rex_lsp.project.store import Store, Tier
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.syntax.document import Document

log = logging.getLogger("rex.analysis")

SLICE_MS = 10.0
_LONGEST_WAIT_SECONDS = 0.1
_FIRST_LOOK_SECONDS = 0.1
_IDLE_SECONDS = 0.15
_INACTIVE = "not part of the extension: its cfg does not hold for the target and features"


class Analysis:
    """The queue of files to look at.

    ``busy`` says that messages wait, and edits come first. ``looking_at`` is the edited
    file whose findings are replaced at this moment.
    """

    def __init__(self, buffers: Buffers, crates: Crates, store: Store) -> None:
        self._buffers = buffers
        self._crates = crates
        self._store = store
        self._edited: OrderedDict[Path, float] = OrderedDict()
        self._followers: OrderedDict[Path, None] = OrderedDict()
        self._waiting: dict[Path, list[asyncio.Future[None]]] = {}
        self._scheduled = False
        self._stopped = False
        self.looking_at: Path | None = None
        self.busy: Callable[[], bool] = lambda: False
        self.on_analysed: Callable[[Path], None] = lambda _: None
        self.on_part: Callable[[Path], None] = lambda _: None
        self.on_loaded: Callable[[], None] = lambda: None
        self.around: dict[Path, int] = {}
        """Where each file was edited last, a byte offset: work begins there."""
        self._fresh: dict[Path, float] = {}
        self._loading: set[Path] = set()
        self._resting: dict[Path, asyncio.Handle] = {}

    def opened(self, path: Path) -> None:
        """Look at a file that was just opened; of a long one a part is shown first."""
        self._fresh[path] = time.perf_counter()
        self.around[path] = 0
        self.touch(path)

    def touch(self, path: Path) -> None:
        """Look at an open file again soon."""
        self._edited.setdefault(path, asyncio.get_running_loop().time())
        self._edited.move_to_end(path, last=False)
        self._followers.pop(path, None)
        self._wake(path)
        self._schedule()

    def follow(self, path: Path) -> None:
        """Look at a file again when nothing was edited: another file of its crate changed."""
        if path not in self._edited:
            self._followers[path] = None
            self._schedule()

    def drop(self, path: Path) -> None:
        """The file is not open any more."""
        self._edited.pop(path, None)
        self._followers.pop(path, None)
        self._fresh.pop(path, None)
        self._loading.discard(path)
        self.around.pop(path, None)
        self._wake(path)
        self._settle(path)

    def pending(self, path: Path) -> bool:
        """Whether what the store has for an open file is older than its text."""
        return path in self._edited

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to look at and nothing to lay out again."""
        return not (self._edited or self._followers or self._resting)

    async def settled(self, path: Path) -> None:
        """Wait until the store speaks about the current text of ``path``."""
        while self.pending(path) and not self._stopped:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(path, []).append(future)
            await future

    def stop(self) -> None:
        """Look at nothing more."""
        self._stopped = True
        self._edited.clear()
        self._followers.clear()
        for path in list(self._resting):
            self._wake(path)
        for path in list(self._waiting):
            self._settle(path)

    def _schedule(self) -> None:
        if not self._scheduled and not self._stopped:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        if self._edited:
            path, since = next(iter(self._edited.items()))
            waited = asyncio.get_running_loop().time() - since
            if not self.busy() or waited > _LONGEST_WAIT_SECONDS:
                self._look(path, edited=True)
        elif self._followers:
            if not self.busy():
                self._look(next(iter(self._followers)), edited=False)
        else:
            return
        self._schedule()

    def _look(self, path: Path, *, edited: bool) -> None:
        self.looking_at = path if edited else None
        try:
            done = self._analyse(path)
        except Exception:
            # A fault of ours in one file must not stop the others, nor spin on this one.
            log.exception("the analysis of %s failed", path)
            done = True
        finally:
            self.looking_at = None
        if not done:
            return
        if self._fresh.pop(path, None) is not None or path in self._loading:
            self._loading.discard(path)
            self.on_loaded()
        if edited:
            self._edited.pop(path, None)
            self._queue_followers(path)
            self._rest(path)
        else:
            self._followers.pop(path, None)
        self._settle(path)
        self.on_analysed(path)

    def _analyse(self, path: Path) -> bool:
        """One slice of work on a file; whether the store has its findings now."""
        from rex_lsp.rules.engine import advance, check

        document = self._buffers.document(path)
        crate = None if document is None else self._crates.of(path)
        if document is None or crate is None:
            self._store.replace_file(Tier.TYPING, path, ())
            return True
        around = self.around.get(path, 0)
        deadline = time.perf_counter() + SLICE_MS / 1000

        def left() -> float:
            return (deadline - time.perf_counter()) * 1000

        if document.parse_some(SLICE_MS, around) and crate.read_some(document, left()):
            # Parsing on may have laid the text out anew.
            crate.update(path, document)
            if left() > 0 and advance(crate, path, left(), around):
                found = check(crate, path) + _inactive(crate, path)
                self._store.replace_file(Tier.TYPING, path, found)
                return True
        opened = self._fresh.get(path)
        waited = opened is not None and time.perf_counter() - opened > _FIRST_LOOK_SECONDS
        # One chunk means that nobody knows yet where the text may be cut.
        if waited and len(document.chunks) > 1:
            self._show_part(path, crate, document)
        return False

    def _show_part(self, path: Path, crate: Crate, document: Document) -> None:
        """Of a long file that was just opened, show what is found near its beginning."""
        from rex_lsp.rules.engine import advance, known

        del self._fresh[path]
        self._loading.add(path)
        crate.update(path, document)
        advance(crate, path, SLICE_MS)
        self._store.replace_file(Tier.TYPING, path, known(crate, path))
        self.on_part(path)

    def _rest(self, path: Path) -> None:
        """Lay broken code out again once nobody has typed for a while.

        What was recovered from it then no longer depends on the way it came about.
        """
        document = self._buffers.document(path)
        if document is not None and not document.settled and not self._stopped:
            loop = asyncio.get_running_loop()
            self._resting[path] = loop.call_later(_IDLE_SECONDS, self._lay_out, path)

    def _lay_out(self, path: Path, anew: bool = False) -> None:
        """One slice of that; ``anew`` says that an earlier slice changed a chunk."""
        self._resting.pop(path, None)
        document = self._buffers.document(path)
        if document is None or self._stopped or path in self._edited:
            return
        if self.busy():
            self._rest(path)
            return
        before = list(document.chunks)
        anew = anew or any(chunk.patched for chunk in before)
        done = document.settle_some(SLICE_MS, self.around.get(path, 0))
        anew = anew or before != list(document.chunks)
        if not done:
            loop = asyncio.get_running_loop()
            self._resting[path] = loop.call_soon(self._lay_out, path, anew)
        elif anew:
            self.follow(path)
            self._followers.move_to_end(path, last=False)
            self._queue_followers(path)

    def _wake(self, path: Path) -> None:
        resting = self._resting.pop(path, None)
        if resting is not None:
            resting.cancel()

    def _queue_followers(self, path: Path) -> None:
        package = self._crates.package_of(path)
        for other in self._buffers:
            if other == path or other in self._edited:
                continue
            if package is not None and self._crates.package_of(other) in (package, None):
                self._followers[other] = None

    def _settle(self, path: Path) -> None:
        for future in self._waiting.pop(path, ()):
            if not future.done():
                future.set_result(None)


def _inactive(crate: Crate, path: Path) -> list[Finding]:
    from rex_lsp.rules.engine import inactive

    return [
        Finding("inactive-code", Severity.HINT, _INACTIVE, span, unnecessary=True)
        for span in inactive(crate, path)
    ]
