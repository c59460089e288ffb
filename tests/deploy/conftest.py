# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A daemon of the test's own, and extensions that were built once for all tests."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rex_lsp
from rex_lsp.build import build
from rex_lsp.deploy.client import Runtime
from rex_lsp.deploy.errors import ConnectionLost, RuntimeUnreachable

from .sources import PANICS, TRACES, write_extension

PACKAGE = Path(rex_lsp.__file__).resolve().parents[1]
Rex = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def runtime_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime directory of the test's own; its daemon is ended afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="rex-"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))
    yield directory
    asyncio.run(_end_daemon(directory / "rex" / "rexrt.sock"))
    shutil.rmtree(directory, ignore_errors=True)


async def _end_daemon(socket: Path) -> None:
    if not socket.exists():
        return
    try:
        runtime = await Runtime.connect(socket=socket)
        await runtime.call("shutdown")
        await runtime.close()
    except (ConnectionLost, RuntimeUnreachable):
        return


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
