# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The extensions the deploy tests build."""

from __future__ import annotations

from pathlib import Path

from rex_lsp.build.locations import kernel_crate

_HEAD = """\
#![no_std]
#![no_main]

use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};
use rex::{Result, rex_printk, rex_tracepoint};

"""
TRACES = (
    _HEAD
    + """\
#[rex::rex_map]
static counts: rex::map::RexPerCPUHashMap<u32, u16> = rex::map::RexPerCPUHashMap::new(1, 0);

#[rex_tracepoint]
fn hello(obj: &tracepoint<SyscallsEnterDupCtx>, ctx: &'static SyscallsEnterDupCtx) -> Result {
    let _ = counts.contains(&0);
    rex_printk!("dup of {} on {} é😀\\n", ctx.fildes, obj.bpf_get_smp_processor_id())
}
"""
)
PANICS = (
    _HEAD
    + """\
#[inline(never)]
fn pick(table: &[u64], at: usize) -> u64 {
    table[at]
}

#[rex_tracepoint]
fn boom(_obj: &tracepoint<SyscallsEnterDupCtx>, ctx: &'static SyscallsEnterDupCtx) -> Result {
    let got = pick(&[1, 2, 3], ctx.fildes as usize + 5);
    rex_printk!("got {}\\n", got)
}
"""
)
DUP = ("perl", "-MPOSIX", "-e", "POSIX::dup(1)")


def write_extension(root: Path, name: str, text: str) -> None:
    """A package with one target."""
    (root / "src").mkdir(parents=True, exist_ok=True)
    (root / "src" / "main.rs").write_text(text)
    command = ", ".join(f'"{word}"' for word in DUP)
    (root / "Cargo.toml").write_text(
        f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2024"\n\n'
        f'[dependencies]\nrex = {{ path = "{kernel_crate() / "rex"}" }}\n\n'
        '[profile.release]\npanic = "abort"\n\n[profile.dev]\npanic = "abort"\n\n'
        f'[[package.metadata.rex.source]]\nname = "one dup"\ncommand = [{command}]\n'
    )
