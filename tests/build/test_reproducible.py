# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The same sources give the same bytes: anywhere, for anybody, at any time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import rex_lsp
from rex_lsp.build.locations import cache_dir, flag_list, kernel_crate, link_script, native
from tests.samples.packets import SAMPLES

PACKAGE = Path(rex_lsp.__file__).resolve().parents[1]


def built(crate: Path, environment: Mapping[str, str]) -> dict[str, bytes]:
    """What `rex build` makes in an environment of these variables and no others."""
    ran = subprocess.run(
        [sys.executable, "-m", "rex_lsp", "build", "--features", "fast_reply", "."],
        cwd=crate,
        env={**environment, "PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return {path.suffix: path.read_bytes() for path in (crate / "target/rex").glob("electrode.*")}


def test_an_image_does_not_depend_on_where_when_and_by_whom_it_is_built(tmp_path: Path) -> None:
    """A sample with modules, maps, features and two programs."""
    ignored = shutil.ignore_patterns("target")
    one, other = tmp_path / "a", tmp_path / "a b" / "much deeper" / "ü" / "of-another-name"
    for place in (one, other):
        shutil.copytree(SAMPLES / "electrode", place, ignore=ignored)
    first = built(one, os.environ)
    assert set(first) == {".elf", ".rex"}
    for place, _, names in os.walk(one / "src"):
        for name in names:
            os.utime(Path(place, name), (981_173_106, 981_173_106))
    assert built(one, os.environ) == first

    home = tmp_path / "home"
    cache = home / ".cache" / "rex"
    cache.parent.mkdir(parents=True)
    # The compiled `core` is an input, which need not be compiled again to be used again.
    cache.symlink_to(cache_dir())
    # Another installation, too.
    installed = tmp_path / "installed"
    shutil.copytree(kernel_crate(), installed / "kernel_crate", ignore=ignored)
    for file in (link_script(), flag_list()):
        shutil.copy(file, installed)
    (installed / "bin").symlink_to(native("rexrt").parent)
    second = built(
        other,
        {
            "REX_NATIVE_DIR": str(installed),
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "USER": "nobody",
            "LOGNAME": "nobody",
            "HOSTNAME": "elsewhere",
            "TZ": "Pacific/Apia",
            "LANG": "tr_TR.UTF-8",
            "LC_ALL": "C.UTF-8",
            "SOURCE_DATE_EPOCH": "1",
            "RUSTFLAGS": "-Copt-level=1",
            "CARGO_TARGET_DIR": str(tmp_path / "target of another"),
            "CARGO_PROFILE_RELEASE_DEBUG": "0",
        },
    )
    assert second[".rex"] == first[".rex"]
    assert second[".elf"] == first[".elf"]
    for data in (*first.values(), *second.values()):
        for secret in (str(tmp_path), str(home)):
            assert secret.encode() not in data, f"{secret} stands in what was built"
