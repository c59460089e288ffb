# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The compiler tier: on save, cleared when mended, cancelled for real."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.build.crates import answered

from .projects import CLEAN, extension
from .raw import Json, Raw, at

TYPE_ERROR = CLEAN.replace("    let cpu", '    let wrong: u32 = "é😀 text";\n    let cpu')
SLOW = "fn main() { std::thread::sleep(std::time::Duration::from_secs(600)); }\n"
COMPILE_SECONDS = 180.0


async def found(server: Raw, uri: str, code: str, *, gone: bool = False, after: int = 0) -> Json:
    """The first publication for ``uri`` that has (or has not) a code."""
    message = await server.until(
        lambda m: (
            m.get("method") == "textDocument/publishDiagnostics"
            and m["params"]["uri"] == uri
            and (code in [d.get("code") for d in m["params"]["diagnostics"]]) is not gone
        ),
        after=after,
        wait=COMPILE_SECONDS,
    )
    return next((d for d in message["params"]["diagnostics"] if d.get("code") == code), {})


def descendants(pid: int) -> dict[int, str]:
    """Process ids and names of everything below ``pid``."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            head, _, tail = (entry / "stat").read_text().rpartition(")")
        except OSError:
            continue
        names[int(entry.name)] = head.partition("(")[2]
        parents[int(entry.name)] = int(tail.split()[1])
    below = {pid}
    while True:
        more = {child for child, parent in parents.items() if parent in below} - below
        if not more:
            break
        below |= more
    return {one: names[one] for one in below - {pid}}


async def until_names(server: Raw, wanted: str) -> dict[int, str]:
    """Wait until a process whose name has ``wanted`` runs below the server."""
    deadline = time.monotonic() + COMPILE_SECONDS
    while time.monotonic() < deadline:
        below = descendants(server.process.pid)
        if any(wanted in name for name in below.values()):
            return below
        await asyncio.sleep(0.02)
    raise AssertionError(f"no {wanted} below the server")


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and waits to be reaped by init does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


async def gone(processes: dict[int, str], seconds: float) -> None:
    """Wait until none of the processes is there, at most so long."""
    deadline = time.monotonic() + seconds
    while left := [pid for pid in processes if alive(pid)]:
        assert time.monotonic() < deadline, f"still there: {[processes[pid] for pid in left]}"
        await asyncio.sleep(0.005)


async def test_a_type_error_shows_on_save_and_goes_when_mended(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path, TYPE_ERROR)
    await server.initialize(tmp_path, trusted=True)
    uri = server.open(main)
    assert await server.published(uri, version=1) == []
    server.save(uri)
    error = await found(server, uri, "E0308")
    assert error["source"] == "rustc"
    assert error["range"] == at(12, 21, 12, 31)
    # An edit before it moves it along, without a compiler.
    server.change(uri, 2, {"range": at(3, 0), "text": "\n\n"})
    (moved,) = await server.published(uri, version=2)
    assert moved["range"] == at(14, 21, 14, 31)
    # An edit inside drops it, for nobody knows now.
    server.change(uri, 3, {"range": at(14, 21, 14, 31), "text": "5"})
    assert await server.published(uri, version=3) == []
    main.write_text(CLEAN)
    server.replace(uri, 4, CLEAN)
    server.save(uri)
    await server.until(
        lambda m: m.get("method") == "$/progress" and m["params"]["value"]["kind"] == "end",
        after=len(server.said),
        wait=COMPILE_SECONDS,
    )
    assert await server.stop() == 0


async def test_a_finding_in_a_file_that_is_not_open_is_pushed_and_cleared(
    server: Raw, tmp_path: Path
) -> None:
    main = extension(tmp_path, CLEAN.replace("#[rex_map]", "mod other;\n\n#[rex_map]"))
    other = tmp_path / "src" / "other.rs"
    other.write_text("pub fn f() -> u32 { true }\n")
    await server.initialize(tmp_path, trusted=True)
    uri = server.open(main)
    server.save(uri)
    assert (await found(server, other.as_uri(), "E0308"))["range"]["start"]["line"] == 0
    after = len(server.said)
    other.write_text("pub fn f() -> u32 { 1 }\n")
    server.save(uri)
    await found(server, other.as_uri(), "E0308", gone=True, after=after)


async def test_with_rust_analyzer_the_compilers_own_errors_wait_for_a_build(
    server: Raw, tmp_path: Path
) -> None:
    main = extension(tmp_path, TYPE_ERROR)
    settings = {"rustAnalyzer": {"active": True}}
    await server.initialize(tmp_path, trusted=True, options={"settings": settings})
    uri = server.open(main)
    assert await server.published(uri, version=1) == []
    build = {"command": "rex.build", "arguments": [{"uri": uri}]}
    result = await server.request("workspace/executeCommand", build, wait=COMPILE_SECONDS)
    assert result["ok"] is False
    assert result["errors"] >= 1
    assert (await found(server, uri, "E0308"))["source"] == "rustc"


async def test_without_trust_or_wish_no_check_runs(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path, TYPE_ERROR)
    settings = {"check": {"onSave": False}}
    await server.initialize(tmp_path, trusted=True, options={"settings": settings})
    uri = server.open(main)
    await server.published(uri, version=1)
    server.save(uri)
    for _ in range(20):
        assert descendants(server.process.pid) == {}
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("way", ["progress", "request"])
async def test_cancel_ends_cargo_and_everything_below_it(
    server: Raw, tmp_path: Path, way: str
) -> None:
    main = extension(tmp_path, extra=answered("probe"))
    (tmp_path / "build.rs").write_text(SLOW)
    await server.initialize(tmp_path, trusted=True)
    uri = server.open(main)
    params = {"command": "rex.build", "arguments": [{"uri": uri}]}
    request = server.post("workspace/executeCommand", params)
    below = await until_names(server, "build-script-bu")
    assert len(below) >= 2
    began = time.monotonic()
    if way == "progress":
        token = server.of("window/workDoneProgress/create")[0]["token"]
        server.notify("window/workDoneProgress/cancel", {"token": token})
    else:
        server.notify("$/cancelRequest", {"id": request})
    # The budget is 0.3 s; the bound here is for a loaded machine.
    await gone(below, 5)
    assert time.monotonic() - began < 5
    answer = await server.answer(request)
    if way == "progress":
        assert answer["result"]["cancelled"] is True
    else:
        assert answer["error"]["code"] == -32800


async def test_a_check_that_a_save_overtakes_is_ended(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path, TYPE_ERROR, extra=answered("probe"))
    (tmp_path / "build.rs").write_text(SLOW)
    await server.initialize(tmp_path, trusted=True)
    uri = server.open(main)
    server.save(uri)
    below = await until_names(server, "build-script-bu")
    (tmp_path / "build.rs").unlink()
    server.save(uri)
    await found(server, uri, "E0308")
    await gone(below, 1)


async def test_no_process_outlives_the_server(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path, extra=answered("probe"))
    (tmp_path / "build.rs").write_text(SLOW)
    await server.initialize(tmp_path, trusted=True)
    uri = server.open(main)
    server.save(uri)
    below = await until_names(server, "build-script-bu")
    assert server.process.stdin is not None
    server.process.stdin.close()
    assert await server.ended() == 1
    await gone(below, 1)


async def test_a_missing_toolchain_is_told_once_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = extension(tmp_path, TYPE_ERROR)
    (tmp_path / "native").mkdir()
    server = await Raw.start(env={"REX_NATIVE_DIR": str(tmp_path / "native")})
    try:
        await server.initialize(tmp_path, trusted=True)
        uri = server.open(main)
        for _ in range(2):
            after = len(server.said)
            server.save(uri)
            await server.until(
                lambda m: m.get("method") == "window/logMessage" and "not part of this" in str(m),
                after=after,
            )
        assert len(server.of("window/showMessage")) == 1
    finally:
        await server.kill()
