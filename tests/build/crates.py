# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Writes small extension crates for tests."""

from __future__ import annotations

from pathlib import Path

MANIFEST = """\
[package]
name = "{name}"
version = "0.1.0"
edition = "2024"
license = "GPL-2.0-only"

[dependencies]
rex = "*"
"""


def answered(name: str = "sample") -> str:
    """The part of a manifest that answers for the package's own build script."""
    entry = f'{{ name = "{name}", reason = "a test looks at it" }}'
    return f"\n[package.metadata.rex]\nallow-dependencies = [{entry}]\n"


SOURCE = """\
#![no_std]
#![no_main]

use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};
use rex::{Result, rex_printk, rex_tracepoint};

#[rex_tracepoint]
fn probe(obj: &tracepoint<SyscallsEnterDupCtx>, ctx: &'static SyscallsEnterDupCtx) -> Result {
    rex_printk!("CPU {} duplicates {}\\n", obj.bpf_get_smp_processor_id(), ctx.fildes)
}
"""


def write_crate(root: Path, files: dict[str, str] | None = None, *, name: str = "sample") -> Path:
    """A crate that builds, with `files` written over it; returns `root`."""
    every = {"Cargo.toml": MANIFEST.format(name=name), "src/main.rs": SOURCE, **(files or {})}
    for relative, text in every.items():
        path = root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def with_body(body: str, *, items: str = "") -> str:
    """`SOURCE` with other statements in its program and more items below it."""
    head, _, _ = SOURCE.partition("    rex_printk!")
    return f"{head}{body}\n}}\n{items}"
