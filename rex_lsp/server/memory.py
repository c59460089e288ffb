# SPDX-License-Identifier: Apache-2.0 OR MIT
"""When the cyclic garbage collector runs: never for long while somebody types.

A long file is half a million objects that all stay; a full collection looks at each of
them and holds the server up for tens of milliseconds. So young objects are collected as
they come, and what survived the reading of a file is set aside (`gc.freeze`) and looked at
again only when a file was closed. Almost nothing here is part of a cycle, so little waits.
"""

from __future__ import annotations

import gc

_YOUNG = 10_000
_MIDDLE = 10
_NEVER = 1_000_000
_OLD = 3


class Collector:
    """The collector of one server process."""

    def __init__(self) -> None:
        self._closed = False

    def begin(self) -> None:
        """After the imports: what they made stays."""
        gc.freeze()
        gc.set_threshold(_YOUNG, _MIDDLE, _NEVER)
        gc.enable()

    def loaded(self) -> None:
        """A file was read to its end."""
        gc.freeze()

    def closed(self) -> None:
        """A file was closed: what was set aside may be garbage."""
        self._closed = True

    def idle(self) -> None:
        """Nobody waits for us: look at the old objects, if there are new ones among them."""
        if self._closed:
            self._closed = False
            gc.unfreeze()
        elif gc.get_count()[2] < _OLD:
            return
        gc.collect()
        gc.freeze()
