# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The client against the real daemon: owners, errors, events."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rex_lsp.build.locations import native
from rex_lsp.deploy import client
from rex_lsp.deploy.client import Runtime
from rex_lsp.deploy.errors import ConnectionLost, RuntimeFailed, RuntimeUnreachable
from rex_lsp.deploy.events import Event
from rex_lsp.deploy.runner import Runner
from rex_lsp.deploy.sockets import socket_path
from rex_lsp.deploy.sources import command

from .sources import DUP

pytestmark = pytest.mark.usefixtures("runtime_dir")
Built = Callable[[str], Path]


def image(built: Built, name: str) -> Path:
    return built(name) / "target" / "rex" / f"{name}.rex"


@pytest.fixture
def traces(built: Built) -> Path:
    return image(built, "traces")


@pytest.fixture
def panics(built: Built) -> Path:
    return image(built, "panics")


async def test_the_daemon_starts_on_first_use_and_is_shared() -> None:
    one, two = await asyncio.gather(Runtime.connect(), Runtime.connect())
    assert one.hello["pid"] == two.hello["pid"]
    assert [t["name"] for t in one.targets] == ["sim"]
    mode = socket_path().stat().st_mode
    assert mode & 0o777 == 0o600
    await one.close()
    await two.close()


async def test_version_skew_is_a_named_error_with_its_repair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(client, "PROTOCOL", 99)
        with pytest.raises(RuntimeFailed) as caught:
            await Runtime.connect()
    assert caught.value.kind == "version_skew"
    assert "rexrt" in caught.value.repair


async def test_a_program_that_is_no_daemon_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "rexrt"
    broken.write_text("#!/bin/sh\necho it is broken >&2\nexit 3\n")
    broken.chmod(0o700)
    with pytest.raises(RuntimeUnreachable, match="it is broken"):
        await Runtime.connect(program=broken)
    with pytest.raises(RuntimeUnreachable, match="cannot start"):
        await Runtime.connect(program=tmp_path / "absent")


async def test_what_a_connection_loads_dies_with_it(traces: Path) -> None:
    watcher = await Runtime.connect()
    owner = await Runtime.connect()
    runner = Runner(owner, lambda _: None)
    loaded = await runner.load(traces, directory=traces.parent)
    await runner.attach(loaded)
    (found,) = (await watcher.call("list"))["objects"]
    assert found["object"] == loaded.object
    assert found["owner_pid"] == os.getpid()
    await runner.close()
    for _ in range(200):
        if not (await watcher.call("list"))["objects"]:
            break
        await asyncio.sleep(0.02)
    assert (await watcher.call("list"))["objects"] == []
    await watcher.close()


async def test_events_come_in_order_and_end_with_the_source(traces: Path) -> None:
    events: list[Event] = []
    runner = Runner(await Runtime.connect(), events.append)
    loaded = await runner.load(traces, directory=traces.parent)
    await runner.attach(loaded)
    number, pid = await runner.start(loaded, command(DUP, traces.parent))
    end = await runner.finished(loaded, number)
    assert end.raw["status"] == 0
    assert [e.kind for e in events][:2] == ["load", "attach"]
    assert events[-1].kind == "exit"
    (trace, *_) = [e for e in events if e.kind == "trace"]
    assert trace.message.endswith("dup of 1 on 0 é😀")
    assert trace.raw["pid"] == pid
    assert loaded.programs["hello"].traces == sum(e.kind == "trace" for e in events)
    await runner.close()


async def test_a_panic_is_an_event_with_its_place_and_the_program_is_dead(panics: Path) -> None:
    events: list[Event] = []
    runner = Runner(await Runtime.connect(), events.append)
    loaded = await runner.load(panics, directory=panics.parent)
    await runner.attach(loaded)
    number, _ = await runner.start(loaded, command(DUP, panics.parent))
    await runner.finished(loaded, number)
    (panic,) = [e for e in events if e.stops_program]
    assert panic.kind == "panic"
    assert panic.place is not None
    assert panic.place.file.endswith("src/main.rs")
    assert panic.place.line == 9
    assert panic.frames[0].function.endswith("pick")
    assert loaded.programs["boom"].state.value == "dead"
    await runner.close()


