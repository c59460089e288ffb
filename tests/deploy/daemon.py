# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A runtime directory of a test's own, whose daemon ends with it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rex_lsp.deploy.client import Runtime
from rex_lsp.deploy.errors import ConnectionLost, RuntimeUnreachable


@contextlib.contextmanager
def own_runtime_directory() -> Iterator[Path]:
    """`XDG_RUNTIME_DIR` is a new directory; the daemon that is started there is ended."""
    directory = Path(tempfile.mkdtemp(prefix="rex-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(directory))
        try:
            yield directory
        finally:
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
