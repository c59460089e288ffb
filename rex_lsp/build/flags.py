# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The flags every image is compiled and linked with, `core` included.

They stand in `runtime/image/flags.txt`, which the runtime's own tests read too.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from rex_lsp.build.locations import flag_list

TARGET = "x86_64-unknown-none"
PROFILE = "rex"

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


def codegen() -> tuple[str, ...]:
    """What decides how code looks; cargo is told the same for every crate."""
    return _sections()["codegen"]


def optimisation() -> tuple[str, ...]:
    """What a profile says in cargo's words, for what is compiled without cargo."""
    return _sections()["optimisation"]


def link_flags(linker: Path, script: Path) -> list[str]:
    """Flags of the final link: one static image with its relocations kept."""
    return [f"-Clinker={linker}", f"-Clink-arg=-T{script}", *_sections()["link"]]


@functools.cache
def _sections() -> dict[str, tuple[str, ...]]:
    sections: dict[str, tuple[str, ...]] = {}
    name = ""
    for line in flag_list().read_text(encoding="utf-8").splitlines():
        flag = line.strip()
        if flag.startswith("["):
            name = flag.strip("[]")
            sections[name] = ()
        elif flag and not flag.startswith("#"):
            sections[name] += (flag,)
    return sections


def digest(*parts: str) -> str:
    """A short stable name for what `parts` say."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
