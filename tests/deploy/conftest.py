# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A daemon of the test's own, and extensions that were built once for all tests."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rex_lsp
from rex_lsp.build import build

from .daemon import own_runtime_directory
from .sources import PANICS, TRACES, write_extension

PACKAGE = Path(rex_lsp.__file__).resolve().parents[1]
Rex = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def runtime_dir() -> Iterator[Path]:
    """A runtime directory of the test's own; its daemon is ended afterwards."""
    with own_runtime_directory() as directory:
        yield directory


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The directory of an extension by name, built when it is first asked for."""
    known: dict[str, Path] = {}
    texts = {"traces": TRACES, "panics": PANICS}

    def directory(name: str) -> Path:
        if name not in known:
            root = tmp_path_factory.mktemp(name)
            write_extension(root, name, texts[name])
            result = asyncio.run(build(root))
            assert result.ok, result.findings
            known[name] = root
        return known[name]

    return directory


@pytest.fixture
def rex(runtime_dir: Path, tmp_path: Path) -> Rex:
    """Runs `rex ARGUMENTS` to its end."""

    def run(*arguments: str, seconds: float = 240) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "rex_lsp", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(PACKAGE)},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    return run
