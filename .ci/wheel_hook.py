# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Puts the native half into the wheel, and tags the wheel by what the programs need.

The programs come from `.build/bin` (`make native`), stripped of debug information. The
tag is `py3-none-manylinux_2_N_x86_64` with the newest glibc symbol version they use.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PROGRAMS = ("rexrt", "rex-rustc")
KERNEL_CRATE = ("rex", "rex-macros", "samples")
LEFT_OUT = {"target", "Cargo.lock.orig"}


class CustomBuildHook(BuildHookInterface[Any]):
    """Hatchling's build hook; see "Build hook plugins" in its manual."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the files; an editable install needs none."""
        if version == "editable":
            return
        root = Path(self.root)
        self._scratch = Path(tempfile.mkdtemp(prefix="rex-wheel-"))
        include: dict[str, str] = build_data["force_include"]
        newest = 17
        for name in PROGRAMS:
            built = root / ".build" / "bin" / name
            if not built.is_file():
                raise FileNotFoundError(f"{built} is missing: run `make native` first")
            stripped = self._scratch / name
            subprocess.run(["strip", "-o", str(stripped), str(built)], check=True)
            include[str(stripped)] = f"rex_lsp/_native/bin/{name}"
            versions = re.findall(rb"GLIBC_2\.(\d+)", stripped.read_bytes())
            newest = max([newest, *map(int, versions)])
        for name in ("link.ld", "flags.txt"):
            include[str(root / "runtime/image" / name)] = f"rex_lsp/_native/{name}"
        for part in KERNEL_CRATE:
            for path in sorted((root / "kernel_crate" / part).rglob("*")):
                inside = path.relative_to(root / "kernel_crate")
                if path.is_file() and not LEFT_OUT & set(inside.parts):
                    include[str(path)] = f"rex_lsp/_native/kernel_crate/{inside}"
        for path in sorted((root / "grammar").rglob("*.scm")):
            inside = path.relative_to(root / "grammar")
            include[str(path)] = f"rex_lsp/_native/grammar/{inside}"
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-manylinux_2_{newest}_x86_64"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Drops the stripped copies."""
        if version != "editable":
            shutil.rmtree(self._scratch, ignore_errors=True)
