# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The lints every extension is compiled with, and where clippy finds its configuration."""

from __future__ import annotations

from pathlib import Path

from rex_lsp.build.locations import cache_dir

_FORBIDDEN = ("unsafe_code", "unstable_features", "incomplete_features", "internal_features")
_CLIPPY = ("clippy::disallowed_methods", "clippy::disallowed_types")
_CLIPPY_TOML = """\
disallowed-methods = [
  { path = "core::mem::forget", reason = "a destructor must run" },
]
disallowed-types = [
  { path = "core::mem::ManuallyDrop", reason = "a destructor must run" },
]
"""


def forced_lints(*, clippy: bool) -> list[str]:
    """Flags for rustc, or for clippy too."""
    names = [*_FORBIDDEN, *(_CLIPPY if clippy else ())]
    return [f"-F{name}" for name in names]


def clippy_directory() -> Path:
    """The directory of the clippy.toml every check uses; written when missing."""
    directory = cache_dir() / "clippy"
    path = directory / "clippy.toml"
    if not path.is_file() or path.read_text(encoding="utf-8") != _CLIPPY_TOML:
        directory.mkdir(parents=True, exist_ok=True)
        path.write_text(_CLIPPY_TOML, encoding="utf-8")
    return directory
