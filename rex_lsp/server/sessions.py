# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the editor built, loaded and attached, one entry per package, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rex_lsp.build.builder import Artifact, BuildResult
from rex_lsp.deploy.client import Runtime
from rex_lsp.deploy.events import Event
from rex_lsp.deploy.findings import finding_of
from rex_lsp.deploy.objects import Loaded, Program, State
from rex_lsp.deploy.runner import Runner
from rex_lsp.project.store import Tier
from rex_lsp.server.server import WARNING, RexServer
from rex_lsp.server.trace import TraceLog


@dataclass(slots=True)
class Session:
    """One package: its last good build and its loaded objects by target name."""

    package: Path
    artifacts: list[Artifact] = field(default_factory=list)
    loaded: dict[str, Loaded] = field(default_factory=dict)
    stale: bool = False

    def program(self, name: str) -> tuple[Loaded, Program] | None:
        """The loaded program of this name."""
        for loaded in self.loaded.values():
            if name in loaded.programs:
                return loaded, loaded.programs[name]
        return None

    def state(self, name: str) -> State:
        """How far a program is."""
        found = self.program(name)
        if found is not None:
            return found[1].state
        return State.BUILT if self.artifacts else State.SOURCE


class Sessions:
    """All sessions of this client over one connection to the runtime."""

    def __init__(self, server: RexServer) -> None:
        self._server = server
        self._sessions: dict[Path, Session] = {}
        self._runner: Runner | None = None
        self._connecting = asyncio.Lock()
        self._trace = TraceLog(server)
        self._watchers: list[tuple[int, Callable[[Event], None]]] = []

    def of(self, package: Path) -> Session:
        """The session of a package directory."""
        return self._sessions.setdefault(package, Session(package))

    def known(self, package: Path | None) -> Session | None:
        """The session of a package, if something was done there."""
        return None if package is None else self._sessions.get(package)

    async def runner(self) -> Runner:
        """The connection, made on first use.

        Raises:
            RuntimeUnreachable: no daemon could be started.
            RuntimeFailed: the daemon is of another version.
        """
        async with self._connecting:
            if self._runner is None or self._runner.runtime.closed:
                settings = self._server.settings
                named = settings.get("runtime.rexrt")
                runtime = await Runtime.connect(
                    program=Path(named) if named else None, client="rex server"
                )
                self._runner = Runner(runtime, self._event, target=settings.get("run.target"))
                self._runner.on_lost = self._lost
                for limit in self._runner.limits:
                    self._server.log(f"{settings.get('run.target')}: {limit}")
            return self._runner

    def watch(self, object_: int, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Pass the events of one object to ``listener`` too; call the result to stop that."""
        entry = (object_, listener)
        self._watchers.append(entry)
        return lambda: self._watchers.remove(entry)

    def built(self, package: Path, result: BuildResult) -> None:
        """Take note of a good build."""
        session = self.of(package)
        session.artifacts = list(result.artifacts)
        session.stale = False
        self._server.publisher.refresh_lenses()

    def edited(self, package: Path | None) -> None:
        """A source of the package changed after its build."""
        session = self.known(package)
        if session is not None and session.artifacts and not session.stale:
            session.stale = True
            self._server.publisher.refresh_lenses()

    async def load(self, session: Session, artifacts: Sequence[Artifact]) -> list[Loaded]:
        """Load images; an object of an older image gives way to the new one.

        Raises:
            RuntimeFailed: an image is refused; none of these is left loaded.
        """
        runner = await self.runner()
        done: list[Loaded] = []
        try:
            for artifact in artifacts:
                old = session.loaded.pop(artifact.name, None)
                if old is not None:
                    await runner.unload(old)
                loaded = await runner.load(
                    artifact.image, directory=session.package, label=artifact.name
                )
                session.loaded[artifact.name] = loaded
                done.append(loaded)
        except BaseException:
            for loaded in done:
                session.loaded.pop(loaded.name, None)
                with contextlib.suppress(Exception):
                    await runner.unload(loaded)
            raise
        finally:
            self._server.publisher.refresh_lenses()
        self._server.files.store.forget_owner(Tier.RUNTIME, session.package)
        return done

    async def unload(self, session: Session) -> int:
        """Unload all objects of a package; returns how many there were."""
        count = len(session.loaded)
        objects = list(session.loaded.values())
        session.loaded.clear()
        if objects and self._runner is not None and not self._runner.runtime.closed:
            for loaded in objects:
                await self._runner.unload(loaded)
        self._server.publisher.refresh_lenses()
        return count

    async def close(self) -> None:
        """End the connection: the daemon unloads what is ours."""
        runner, self._runner = self._runner, None
        for session in self._sessions.values():
            session.loaded.clear()
        if runner is not None:
            await runner.close()
        self._trace.flush()
        self._server.publisher.refresh_lenses()

    def _event(self, event: Event) -> None:
        for object_, listener in tuple(self._watchers):
            if object_ == event.object:
                listener(event)
        session = self._owner(event)
        if session is None:
            return
        self._trace.add(event, session.package)
        found = finding_of(event, session.package, self._server.files.document)
        if found is not None:
            path, finding = found
            self._server.files.store.add(Tier.RUNTIME, path, finding, session.package)
        elif event.stops_program:
            self._server.log(f"{event.program} stopped ({event.kind}): {event.message}", WARNING)
        if event.kind not in ("trace", "verdict"):
            self._server.publisher.refresh_lenses()

    def _owner(self, event: Event) -> Session | None:
        for session in self._sessions.values():
            for loaded in session.loaded.values():
                if loaded.object == event.object:
                    return session
        return None

    def _lost(self) -> None:
        if any(session.loaded for session in self._sessions.values()):
            self._server.log("rexrt ended; what was loaded and attached is gone", WARNING)
        for session in self._sessions.values():
            session.loaded.clear()
        self._server.publisher.refresh_lenses()
