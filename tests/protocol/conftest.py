# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A running server for each test, and proof that nothing of it is left."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from .measured import DEEP, SOURCE
from .projects import extension
from .raw import Raw


@pytest.fixture
async def server() -> AsyncIterator[Raw]:
    """A server process that was told nothing yet."""
    raw = await Raw.start()
    try:
        yield raw
    finally:
        await raw.kill()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package with modules that was built once, by the command line."""
    from tests.cli.command import rex

    root = tmp_path_factory.mktemp("measured")
    extension(root, SOURCE)
    (root / "src" / "deep.rs").write_text(DEEP)
    ended = rex("build", root)
    assert ended.status == 0, ended.err
    return root


@pytest.fixture
async def editor(built: Path) -> AsyncIterator[Raw]:
    """A trusted server on it."""
    server = await Raw.start()
    await server.initialize(built, trusted=True)
    yield server
    await server.kill()


def end_daemon(directory: Path) -> None:
    """End the daemon of a runtime directory, if one runs, and wait until it is gone."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        try:
            connection.connect(str(directory / "rex" / "rexrt.sock"))
        except OSError:
            return
        for method in ("hello", "shutdown"):
            params = {"client": "test", "version": "0", "protocol": 1}
            request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            connection.sendall(json.dumps(request).encode() + b"\n")
        while connection.recv(1 << 16):
            pass


@pytest.fixture
def runtime_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime directory of the test's own, so that it talks to a daemon of its own."""
    # Not below tmp_path: a socket's path has at most 107 bytes.
    directory = Path(tempfile.mkdtemp(prefix="rex-"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))
    yield directory
    end_daemon(directory)
    shutil.rmtree(directory, ignore_errors=True)
