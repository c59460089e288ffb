# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The compiler tier, builds and the runtime, as the editor starts them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rex_lsp.build.locations import native
from tests.protocol.conftest import end_daemon
from tests.protocol.projects import extension
from tests.protocol.raw import Json
from tests.protocol.test_compiler import descendants

from .rows import Row
from .session import Session, memory_mb
from .source import extension as text_of

_WAIT_SECONDS = 300.0
_LONG_LINES = 10_000


@dataclass(frozen=True, slots=True)
class _Command:
    """A process as it was started."""

    arguments: list[str]
    directory: str
    environment: dict[str, str]

    def run(self) -> float:
        """Run it again; seconds until its end."""
        began = time.perf_counter()
        subprocess.run(
            self.arguments, cwd=self.directory, env=self.environment, capture_output=True
        )
        return time.perf_counter() - began


async def measure(directory: Path, rows: list[Row], times: int) -> None:
    """Add the rows of one extension of 500 lines that compiles."""
    text = text_of(500, mistakes=False)
    main = extension(directory, text)
    with tempfile.TemporaryDirectory(prefix="rex-") as runtime:
        server = await Session.start(env={"XDG_RUNTIME_DIR": runtime})
        try:
            await server.initialize(directory, trusted=True)
            uri = server.open(main, text)
            rows += await _checks(server, uri, main, text, times)
            rows += await _attaching(server, uri, times)
            rows.append(await _cancelling(server, uri, main, text))
            rows.append(await asyncio.to_thread(_analysing, directory / "long", times))
        finally:
            await server.kill()
            end_daemon(Path(runtime))


async def _checks(server: Session, uri: str, main: Path, text: str, times: int) -> list[Row]:
    """On-save checks beside the same cargo command without us."""
    cargo = await _saved(server, uri, main, text, 1, spy=True)
    ours, bare = [], []
    for number in range(2, 2 + times):
        began = time.perf_counter()
        await _saved(server, uri, main, text, number)
        ours.append(time.perf_counter() - began)
        assert cargo is not None
        main.write_text(f"{text}// bare {number}\n")
        bare.append(cargo.run())
    check, alone = min(ours) * 1000, min(bare) * 1000
    over = check - alone
    return [
        Row(
            "warm check on save, save to findings (best)",
            f"{check:.0f}",
            "",
            "at most 5 % and 50 ms over cargo alone",
            over <= 50 and over <= 0.05 * alone,
            f"the same cargo command alone: {alone:.0f}, {over:+.0f}",
        )
    ]


async def _saved(
    server: Session, uri: str, main: Path, text: str, number: int, *, spy: bool = False
) -> _Command | None:
    """Save a changed file and wait for the end of the check; the cargo that it started."""
    changed = f"{text}// {number}\n"
    main.write_text(changed)
    server.replace(uri, number + 1, changed)
    await server.published(uri, version=number + 1)
    server.said.clear()
    server.save(uri)
    found = await _spied(server) if spy else None
    await server.until(_ended, wait=_WAIT_SECONDS)
    return found


async def _spied(server: Session) -> _Command:
    """The cargo below the server, as soon as there is one."""
    while True:
        for pid, name in descendants(server.process.pid).items():
            if name == "cargo":
                try:
                    return _command(Path(f"/proc/{pid}"))
                except OSError:
                    continue
        await asyncio.sleep(0.005)


def _command(process: Path) -> _Command:
    arguments = (process / "cmdline").read_bytes().split(b"\0")[:-1]
    variables = (process / "environ").read_bytes().split(b"\0")[:-1]
    pairs = (os.fsdecode(one).partition("=") for one in variables)
    return _Command(
        [os.fsdecode(one) for one in arguments],
        str((process / "cwd").readlink()),
        {name: value for name, _, value in pairs},
    )


async def _attaching(server: Session, uri: str, times: int) -> list[Row]:
    """One command from a program to its attachment in sim: build, load, attach.

    Nothing has to be compiled, so what rustc takes is left out.
    """
    built = await _command_of(server, "build", uri)
    assert built["ok"], built
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        attached = await _command_of(server, "attach", uri)
        taken.append((time.perf_counter() - began) * 1000)
        assert attached["ok"] and attached["attached"], attached
        size = _memory(server)
        await _command_of(server, "unload", uri)
    best = min(taken)
    return [
        Row(
            "program to attached in sim, one command, nothing to compile (best)",
            f"{best:.0f}",
            "",
            "under 250 ms, ours without rustc",
            best < 250,
        ),
        Row(
            "memory (PSS) of server, daemon and worker",
            f"{size:.0f} MB",
            "",
            "under 140 MB",
            size < 140,
        ),
    ]


def _analysing(directory: Path, times: int) -> Row:
    """What `rexrt` takes to read a large image, its process included; nothing is cached."""
    extension(directory, text_of(_LONG_LINES, mistakes=False))
    subprocess.run(
        [sys.executable, "-m", "rex_lsp", "build", str(directory)], check=True, capture_output=True
    )
    image = next(directory.glob("target/rex/*.rex"))
    size = image.with_suffix(".elf").stat().st_size / 1e6
    command = _Command(
        [str(native("rexrt")), "inspect", str(image), "--analysis", "--format", "json"],
        str(directory),
        dict(os.environ),
    )
    best = min(command.run() for _ in range(times)) * 1000
    return Row(
        f"analysis of an image of {size:.1f} MB (best)",
        f"{best:.0f}",
        "",
        "under 1000 ms",
        best < 1000,
    )


def _memory(server: Session) -> float:
    sizes = memory_mb(server.process.pid)
    for process in Path("/proc").iterdir():
        try:
            variables = (process / "environ").read_bytes() if process.name.isdigit() else b""
            name = (process / "comm").read_text().strip() if variables else ""
        except OSError:
            continue
        ours = (Path(f"/proc/{server.process.pid}") / "environ").read_bytes().split(b"\0")
        runtime = next(one for one in ours if one.startswith(b"XDG_RUNTIME_DIR="))
        if name.startswith("rexrt") and runtime in variables.split(b"\0"):
            sizes += memory_mb(int(process.name))
    return sizes


async def _cancelling(server: Session, uri: str, main: Path, text: str) -> Row:
    """Cancel a build as soon as a compiler runs; until no process of it is left."""
    main.write_text(text + "// cancelled\n")
    params = {"command": "rex.build", "arguments": [{"uri": uri}], "workDoneToken": "bench"}
    number = server.post("workspace/executeCommand", params)
    while not any("rustc" in name for name in descendants(server.process.pid).values()):
        await asyncio.sleep(0.002)
    began = time.perf_counter()
    server.notify("$/cancelRequest", {"id": number})
    while any(
        "rustc" in name or name == "cargo" for name in descendants(server.process.pid).values()
    ):
        await asyncio.sleep(0.001)
    taken = (time.perf_counter() - began) * 1000
    return Row(
        "cancel of a build to its processes gone",
        f"{taken:.0f}",
        "",
        "under 300 ms",
        taken < 300,
    )


async def _command_of(server: Session, name: str, uri: str) -> Json:
    params = {"command": f"rex.{name}", "arguments": [{"uri": uri}]}
    result: Json = await server.request("workspace/executeCommand", params, wait=_WAIT_SECONDS)
    return result


def _ended(message: Json) -> bool:
    return message.get("method") == "$/progress" and message["params"]["value"]["kind"] == "end"
