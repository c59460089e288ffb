# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What `rex doctor` looks at. Starts version queries and our own programs, nothing else."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from rex_lsp import __version__
from rex_lsp.build import process, toolchain
from rex_lsp.build.errors import CannotBuild
from rex_lsp.build.locations import cache_dir, flag_list, kernel_crate, link_script, native
from rex_lsp.build.sysroot import sysroot_dir

_NEEDED_BYTES = 500 * 1024 * 1024
_PTRACE_SCOPE = Path("/proc/sys/kernel/yama/ptrace_scope")
# linux/ptrace.h
_PTRACE_TRACEME = 0


class State(Enum):
    """How one thing is: there, worth knowing, or missing."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `repair` are commands, the first one the usual."""

    name: str
    state: State
    detail: str
    repair: tuple[str, ...] = ()


async def examine() -> list[Check]:
    """Looks at everything; a fault in one check never hides the others."""
    found, refusals = await toolchain.survey()
    checks = [_python(), _toolchain(found, refusals), *_other_toolchains(found, refusals)]
    checks += [_linker(), _c_compiler()]
    if found:
        checks.append(_sysroot(found[0]))
    checks += [
        _native("the simulator (rexrt)", lambda: native("rexrt")),
        _native("the rustc wrapper", lambda: native("rex-rustc")),
        _native("the kernel crate", lambda: kernel_crate() / "rex"),
        _native("the linker script", link_script),
        _native("the list of compiler flags", flag_list),
        _space(),
        _memfd(),
        await asyncio.to_thread(_ptrace),
        *await _targets(),
    ]
    return checks


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("rex", State.OK, f"{__version__} on Python {version} ({sys.executable})")


def _toolchain(found: list[toolchain.Toolchain], refusals: list[toolchain.Refusal]) -> Check:
    if found:
        best = found[0]
        return Check("Rust toolchain", State.OK, f"{best.name}, commit {best.commit[:9]}")
    why = "; ".join(f"{r.name}: {r.why}" for r in refusals)
    return Check("Rust toolchain", State.MISSING, why, toolchain.REPAIR)


def _other_toolchains(
    found: list[toolchain.Toolchain], refusals: list[toolchain.Refusal]
) -> list[Check]:
    if not found:
        return []
    return [Check("not used", State.NOTE, f"{refusal.name}: {refusal.why}") for refusal in refusals]


def _linker() -> Check:
    where = shutil.which("ld")
    if where is None:
        return Check("linker", State.MISSING, "no `ld` on PATH", ("apt-get install -y binutils",))
    return Check("linker", State.OK, where)


def _c_compiler() -> Check:
    """rustc links proc macros and build scripts with it."""
    where = shutil.which("cc")
    if where is None:
        repair = ("apt-get install -y gcc libc6-dev",)
        return Check("C compiler", State.MISSING, "no `cc` on PATH to link proc macros", repair)
    return Check("C compiler", State.OK, where)


def _sysroot(best: toolchain.Toolchain) -> Check:
    place = sysroot_dir(best)
    if place.is_dir():
        return Check("core library", State.OK, f"compiled, in {place}")
    return Check("core library", State.NOTE, "compiled on the first build, about a minute, once")


def _native(name: str, find: Callable[[], Path]) -> Check:
    try:
        path = find()
    except CannotBuild as problem:
        return Check(name, State.MISSING, problem.message, problem.repair)
    if not path.exists():
        return Check(name, State.MISSING, f"{path} is not there", ("rex doctor",))
    return Check(name, State.OK, str(path))


def _space() -> Check:
    place = cache_dir()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Check("disk space", State.NOTE, f"unknown for {place}: {error.strerror}")
    detail = f"{free // (1024 * 1024)} MiB free in {place}"
    if not os.access(place, os.W_OK):
        repair = ("export XDG_CACHE_HOME=DIRECTORY   (one you can write)",)
        return Check("disk space", State.MISSING, f"{place} cannot be written", repair)
    if free < _NEEDED_BYTES:
        repair = (f"df -h {place}   (then free some space there)",)
        return Check("disk space", State.MISSING, f"{detail}, 500 MiB needed", repair)
    return Check("disk space", State.OK, detail)


def _memfd() -> Check:
    try:
        os.close(os.memfd_create("rex-doctor"))
    except OSError as error:
        detail = f"memfd_create: {error.strerror}; the simulator maps its images with it"
        return Check("anonymous files", State.MISSING, detail)
    return Check("anonymous files", State.OK, "memfd_create works")


def _ptrace() -> Check:
    """Tried in a child, the way the simulator's own children do it."""
    name = "system call tracing"
    libc = ctypes.CDLL(None, use_errno=True)
    child = os.fork()
    if child == 0:
        failed = libc.ptrace(_PTRACE_TRACEME, 0, None, None)
        os._exit(min(ctypes.get_errno(), 255) if failed else 0)
    _, status = os.waitpid(child, 0)
    number = os.waitstatus_to_exitcode(status)
    if number == 0:
        return Check(name, State.OK, "ptrace of own children works")
    try:
        scope = _PTRACE_SCOPE.read_text(encoding="ascii").strip()
    except OSError:
        scope = ""
    if scope == "3":
        repair = ("sysctl kernel.yama.ptrace_scope=1   (as root, after a reboot)",)
        return Check(name, State.MISSING, "ptrace is switched off (ptrace_scope=3)", repair)
    why = os.strerror(abs(number))
    repair = ("in a container: run it with --cap-add=SYS_PTRACE or a seccomp profile with ptrace",)
    return Check(name, State.MISSING, f"ptrace of own children fails: {why}", repair)


async def _targets() -> list[Check]:
    """Asks rexrt itself which targets it can drive here."""
    try:
        program = native("rexrt")
    except CannotBuild:
        return []
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "hello",
        "params": {"client": "doctor", "version": __version__, "protocol": 1},
    }
    try:
        running = await asyncio.create_subprocess_exec(
            str(program),
            "stdio",
            cwd=process.NEUTRAL_DIRECTORY,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            line = json.dumps(hello).encode() + b"\n"
            out, _ = await asyncio.wait_for(running.communicate(line), timeout=10)
        finally:
            if running.returncode is None:
                process.kill_group(running.pid)
                await running.wait()
        answer = json.loads(out.splitlines()[0])["result"]
        return [_target(entry) for entry in answer["targets"]]
    except (OSError, ValueError, KeyError, IndexError, TypeError, asyncio.TimeoutError) as error:
        detail = f"rexrt does not answer ({type(error).__name__})"
        return [Check("targets", State.MISSING, detail, ("pip install --force-reinstall rex-lsp",))]


def _target(entry: dict[str, object]) -> Check:
    name = f"target {entry.get('name')}"
    if entry.get("available"):
        limits = entry.get("limits")
        count = len(limits) if isinstance(limits, list) else 0
        return Check(name, State.OK, f"available{f', {count} known limits' if count else ''}")
    return Check(name, State.NOTE, f"not available: {entry.get('reason')}")
