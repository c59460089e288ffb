# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A small extension in a directory of its own, and what must be gone when a test is over."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from rex_lsp.build.locations import kernel_crate

MANIFEST = """\
[package]
name = "editor-test"
version = "0.1.0"
edition = "2024"

[dependencies]
rex = {{ path = "{rex}" }}

[[package.metadata.rex.source]]
name = "dup"
command = ["perl", "-MPOSIX", "-e", "POSIX::dup(1)"]
"""

# The line with the fault has characters of two, and of four bytes before it.
PROGRAM = """\
#![no_std]
#![no_main]

extern crate rex;

use rex::rex_printk;
use rex::rex_tracepoint;
use rex::tracepoint::*;

struct Note(u32);

#[rex_tracepoint]
fn on_dup(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> rex::Result {
    /* é 😀 */ core::mem::forget(Note(1));
    let cpu = obj.bpf_get_smp_processor_id();
    let pid = obj.bpf_get_current_task().map_or(0, |task| task.get_pid());
    rex_printk!("Rust triggered from PID {} on CPU {}.\\n", pid, cpu)
}
"""


def write(directory: Path) -> Path:
    """Write the crate and return its main file."""
    source = directory / "src" / "main.rs"
    source.parent.mkdir(parents=True)
    manifest = MANIFEST.format(rex=kernel_crate() / "rex")
    (directory / "Cargo.toml").write_text(manifest, encoding="utf-8")
    source.write_text(PROGRAM, encoding="utf-8")
    return source


def marked(mark: str) -> dict[int, str]:
    """The processes whose environment has ``mark``, with their command lines."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if mark.encode() in (entry / "environ").read_bytes():
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    found[int(entry.name)] = b" ".join(words).decode(errors="replace").strip()
    return found


def servers_left(mark: str, seconds: float) -> dict[int, str]:
    """The language servers with ``mark`` that are still there after at most ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        left = {pid: words for pid, words in marked(mark).items() if "-m rex_lsp server" in words}
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def end(mark: str) -> None:
    """End what a test started and the runtime keeps for a while, such as the idle daemon."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + 3
        while (left := marked(mark)) and time.monotonic() < deadline:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, sign)
            time.sleep(0.05)