async def test_a_corrupt_image_is_refused_and_nothing_is_left(traces: Path, tmp_path: Path) -> None:
    runtime = await Runtime.connect()
    runner = Runner(runtime, lambda _: None)
    data = bytearray(traces.read_bytes())
    data[len(data) // 2] ^= 0xFF
    broken = tmp_path / "broken.rex"
    broken.write_bytes(data)
    for path in (broken, tmp_path / "absent.rex", Path("/bin/sh")):
        with pytest.raises(RuntimeFailed) as caught:
            await runner.load(path, directory=tmp_path)
        assert caught.value.kind == "bad_image", path
    assert (await runtime.call("list"))["objects"] == []
    await runner.close()


async def test_maps_are_written_from_outside(traces: Path) -> None:
    runtime = await Runtime.connect()
    runner = Runner(runtime, lambda _: None)
    loaded = await runner.load(traces, directory=traces.parent)
    number, key = loaded.object, bytes(4)
    await runtime.map_update(number, "counts", key, b"\x05\x00", flags=1)
    read = await runtime.call("map", {"object": number, "name": "counts"})
    one = "0500000000000000"
    assert read["entries"] == [{"key": key.hex(), "value": one * 8}]
    await runtime.map_update(number, "counts", key, [bytes((cpu, 0)) for cpu in range(8)])
    for values, kind in ((b"\x05", "invalid_value"), ([b"\x05\x00"] * 3, "invalid_value")):
        with pytest.raises(RuntimeFailed) as caught:
            await runtime.map_update(number, "counts", key, values)
        assert caught.value.kind == kind
    await runtime.map_delete(number, "counts", key)
    with pytest.raises(RuntimeFailed, match=r"refuses \(errno 2\)") as caught:
        await runtime.map_delete(number, "counts", key)
    assert caught.value.kind == "map_refused"
    await runner.close()


async def test_an_unknown_attach_target_names_near_ones_and_attaches_nothing(traces: Path) -> None:
    runtime = await Runtime.connect()
    runner = Runner(runtime, lambda _: None)
    loaded = await runner.load(traces, directory=traces.parent)
    with pytest.raises(RuntimeFailed) as caught:
        await runner.attach(loaded, "hello", "syscalls/sys_enter_dupp")
    assert caught.value.kind == "unknown_attach_target"
    assert "syscalls/sys_enter_dup" in caught.value.near
    assert "did you mean" in str(caught.value) or caught.value.repair
    (found,) = (await runtime.call("list"))["objects"]
    assert [p["state"] for p in found["programs"]] == ["loaded"]
    await runner.close()


async def test_a_source_that_cannot_start_is_an_error(traces: Path) -> None:
    runner = Runner(await Runtime.connect(), lambda _: None)
    loaded = await runner.load(traces, directory=traces.parent)
    await runner.attach(loaded)
    with pytest.raises(RuntimeFailed) as caught:
        await runner.start(loaded, command(["/no/such/program"], traces.parent))
    assert caught.value.kind == "source_failed"
    await runner.close()


async def test_the_death_of_the_daemon_is_noticed(traces: Path) -> None:
    runtime = await Runtime.connect()
    lost = asyncio.Event()
    runner = Runner(runtime, lambda _: None)
    runner.on_lost = lost.set
    loaded = await runner.load(traces, directory=traces.parent)
    waiting = asyncio.ensure_future(runner.finished(loaded, 12345))
    await asyncio.sleep(0)
    os.kill(runtime.hello["pid"], 9)
    await asyncio.wait_for(lost.wait(), 10)
    with pytest.raises(ConnectionLost):
        await waiting
    with pytest.raises(ConnectionLost):
        await runtime.call("list")
    await runner.close()


async def test_the_installed_daemon_ends_when_nobody_needs_it(runtime_dir: Path) -> None:
    runtime = await Runtime.connect(program=native("rexrt"))
    pid = runtime.hello["pid"]
    with contextlib.suppress(ConnectionLost):
        await runtime.call("shutdown")
    await runtime.close()
    for _ in range(200):
        if not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the daemon did not end")
