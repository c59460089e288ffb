# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The lints every extension is compiled with, and where clippy finds its configuration."""

from __future__ import annotations

import os
from pathlib import Path

from rex_lsp.build import flags
from rex_lsp.build.errors import storage_problem
from rex_lsp.build.locations import cache_dir
from rex_lsp.rules import lints


def lint_flags() -> list[str]:
    """Flags that forbid what the rules forbid; rustc passes over the ones for clippy."""
    return [f"-F{name}" for name in lints.forced_lints(clippy=True)]


def clippy_directory() -> Path:
    """The directory of the clippy.toml every check uses; written when missing.

    Raises `CannotBuild` when the cache cannot be written.
    """
    text = lints.clippy_toml()
    directory = cache_dir() / "clippy" / flags.digest(text)
    path = directory / "clippy.toml"
    if path.is_file():
        return directory
    try:
        directory.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name}.{os.getpid()}")
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(path)
    except OSError as error:
        raise storage_problem(error, directory, "clippy's configuration") from error
    return directory
