# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Progress on stderr: one line that is written over on a terminal, a line per step elsewhere."""

from __future__ import annotations

import re
import sys


class TerminalProgress:
    """A `rex_lsp.build.progress.Progress` for people; use it in a `with` block."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._shown = ""

    def report(self, message: str, fraction: float | None = None) -> None:
        """Shows one step."""
        if self._live:
            percent = f" {fraction:4.0%}" if fraction is not None else ""
            sys.stderr.write(f"\r\x1b[K  {message}{percent}")
            sys.stderr.flush()
            self._shown = message
            return
        # Counting seconds in a log would fill it.
        step = re.sub(r" \(\d+ s\)$", "", message)
        if step != self._shown:
            print(f"rex: {step}", file=sys.stderr, flush=True)
            self._shown = step

    def __enter__(self) -> TerminalProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live and self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
