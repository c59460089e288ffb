# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The only way the model gets at files."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class FileReader(Protocol):
    """Reads files: open buffers over the disk, or a dictionary in a test."""

    def read(self, path: Path) -> bytes | None:
        """The UTF-8 text of a file; None when there is none that can be read. Never raises."""
