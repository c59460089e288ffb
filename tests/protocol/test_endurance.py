# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A long session: memory does not grow, bursts end in the right answer."""

from __future__ import annotations

from pathlib import Path

from .projects import CLEAN, LEAK, LEAK_LINE, extension
from .raw import Raw, at


def private_kib(pid: int) -> int:
    """The memory that is this process's alone, in KiB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_"))


async def edits(server: Raw, uri: str, version: int, count: int) -> int:
    """Type and take back, waiting for each; returns the last version."""
    for _ in range(count):
        server.change(uri, version + 1, {"range": at(LEAK_LINE, 0), "text": "x"})
        server.change(uri, version + 2, {"range": at(LEAK_LINE, 0, LEAK_LINE, 1), "text": ""})
        version += 2
        await server.published(uri, version=version, after=len(server.said))
        server.said.clear()
    return version


async def test_edits_and_requests_leave_nothing_in_memory(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path, LEAK)
    await server.initialize(tmp_path)
    uri = server.open(main)
    await server.published(uri, version=1)
    cursor = {"textDocument": {"uri": uri}, "position": {"line": LEAK_LINE, "character": 10}}

    async def work(version: int) -> int:
        version = await edits(server, uri, version, 300)
        for _ in range(300):
            await server.request("textDocument/hover", cursor)
            await server.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
            server.said.clear()
        return version

    version = await work(await work(1))
    before = private_kib(server.process.pid)
    for _ in range(3):
        version = await work(version)
    grown = private_kib(server.process.pid) - before
    # 1,800 edits and 1,800 requests; one kept object each would be more than this.
    assert grown < 700, f"{grown} KiB"


async def test_a_burst_of_edits_ends_with_the_last_text(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path)
    await server.initialize(tmp_path)
    uri = server.open(main)
    for version in range(2, 400):
        server.replace(uri, version, LEAK if version % 2 else CLEAN)
    server.replace(uri, 400, LEAK)
    items = await server.published(uri, version=400)
    assert [item["code"] for item in items] == ["rex::leak"]
    # What came in between was not all worth an answer.
    assert len(server.of("textDocument/publishDiagnostics")) < 400


async def test_many_changes_in_one_message(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path)
    text = CLEAN + "".join(f"fn f{n}() {{ core::mem::forget(1); }}\n" for n in range(100))
    await server.initialize(tmp_path)
    uri = server.open(main, text)
    assert len(await server.published(uri, version=1)) == 100
    first = CLEAN.count("\n")
    changes = [
        {"range": at(first + n, 9 + len(str(n)), first + n, 26 + len(str(n))), "text": "drop"}
        for n in range(100)
    ]
    server.change(uri, 2, *changes)
    assert await server.published(uri, version=2) == []
