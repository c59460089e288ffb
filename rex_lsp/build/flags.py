# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The flags every image is compiled and linked with, `core` included."""

from __future__ import annotations

import hashlib
from pathlib import Path

TARGET = "x86_64-unknown-none"
PROFILE = "rex"

# RUNTIME.md, section 1: what the audit and the loaders rely on.
CODEGEN = (
    "-Cpanic=abort",
    "-Cembed-bitcode=yes",
    "-Ccodegen-units=1",
    "-Zpatchable-function-entry=5",
    "-Zplt=yes",
    "-Crelocation-model=static",
    "-Ccode-model=kernel",
    "-Cforce-frame-pointers=y",
    "-Zretpoline-external-thunk",
    "-Zfunction-return=thunk-extern",
    "-Zcf-protection=branch",
    "-Cjump-tables=no",
    "-Zmutable-noalias=no",
    "-Zemit-stack-sizes",
    "-Csymbol-mangling-version=v0",
)
OPTIMISATION = ("-Copt-level=3", "-Cdebuginfo=2")

# What cargo is told in the shadow manifest, so that no configuration can change it.
PROFILE_SETTINGS: dict[str, object] = {
    "inherits": "release",
    "opt-level": 3,
    "debug": 2,
    "split-debuginfo": "off",
    "strip": "none",
    "debug-assertions": False,
    "overflow-checks": False,
    "lto": "fat",
    "panic": "abort",
    "incremental": False,
    "codegen-units": 1,
    "rpath": False,
}


def link_flags(linker: Path, script: Path) -> list[str]:
    """Flags of the final link: one static image with its relocations kept."""
    return [
        f"-Clinker={linker}",
        "-Clinker-flavor=ld",
        "-Clink-arg=--emit-relocs",
        f"-Clink-arg=-T{script}",
        "-Clink-arg=--no-dynamic-linker",
        "-Clink-arg=-e",
        "-Clink-arg=0",
    ]


def digest(*parts: str) -> str:
    """A short stable name for what `parts` say."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
