# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`core` compiled once with our flags, in the person's cache.

Laid out as rustc expects: `DIR/lib/rustlib/x86_64-unknown-none/lib/libcore.rlib`. The
directory appears by one rename, so whoever sees it sees it whole. Needs about 70 MB and
a minute of two cores. Starts rustc and nothing of any project.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from rex_lsp.build import flags, process
from rex_lsp.build.errors import CannotBuild, storage_problem
from rex_lsp.build.locations import cache_dir
from rex_lsp.build.progress import Progress, Silent
from rex_lsp.build.toolchain import Toolchain

# Counts up when the recipe below changes.
_RECIPE = "3"
_COMPILER_BUILTINS = """\
#![feature(compiler_builtins)]
#![compiler_builtins]
#![no_std]
"""
_TYPICAL_SECONDS = 50
_WHAT = "the compiled core library (about 70 MB)"


class SysrootFailed(CannotBuild):
    """The compiler refused its own `core`."""


def sysroot_dir(toolchain: Toolchain) -> Path:
    """Where the sysroot for this compiler and these flags is or will be."""
    key = flags.digest(
        _RECIPE, toolchain.commit, toolchain.verbose, *flags.codegen(), *flags.optimisation()
    )
    return cache_dir() / "sysroot" / f"{toolchain.release}-{key}"


async def ensure_sysroot(
    toolchain: Toolchain,
    progress: Progress | None = None,
    cancel: asyncio.Event | None = None,
) -> Path:
    """The sysroot's directory, compiled now if it is not there.

    Two callers compile it once: the second waits. Raises `SysrootFailed`,
    `CannotBuild` when the disk is full or cannot be written, and `process.Cancelled`
    when `cancel` is set.
    """
    final = sysroot_dir(toolchain)
    if final.is_dir():
        return final
    progress = progress or Silent()
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        async with _lock(final.with_name(f"{final.name}.lock"), progress, cancel):
            if final.is_dir():
                return final
            for stale in final.parent.glob(f".{final.name}-*"):
                shutil.rmtree(stale, ignore_errors=True)
            scratch = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
            try:
                await _compile(toolchain, scratch, progress, cancel)
                scratch.chmod(0o755)
                scratch.rename(final)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise storage_problem(error, final.parent, _WHAT) from error
    return final


@contextlib.asynccontextmanager
async def _lock(
    path: Path, progress: Progress, cancel: asyncio.Event | None
) -> AsyncIterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        told = False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    progress.report("waiting for another rex that compiles the core library")
                    told = True
                if cancel is not None and cancel.is_set():
                    raise process.Cancelled from None
                await asyncio.sleep(0.1)
        yield
    finally:
        os.close(descriptor)


async def _compile(
    toolchain: Toolchain, scratch: Path, progress: Progress, cancel: asyncio.Event | None
) -> None:
    out = scratch / "lib" / "rustlib" / flags.TARGET / "lib"
    out.mkdir(parents=True)
    stub = scratch / "compiler_builtins.rs"
    stub.write_text(_COMPILER_BUILTINS, encoding="utf-8")
    base = [
        str(toolchain.rustc),
        "--crate-type=rlib",
        f"--target={flags.TARGET}",
        f"--out-dir={out}",
        "--cap-lints=allow",
        "-Zforce-unstable-if-unmarked",
        *flags.codegen(),
        *flags.optimisation(),
        f"--remap-path-prefix={toolchain.core}=/rustc/{toolchain.commit}/library",
        f"--remap-path-prefix={toolchain.core.resolve()}=/rustc/{toolchain.commit}/library",
        f"--remap-path-prefix={scratch}=/rustc/{toolchain.commit}",
    ]
    core = toolchain.core / "core" / "src" / "lib.rs"
    steps = [
        ["--crate-name=core", "--edition=2024", "-Cmetadata=rex-core", str(core)],
        [
            "--crate-name=compiler_builtins",
            "--edition=2021",
            "-Cmetadata=rex-builtins",
            f"--sysroot={scratch}",
            str(stub),
        ],
    ]
    env = {**toolchain.environment(), "RUSTC_BOOTSTRAP": "1", "CARGO_PKG_VERSION": "0.0.0"}
    ticking = asyncio.ensure_future(_tick(progress))
    try:
        for step in steps:
            # Debug information names files relative to the working directory.
            done = await process.run([*base, *step], env=env, cwd=scratch, cancel=cancel)
            if done.status:
                _explain(done, scratch.parent, toolchain)
    finally:
        ticking.cancel()
    stub.unlink()


def _explain(done: process.Completed, where: Path, toolchain: Toolchain) -> None:
    if "No space left on device" in done.errors:
        raise storage_problem(OSError(errno.ENOSPC, "No space left on device"), where, _WHAT)
    lines = [line for line in done.errors.splitlines() if line.strip()]
    first = next((line for line in lines if line.startswith("error")), None)
    why = first or (lines[-1] if lines else f"rustc ended with status {done.status}")
    raise SysrootFailed(
        f"{toolchain.name} cannot compile its own core library for the kernel: {why}",
        ("rex doctor",),
    )


async def _tick(progress: Progress) -> None:
    started = time.monotonic()
    while True:
        spent = time.monotonic() - started
        progress.report(
            f"compiling the core library for the kernel, once ({spent:.0f} s)",
            min(0.95, spent / _TYPICAL_SECONDS),
        )
        await asyncio.sleep(1)
