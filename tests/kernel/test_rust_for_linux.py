# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The kernel crate under the flags that Linux compiles its own Rust with."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from rex_lsp.build import discover, ensure_sysroot

CRATE = Path(__file__).resolve().parents[2] / "kernel_crate"


def flags() -> list[str]:
    """The flags of `kernel_crate/linux-flags.txt`, which says where each comes from."""
    lines = (CRATE / "linux-flags.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("-")]


async def compiled(source: Path, out: Path) -> str:
    """What clippy, which is rustc with more lints, says; the object is in `out`."""
    toolchain = await discover()
    sysroot = await ensure_sysroot(toolchain)
    macros = out / "librex_macros.so"

    def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), "--edition=2024", *arguments],
            env={**os.environ, **toolchain.environment(), "RUSTC_BOOTSTRAP": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    host = ("--crate-type=proc-macro", "--extern=proc_macro", "--crate-name=rex_macros")
    made = run(toolchain.rustc, *host, f"-o{macros}", str(CRATE / "rex-macros/src/lib.rs"))
    assert made.returncode == 0, made.stderr
    named = ("--crate-type=rlib", "--crate-name=rex", '--cfg=feature="debug_printk"')
    found = (f"--sysroot={sysroot}", f"--extern=rex_macros={macros}", f"--out-dir={out}")
    ran = run(
        toolchain.clippy,
        *named,
        *flags(),
        "-Dwarnings",
        *found,
        "--emit=metadata,obj",
        str(source),
    )
    return ran.stderr


async def test_the_crate_is_clean_under_the_flags_of_linux(tmp_path: Path) -> None:
    assert await compiled(CRATE / "rex/src/lib.rs", tmp_path) == ""
    assert (tmp_path / "rex.o").stat().st_size > 10_000


@pytest.mark.parametrize("lint", ["unreachable_pub", "clippy::undocumented_unsafe_blocks"])
async def test_what_linux_does_not_want_is_found(tmp_path: Path, lint: str) -> None:
    source = tmp_path / "lib.rs"
    source.write_text(
        "//! A crate.\n#![no_std]\nmod m {\n    pub fn f() {}\n}\n"
        "#[panic_handler]\nfn p(_: &core::panic::PanicInfo<'_>) -> ! {\n    loop {}\n}\n"
        "/// Calls.\npub fn g(x: &u8) -> u8 {\n    m::f();\n"
        "    unsafe { *core::ptr::from_ref(x) }\n}\n",
        encoding="utf-8",
    )
    said = await compiled(source, tmp_path)
    assert lint.removeprefix("clippy::").replace("_", "-") in said.replace("_", "-")
