# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Starts compilers: each run leads its own process group, and ending it ends them all."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rex_lsp.build.locations import NativeMissing, native

# A project can name no file here, so cargo finds no `.cargo/config.toml` on its way up.
NEUTRAL_DIRECTORY = Path("/")


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that ended; a signal N is 128 + N or, as in `subprocess`, -N."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def errors(self) -> str:
        """What it wrote to stderr, for people."""
        return self.stderr.decode("utf-8", "replace").strip()


class Cancelled(Exception):
    """The caller's `cancel` event was set; the processes are gone."""


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` without what redirects cargo or rustc, or says how images are signed.

    Kept is what says where crates come from (`CARGO_HOME`, `CARGO_NET_…`, `CARGO_HTTP_…`,
    `CARGO_REGISTR…`), for a person's mirror or proxy has to work.
    """
    kept = ("CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTRY", "CARGO_REGISTRIES_")
    dropped = (
        "CARGO",
        "__CARGO",
        "RUST",
        "CLIPPY",
        "REX_WRAP_",
        "REX_SIGN_",
        "MAKEFLAGS",
        "MFLAGS",
    )
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(kept) or not name.startswith(dropped)
    }


async def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path = NEUTRAL_DIRECTORY,
    cancel: asyncio.Event | None = None,
    on_line: Callable[[bytes], None] | None = None,
) -> Completed:
    """Runs `argv` to its end; `on_line` sees each line of stdout as it comes.

    Cancelling the task, or setting `cancel`, kills the whole process group before this
    returns; so does the end of this process, in whatever way it ends. Raises `Cancelled`
    for the event and `OSError` if it cannot be started.
    """
    leash = _leash()
    if leash and not os.access(argv[0], os.X_OK):
        number = errno.EACCES if Path(argv[0]).exists() else errno.ENOENT
        raise OSError(number, os.strerror(number), argv[0])
    process = await asyncio.create_subprocess_exec(
        *leash,
        *argv,
        cwd=cwd,
        env=dict(env),
        # The pipe closes when this process ends, and then the leash kills the group.
        stdin=asyncio.subprocess.PIPE if leash else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    reading = asyncio.gather(
        _read_lines(process.stdout, on_line), process.stderr.read(), process.wait()
    )
    watching = asyncio.ensure_future(cancel.wait()) if cancel is not None else None
    try:
        waited: list[asyncio.Future[Any]] = [reading]
        if watching is not None:
            waited.append(watching)
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            raise Cancelled
        stdout, stderr, status = reading.result()
        return Completed(status, stdout, stderr)
    finally:
        if watching is not None:
            watching.cancel()
        if process.returncode is None or not reading.done():
            kill_group(process.pid)
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await reading
            await process.wait()


def _leash() -> list[str]:
    """The program that holds compilers to our life; none in an incomplete installation."""
    try:
        return [str(native("rex-rustc")), "--leash"]
    except NativeMissing:
        return []


def kill_group(pid: int) -> None:
    """Ends the group that `pid` leads; quiet if it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


async def _read_lines(
    stream: asyncio.StreamReader, on_line: Callable[[bytes], None] | None
) -> bytes:
    whole = bytearray()
    rest = b""
    while block := await stream.read(1 << 16):
        whole += block
        if on_line is None:
            continue
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            on_line(line)
    if on_line is not None and rest:
        on_line(rest)
    return bytes(whole)
