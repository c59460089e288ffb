# SPDX-License-Identifier: Apache-2.0 OR MIT
"""rust-analyzer on the same file, with the same edits and requests.

Taken from `REX_BENCH_RUST_ANALYZER` or the path; else Debian's package `rust-web-analyzer`
is unpacked below `.build`, without being installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from tests.protocol.projects import extension
from tests.protocol.raw import CAPABILITIES, Json, merged

from .requests import asked
from .rows import Row, judged
from .session import Sample, Session, memory_mb, middle, partial, trace
from .source import extension as text_of

_UNPACKED = Path(__file__).parents[2] / ".build" / "peer"
_PULLING: Json = {
    "textDocument": {"diagnostic": {"dynamicRegistration": False}},
    "experimental": {"serverStatusNotification": True},
}
_OPTIONS: Json = {"checkOnSave": False, "cargo": {"buildScripts": {"enable": False}}}
_TOLD = (
    "client/registerCapability",
    "workspace/diagnostic/refresh",
    "workspace/codeLens/refresh",
    "workspace/inlayHint/refresh",
    "workspace/semanticTokens/refresh",
)
_READY_SECONDS = 150.0
_TYPING_SECONDS = 45.0


def find() -> str | None:
    """A rust-analyzer that runs, or None."""
    named = os.environ.get("REX_BENCH_RUST_ANALYZER")
    unpacked = _UNPACKED / "usr" / "bin" / "rust-analyzer"
    for candidate in (named, shutil.which("rust-analyzer"), str(unpacked)):
        if candidate and _runs(candidate):
            return candidate
    return str(unpacked) if _unpack() and _runs(str(unpacked)) else None


def version(command: str) -> str:
    """What it says it is."""
    return subprocess.run([command, "--version"], capture_output=True, text=True).stdout.strip()


async def measure(command: str, directory: Path, rows: list[Row], lines: int, keys: int) -> None:
    """Add its numbers for a file of one length: edit to pulled diagnostics, requests, memory."""
    text = text_of(lines)
    main = extension(directory, text)
    began = time.perf_counter()
    env = {"CARGO_NET_OFFLINE": "true"}
    server = await Session.start(command=[command], env=env, cwd=directory)
    try:
        server.answers |= {"workspace/configuration": lambda p: [None for _ in p["items"]]}
        server.answers |= dict.fromkeys(_TOLD)
        base = merged(CAPABILITIES, _PULLING)
        await server.initialize(directory, base=base, options=_OPTIONS)
        uri = server.open(main, text)
        await server.until(_quiescent, wait=_READY_SECONDS)
        ready = time.perf_counter() - began
        name = f"{lines:,} lines"
        rows.append(Row(f"rust-analyzer: start to ready, {name}", f"{ready * 1000:.0f}"))
        await server.rest()
        line, samples = middle(text), []
        until = time.perf_counter() + _TYPING_SECONDS
        for number, change in enumerate(trace()[:keys], 2):
            samples.append(await _edit(server, uri, number, [partial(change, line)]))
            if time.perf_counter() > until:
                break
        what = f"rust-analyzer: edit to pulled diagnostics, {name} ({len(samples)} edits)"
        rows.append(judged(what, samples, {}, quiet=True))
        size = memory_mb(server.process.pid)
        rows.append(Row(f"rust-analyzer: memory (PSS), {name}", f"{size:.0f} MB"))
        server.replace(uri, len(samples) + 2, text)
        rows += [
            Row(f"rust-analyzer: {row.what}, {name}", row.wall, row.cpu)
            for row in await asked(server, uri, text, limits=False, quiet=True)
        ]
    finally:
        await server.kill()


async def _edit(server: Session, uri: str, version_: int, changes: list[Json]) -> Sample:
    used, began = server.cpu(), time.perf_counter()
    server.change(uri, version_, *changes)
    while True:
        number = server.post("textDocument/diagnostic", {"textDocument": {"uri": uri}})
        answer = await server.answer(number, after=len(server.said))
        if "error" not in answer:
            return Sample((answer["at"] - began) * 1000, server.cpu() - used)


def _quiescent(message: Json) -> bool:
    status = message.get("method") == "experimental/serverStatus"
    return status and message["params"].get("quiescent") is True


def _runs(command: str) -> bool:
    try:
        return subprocess.run([command, "--version"], capture_output=True).returncode == 0
    except OSError:
        return False


def _unpack() -> bool:
    """Fetch Debian's package and unpack it below `.build`."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        return False
    _UNPACKED.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", "rust-web-analyzer"], cwd=_UNPACKED, capture_output=True)
    found = list(_UNPACKED.glob("*.deb"))
    return bool(found) and subprocess.run(["dpkg", "-x", found[-1], _UNPACKED]).returncode == 0
