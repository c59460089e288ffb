# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Long work, one piece per name: the newest request wins and the older one is cancelled.

A job is an asyncio task that owns the processes it starts. Cancelling it means that its
processes are gone, with all their children, before the next one of that name begins:
two cargo runs never wait for each other's lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass
class _Job:
    task: asyncio.Task[Any]
    title: str


class Superseded(Exception):
    """The job was cancelled because a newer one of the same name took its place."""


class Jobs:
    """The running jobs by name. A name is any hashable value, such as ``("build", root)``."""

    def __init__(self) -> None:
        self._jobs: dict[Hashable, _Job] = {}
        self._replaced: set[asyncio.Task[Any]] = set()

    @property
    def titles(self) -> list[str]:
        """What runs now, for people."""
        return [job.title for job in self._jobs.values() if not job.task.done()]

    def running(self, name: Hashable) -> bool:
        """Whether a job of this name has not ended."""
        job = self._jobs.get(name)
        return job is not None and not job.task.done()

    async def run(
        self,
        name: Hashable,
        title: str,
        work: Callable[[], Awaitable[T]],
        *,
        delay: float = 0.0,
        after: Hashable | None = None,
    ) -> T:
        """End an older job of this name, then run ``work`` and return its result.

        It starts ``delay`` seconds later, so that a burst of requests is one job, and
        not before the running job named ``after`` has ended.

        Cancelling the caller cancels the work and waits until it has let go.

        Raises:
            Superseded: a newer job of this name was started.
        """
        older = self._jobs.get(name)

        async def body() -> T:
            if older is not None and not older.task.done():
                self._replaced.add(older.task)
                older.task.cancel()
                await asyncio.wait([older.task])
            if delay:
                await asyncio.sleep(delay)
            first = self._jobs.get(after) if after is not None else None
            if first is not None and not first.task.done():
                await asyncio.wait([first.task])
            return await work()

        task = asyncio.ensure_future(body())
        self._jobs[name] = _Job(task, title)
        try:
            return await task
        except asyncio.CancelledError:
            if task.done() and task in self._replaced:
                raise Superseded(title) from None
            task.cancel()
            await asyncio.wait([task])
            raise
        finally:
            self._replaced.discard(task)
            current = self._jobs.get(name)
            if current is not None and current.task is task:
                del self._jobs[name]

    async def cancel(self, name: Hashable) -> bool:
        """Cancel the job of this name and wait for its end; False when there is none."""
        job = self._jobs.get(name)
        if job is None or job.task.done():
            return False
        job.task.cancel()
        await asyncio.wait([job.task])
        return True

    async def close(self) -> None:
        """Cancel everything and wait for it."""
        tasks = [job.task for job in self._jobs.values() if not job.task.done()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
