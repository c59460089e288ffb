# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Prints events as they come: words for people, one JSON object a line for machines."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TextIO

from rex_lsp.deploy.events import Event
from rex_lsp.deploy.words import Narrator, coloured, plain


class EventPrinter:
    """Prints each event to ``out``; ``stopped`` tells whether a program was stopped."""

    def __init__(self, form: str, out: TextIO, *, base: Path | None = None) -> None:
        self._json = form == "json"
        self._out = out
        self._narrator = Narrator(coloured if out.isatty() else plain, base)
        self.stopped = False

    def take(self, event: Event) -> None:
        """One event."""
        self.stopped = self.stopped or event.stops_program
        if self._json:
            text = json.dumps(event.to_json(), ensure_ascii=False)
        else:
            text = self._narrator.tell(event)
        self._out.write(text + "\n")
        self._out.flush()

    def limits(self, limits: list[str], target: str, *, full: bool) -> None:
        """What the target cannot do, said at the start, to people only."""
        if self._json or not limits:
            return
        if not full:
            print(
                f"rex: runs in {target}, --limits tells its {len(limits)} limits", file=sys.stderr
            )
            return
        print(f"rex: runs in {target}, whose limits are:", file=sys.stderr)
        for limit in limits:
            print(f"  - {limit}", file=sys.stderr)

    def flush(self) -> None:
        """Everything is out."""
        self._out.flush()
