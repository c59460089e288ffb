# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Small packages on disk for the server to open."""

from __future__ import annotations

from pathlib import Path

from rex_lsp.build.locations import kernel_crate

CLEAN = """\
#![no_std]
#![no_main]

use rex::map::RexHashMap;
use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};
use rex::{Result, rex_map, rex_printk, rex_tracepoint};

#[rex_map]
static COUNTS: RexHashMap<u32, u64> = RexHashMap::new(16, 0);

#[rex_tracepoint]
fn probe(obj: &tracepoint<SyscallsEnterDupCtx>, _ctx: &'static SyscallsEnterDupCtx) -> Result {
    let cpu = obj.bpf_get_smp_processor_id();
    rex_printk!("dup on CPU {}\\n", cpu)
}
"""

LEAK = CLEAN.replace("    let cpu", "    core::mem::forget(obj);\n    let cpu")
LEAK_LINE = 12
"""The line of the leak, from 0."""

PLAIN = "fn main() {\n    let s = String::new();\n    std::mem::forget(s);\n    unsafe { f() }\n}\n"


def manifest(name: str, rex: str = "", extra: str = "") -> str:
    """A Cargo.toml; ``rex`` is the line of the dependency, the real crate when empty."""
    line = rex or f'rex = {{ path = "{kernel_crate() / "rex"}" }}'
    return (
        f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2024"\n\n'
        f"[dependencies]\n{line}\n\n"
        '[profile.release]\npanic = "abort"\n\n[profile.dev]\npanic = "abort"\n' + extra
    )


def extension(root: Path, source: str = CLEAN, *, name: str = "probe", extra: str = "") -> Path:
    """A package that is an extension; returns its src/main.rs."""
    (root / "src").mkdir(parents=True, exist_ok=True)
    (root / "Cargo.toml").write_text(manifest(name, extra=extra))
    main = root / "src" / "main.rs"
    main.write_text(source)
    return main


def plain(root: Path, source: str = PLAIN) -> Path:
    """A package that has nothing to do with rex; returns its src/main.rs."""
    (root / "src").mkdir(parents=True, exist_ok=True)
    (root / "Cargo.toml").write_text('[package]\nname = "plain"\nversion = "0.1.0"\n')
    main = root / "src" / "main.rs"
    main.write_text(source)
    return main
