# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the server says while a step waits for an answer, shown as it comes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from .client import Json
from .story import Story


@contextlib.contextmanager
def listening(story: Story, listener: Callable[[str, Json], None]) -> Iterator[None]:
    story.client.listeners.append(listener)
    try:
        yield
    finally:
        story.client.listeners.remove(listener)


def show_traces(story: Story) -> Callable[[str, Json], None]:
    def show(method: str, params: Json) -> None:
        if method == "rex/trace" and params["message"]:
            story.screen.trace(f"{params['event']:8} {params['program']}: {params['message']}")

    return show
