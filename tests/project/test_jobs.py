# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Jobs: the newest wins, and the older one is gone before it starts."""

from __future__ import annotations

import asyncio

import pytest

from rex_lsp.project.jobs import Jobs, Superseded


async def test_the_newest_wins_and_never_runs_beside_the_older() -> None:
    jobs = Jobs()
    log: list[str] = []

    async def work(name: str) -> str:
        log.append(f"+{name}")
        try:
            await asyncio.sleep(0.05 if name == "b" else 30)
        finally:
            await asyncio.sleep(0.01)
            log.append(f"-{name}")
        return name

    first = asyncio.ensure_future(jobs.run("j", "a", lambda: work("a")))
    await asyncio.sleep(0.01)
    assert await jobs.run("j", "b", lambda: work("b")) == "b"
    with pytest.raises(Superseded):
        await first
    assert log == ["+a", "-a", "+b", "-b"]
    assert not jobs.running("j")


async def test_cancelling_the_caller_waits_for_the_work_to_let_go() -> None:
    jobs = Jobs()
    let_go = False

    async def work() -> None:
        nonlocal let_go
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0.02)
            let_go = True

    task = asyncio.ensure_future(jobs.run("j", "a", work))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert let_go
    assert not jobs.running("j")


async def test_a_burst_is_one_job() -> None:
    jobs = Jobs()
    runs = 0

    async def work() -> None:
        nonlocal runs
        runs += 1

    burst = [asyncio.ensure_future(jobs.run("j", "a", work, delay=0.02)) for _ in range(10)]
    done = await asyncio.gather(*burst, return_exceptions=True)
    assert runs == 1
    assert [type(one) for one in done[:-1]] == [Superseded] * 9


async def test_a_job_can_wait_for_another() -> None:
    jobs = Jobs()
    order: list[str] = []

    async def work(name: str) -> None:
        await asyncio.sleep(0.02)
        order.append(name)

    build = asyncio.ensure_future(jobs.run("build", "b", lambda: work("build")))
    await asyncio.sleep(0)
    await jobs.run("check", "c", lambda: work("check"), after="build")
    await build
    assert order == ["build", "check"]


async def test_close_ends_everything() -> None:
    jobs = Jobs()
    tasks = [
        asyncio.ensure_future(jobs.run(n, str(n), lambda: asyncio.sleep(30))) for n in range(3)
    ]
    await asyncio.sleep(0)
    assert jobs.titles == ["0", "1", "2"]
    await jobs.close()
    assert jobs.titles == []
    assert all(
        isinstance(one, asyncio.CancelledError)
        for one in await asyncio.gather(*tasks, return_exceptions=True)
    )
