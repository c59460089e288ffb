# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A running server for each test, and proof that nothing of it is left."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from .raw import Raw


@pytest.fixture
async def server() -> AsyncIterator[Raw]:
    """A server process that was told nothing yet."""
    raw = await Raw.start()
    try:
        yield raw
    finally:
        await raw.kill()


@pytest.fixture
def runtime_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime directory of the test's own, so that it talks to a daemon of its own."""
    # Not below tmp_path: a socket's path has at most 107 bytes.
    directory = Path(tempfile.mkdtemp(prefix="rex-"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)
