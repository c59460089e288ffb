# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Each step of the demo, end to end, on one session; a step does what it needs before itself."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator

import pytest

from . import packets
from .__main__ import STEPS
from .screen import Screen
from .story import Story


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One event loop for the session that all steps share."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(scope="module")
def story(loop: asyncio.AbstractEventLoop) -> Iterator[Story]:
    """The session; at its end nothing of it is left."""
    story = Story(Screen(io.StringIO(), colour=False, paced=False), STEPS)
    yield story
    loop.run_until_complete(story.end())
    assert story.processes() == {}
    assert not story.directory.exists()


@pytest.mark.parametrize("name", list(STEPS))
def test_step(name: str, story: Story, loop: asyncio.AbstractEventLoop) -> None:
    outcome = loop.run_until_complete(story.reach(name))
    if outcome.problem is not None:
        raise outcome.problem
    assert outcome.summary


def test_packets_are_the_generated_ones() -> None:
    repair = "`python -m tests.demo.packets` writes it"
    assert packets.FILE.read_bytes() == packets.pcap(), repair
