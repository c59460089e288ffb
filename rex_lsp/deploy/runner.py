# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Load, attach, drive and detach: the steps that the editor and the terminal share."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rex_lsp.deploy.client import Runtime
from rex_lsp.deploy.errors import ConnectionLost, RuntimeFailed
from rex_lsp.deploy.events import Event
from rex_lsp.deploy.objects import Loaded, Program
from rex_lsp.deploy.sources import Source

Listener = Callable[[Event], None]


class Runner:
    """Steps over one connection. Events of every object loaded here go to ``listener``."""

    def __init__(self, runtime: Runtime, listener: Listener, *, target: str = "sim") -> None:
        self._runtime = runtime
        self._listener = listener
        self._target = target
        self._objects: dict[int, Loaded] = {}
        self._exits: dict[tuple[int, int], asyncio.Future[Event]] = {}
        self._pump = asyncio.ensure_future(self._listen())
        self.on_lost: Callable[[], None] = lambda: None

    @property
    def runtime(self) -> Runtime:
        """The connection."""
        return self._runtime

    @property
    def limits(self) -> list[str]:
        """What the target cannot do, in its words."""
        for target in self._runtime.targets:
            if target.get("name") == self._target:
                return [str(limit) for limit in target.get("limits") or ()]
        return []

    async def load(
        self, image: Path, *, directory: Path, label: str = "", persistent: bool = False
    ) -> Loaded:
        """Load an image and listen to its events.

        Raises:
            RuntimeFailed: the image or the target is refused; nothing is left loaded.
        """
        answer = await self._runtime.call(
            "load",
            {
                "image": str(image),
                "target": self._target,
                "persistent": persistent,
                "label": label or image.stem,
                "dir": str(directory),
            },
        )
        loaded = Loaded.from_json(answer, image)
        await self.adopt(loaded)
        # The daemon told about it before anybody could have subscribed.
        told = {"event": "load", "t_ns": time.monotonic_ns(), "program": "", "name": loaded.name}
        if answer.get("warning"):
            told["warning"] = answer["warning"]
        self._listener(Event.from_json({**told, "target": self._target, "object": loaded.object}))
        return loaded

    async def adopt(self, loaded: Loaded) -> None:
        """Listen to the events of an object."""
        self._objects[loaded.object] = loaded
        await self._runtime.call("subscribe", {"object": loaded.object})

    async def attach(
        self, loaded: Loaded, program: str | None = None, target: str | None = None
    ) -> list[Program]:
        """Attach one program or all; either all asked for are attached or none.

        Raises:
            RuntimeFailed: an attach target is unknown (``near`` has names like it).
        """
        params: dict[str, object] = {"object": loaded.object}
        if program is not None:
            params["program"] = program
        if target is not None:
            params["attach"] = target
        answer = await self._runtime.call("attach", params)
        return loaded.attached(answer["links"])

    async def start(self, loaded: Loaded, source: Source) -> tuple[int, int | None]:
        """Start a source; returns its number and the child's process id, if it has one.

        Raises:
            RuntimeFailed: the source cannot be started.
        """
        answer = await self._runtime.call(
            "source", {"object": loaded.object, "source": source.request}
        )
        number = int(answer["source"])
        loaded.sources.add(number)
        pid = answer.get("pid")
        return number, pid if isinstance(pid, int) else None

    async def finished(self, loaded: Loaded, source: int) -> Event:
        """The ``exit`` event of a source, when it comes.

        Raises:
            ConnectionLost: the daemon went away first.
        """
        return await self._exit_of(loaded.object, source)

    async def stop(self, source: int) -> None:
        """End a source and its processes; one that ended by itself is fine."""
        with contextlib.suppress(RuntimeFailed):
            await self._runtime.call("stop", {"source": source})

    async def detach(self, programs: Sequence[Program]) -> None:
        """Take programs off their targets."""
        for program in programs:
            if program.link is not None:
                with contextlib.suppress(RuntimeFailed):
                    await self._runtime.call("detach", {"link": program.link})
                program.link = None

    async def unload(self, loaded: Loaded) -> None:
        """Stop the object's sources, detach and unload it; gone already is fine."""
        for source in tuple(loaded.sources):
            await self.stop(source)
        self._objects.pop(loaded.object, None)
        with contextlib.suppress(RuntimeFailed):
            await self._runtime.call("unload", {"object": loaded.object})

    async def close(self) -> None:
        """End the connection: what it owns is unloaded by the daemon."""
        self._pump.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._pump
        await self._runtime.close()

    def _exit_of(self, object_: int, source: int) -> asyncio.Future[Event]:
        key = (object_, source)
        if key not in self._exits:
            self._exits[key] = asyncio.get_running_loop().create_future()
        return self._exits[key]

    async def _listen(self) -> None:
        async for raw in self._runtime.events():
            event = Event.from_json(raw)
            loaded = self._objects.get(event.object)
            if loaded is not None:
                self._note(loaded, event)
            self._listener(event)
        for future in self._exits.values():
            if not future.done():
                future.set_exception(ConnectionLost("rexrt ended while the source ran"))
                future.exception()
        self.on_lost()

    def _note(self, loaded: Loaded, event: Event) -> None:
        program = loaded.programs.get(event.program)
        if event.kind == "exit":
            source = event.raw.get("source")
            if isinstance(source, int):
                loaded.sources.discard(source)
                future = self._exit_of(loaded.object, source)
                if not future.done():
                    future.set_result(event)
        elif program is None:
            return
        elif event.stops_program:
            program.stopped = event.message or event.kind
            program.link = None
        elif event.kind == "detach":
            program.link = None
        elif event.kind == "trace":
            program.traces += 1
