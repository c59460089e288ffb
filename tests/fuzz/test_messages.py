# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A client that is confused does not end the server, and gets one answer to each request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.protocol.projects import LEAK, extension
from tests.protocol.raw import Raw

from .messages import Messages, answers


@pytest.fixture
async def server() -> AsyncIterator[Raw]:
    """A server process."""
    raw = await Raw.start()
    try:
        yield raw
    finally:
        await raw.kill()


@pytest.mark.parametrize("seed", range(3))
async def test_random_messages(server: Raw, tmp_path: Path, seed: int) -> None:
    main = extension(tmp_path, LEAK)
    await server.initialize(tmp_path)
    client = Messages(server, seed, main)
    for _ in range(8):
        client.send(50)
        await server.request("textDocument/hover", _cursor(main))
    # It still does its work, and everything that was asked is answered by now or soon.
    uri = main.as_uri()
    server.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    server.open(main, LEAK, 10_000_000)
    found = await server.published(uri, version=10_000_000)
    assert [one["code"] for one in found] == ["rex::leak"]
    for number in client.asked:
        await server.answer(number)
    assert dict.fromkeys(client.asked, 1).items() <= answers(server.said).items()
    assert await server.stop() == 0


def _cursor(main: Path) -> object:
    return {
        "textDocument": {"uri": main.as_uri()},
        "position": {"line": 0, "character": 0},
    }
