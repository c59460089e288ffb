# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Turns of the event loop that long work of our own gives back while it goes on."""

from __future__ import annotations

import asyncio
import time

LONGEST_MS = 10.0


class Turns:
    """Lets the event loop do other things each time `LONGEST_MS` of work have gone by."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + LONGEST_MS / 1000

    @property
    def left_ms(self) -> float:
        """What is left of this turn, at least a millisecond."""
        return max(1.0, (self._until - time.perf_counter()) * 1000)

    async def pause(self) -> None:
        """Give the turn back if it is over."""
        if time.perf_counter() >= self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + LONGEST_MS / 1000
