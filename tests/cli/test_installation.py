# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What an installation consists of."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

import rex_lsp
from rex_lsp.build.locations import flag_list, kernel_crate, link_script, native
from rex_lsp.rules.registry import RULES

PACKAGE = Path(rex_lsp.__file__).resolve().parent


def test_everything_native_comes_with_the_package() -> None:
    files = [native("rexrt"), native("rex-rustc"), link_script(), flag_list()]
    files += [kernel_crate() / "rex/src/lib.rs", kernel_crate() / "samples/hello/tests/dups.toml"]
    assert all(path.is_file() for path in files)
    if os.environ.get("REX_TEST_INSTALLED") == "1":
        assert all(path.is_relative_to(PACKAGE / "_native") for path in files)
    assert (PACKAGE / "kernel/index.json").is_file()
    assert all(rule.page for rule in RULES.values())


def test_the_command_is_installed_under_both_names() -> None:
    for name in ("rex", "rex-lsp"):
        command = Path(sys.executable).with_name(name)
        ended = subprocess.run([str(command), "--version"], capture_output=True, text=True)
        assert ended.stdout == f"rex {rex_lsp.__version__}\n"


def test_programs_need_nothing_but_libc() -> None:
    for name in ("rexrt", "rex-rustc"):
        listing = subprocess.run(
            [shutil.which("readelf") or "readelf", "-d", str(native(name))],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        needed = [
            line.split("[")[1].rstrip("]") for line in listing.splitlines() if "NEEDED" in line
        ]
        assert set(needed) <= {"libc.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "libm.so.6"}


def test_the_wheel_names_its_licences() -> None:
    if os.environ.get("REX_TEST_INSTALLED") != "1":
        root = PACKAGE.parent
        assert {p.name for p in root.glob("LICENSE-*")} >= {"LICENSE-MIT", "LICENSE-APACHE"}
        return
    metadata = importlib.metadata.metadata("rex-lsp")
    assert metadata["License-Expression"] == "(Apache-2.0 OR MIT) AND GPL-2.0-only"
    assert set(metadata.get_all("License-File") or []) == {
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "LICENSE-GPL-2.0",
    }
