# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The server object: what the feature modules share."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pygls.lsp.server import LanguageServer

from rex_lsp import __version__
from rex_lsp.project.jobs import Jobs
from rex_lsp.project.settings import Layer, Settings
from rex_lsp.server.client import ClientCapabilities
from rex_lsp.server.protocol import Protocol
from rex_lsp.syntax.positions import Encoding

if TYPE_CHECKING:
    from rex_lsp.project.workspace import Workspace
    from rex_lsp.server.diagnostics import Publisher
    from rex_lsp.server.measuring import Measuring
    from rex_lsp.server.progress import Progresses
    from rex_lsp.server.sessions import Sessions

log = logging.getLogger("rex.server")

ERROR, WARNING, INFO, LOG = 1, 2, 3, 4


class _LateConverter:
    """cattrs' converter for LSP types, made when a message first needs it (35 ms)."""

    def __init__(self) -> None:
        self._real: Any = None

    def __getattr__(self, name: str) -> Any:
        if self._real is None:
            from pygls.protocol import default_converter

            self._real = default_converter()  # type: ignore[no-untyped-call]
        return getattr(self._real, name)


class RexServer(LanguageServer):
    """One client's server. ``files`` is the project layer, ``sessions`` the runtime's."""

    protocol: Protocol
    publisher: Publisher
    progresses: Progresses

    def __init__(self) -> None:
        super().__init__(
            "rex",
            __version__,
            protocol_cls=Protocol,
            converter_factory=_LateConverter,
        )
        self.client = ClientCapabilities({})
        self.encoding = Encoding.UTF16
        self.trusted = False
        self.settings = Settings()
        self.roots: list[Path] = []
        self._files: Workspace | None = None
        self.jobs = Jobs()
        self.used_sessions: Sessions | None = None
        self._measuring: Measuring | None = None
        self._told: set[str] = set()
        self.on_file_loaded: Callable[[], None] = lambda: None
        self.on_file_closed: Callable[[], None] = lambda: None

    @property
    def has_files(self) -> bool:
        """Whether a document was opened yet."""
        return self._files is not None

    @property
    def files(self) -> Workspace:
        """The project layer; made when a document needs it, so that initialize is quick."""
        if self._files is None:
            from rex_lsp.project.workspace import Workspace

            self._files = Workspace(self.settings)
            self._files.analysis.on_loaded = self.on_file_loaded
            self.publisher.watch(self._files)
        return self._files

    def stop_analysis(self) -> None:
        """Look at nothing more; whoever waits for findings gets what there is."""
        if self._files is not None:
            self._files.analysis.stop()

    def configure(self, layer: Layer, values: Any) -> list[str]:
        """Replace a layer of settings; returns what did not fit, in words."""
        problems = self.settings.replace(layer, values)
        if self._files is not None:
            self._files.settings_changed()
        return problems

    @property
    def sessions(self) -> Sessions:
        """The runtime side; made on first use, for most openings of a file never need it."""
        if self.used_sessions is None:
            from rex_lsp.server.sessions import Sessions

            self.used_sessions = Sessions(self)
        return self.used_sessions

    @property
    def measuring(self) -> Measuring:
        """What images say; made on first use."""
        if self._measuring is None:
            from rex_lsp.server.measuring import Measuring

            self._measuring = Measuring(self)
        return self._measuring

    @property
    def has_measured(self) -> bool:
        """Whether somebody asked what an image says."""
        return self._measuring is not None

    async def end_work(self) -> None:
        """Cancel jobs and close the runtime; what was ours there is unloaded."""
        await self.jobs.close()
        if self.used_sessions is not None:
            await self.used_sessions.close()

    def log(self, text: str, kind: int = INFO) -> None:
        """One line in the editor's log of this server."""
        self.protocol.notify("window/logMessage", {"type": kind, "message": text})

    def tell(self, text: str, kind: int = ERROR) -> None:
        """A message that the editor shows, once for each distinct text."""
        self.log(text, kind)
        if text not in self._told:
            self._told.add(text)
            self.protocol.notify("window/showMessage", {"type": kind, "message": text})

    def report_server_error(self, error: Exception, source: Any) -> None:
        """A failure inside the server is logged, never a popup."""
        log.error("%s", error)
