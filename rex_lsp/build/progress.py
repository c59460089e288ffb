# SPDX-License-Identifier: Apache-2.0 OR MIT
"""How long work says how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told about each step; `fraction` runs from 0 to 1, None when it is not known."""

    def report(self, message: str, fraction: float | None = None) -> None: ...


class Silent:
    """A `Progress` that nobody looks at."""

    def report(self, message: str, fraction: float | None = None) -> None:
        """Does nothing."""
