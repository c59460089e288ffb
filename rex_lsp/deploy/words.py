# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Events in words for a terminal: one line each, a stop with its call trace below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from rex_lsp.deploy.events import Event, Frame

Style = Callable[[str, str], str]

_STOPPED = {
    "panic": "panicked",
    "terminated": "ran too long and was ended",
    "stack": "exceeded its stack",
    "fault": "faulted",
}
_COLOURS = {"red": "31;1", "green": "32", "dim": "2", "bold": "1", "yellow": "33"}


def plain(_: str, text: str) -> str:
    """No colour."""
    return text


def coloured(colour: str, text: str) -> str:
    """ANSI colour."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


class Narrator:
    """Tells events to a person; times count from the first event, files from ``base``."""

    def __init__(self, style: Style = plain, base: Path | None = None) -> None:
        self._style = style
        self._base = base
        self._start: int | None = None
        self._tellers: Mapping[str, Callable[[Event], str]] = {
            "load": self._load,
            "attach": lambda event: f"attached to {event.raw.get('attach') or 'its source'}",
            "trace": self._trace,
            "verdict": self._verdict,
            "leak": self._leak,
            "detach": lambda _: "detached",
            "exit": self._exit,
            **dict.fromkeys(_STOPPED, self._stop),
        }

    def tell(self, event: Event) -> str:
        """The event in one or more lines, without a line break at the end."""
        if self._start is None:
            self._start = event.t_ns
        seconds = max(0, event.t_ns - self._start) / 1e9
        return f"{self._style('dim', f'{seconds:9.6f}')}  {self.words(event)}"

    def words(self, event: Event) -> str:
        """The event without its time."""
        teller = self._tellers.get(event.kind)
        said = teller(event) if teller is not None else f"{event.kind} {event.message}".rstrip()
        # `rex_printk!` puts the function's path before its text.
        named = event.kind == "trace" and said.startswith("[")
        silent = named or event.kind in ("load", "exit") or not event.program
        who = "" if silent else f"{self._style('bold', event.program)}: "
        return f"{who}{said}"

    def _load(self, event: Event) -> str:
        warning = event.raw.get("warning")
        name = self._style("bold", str(event.raw.get("name") or ""))
        return f"loaded {name}" + (f"\nwarning: {warning}" if warning else "")

    def _trace(self, event: Event) -> str:
        return event.message

    def _verdict(self, event: Event) -> str:
        name = str(event.raw.get("name") or event.raw.get("verdict"))
        copies = event.raw.get("copies") or ()
        also = "".join(f", a copy to interface {copy.get('ifindex')}" for copy in copies)
        length = event.raw.get("length")
        return f"packet {event.raw.get('index')}, {length} bytes: {name}{_redirect(event)}{also}"

    def _leak(self, event: Event) -> str:
        resource = event.raw.get("resource") or "a resource"
        place = event.place
        where = f", taken at {self._at(place)}" if place is not None else ""
        return self._style("yellow", f"returned while it held {resource}{where}; released")

    def _exit(self, event: Event) -> str:
        signal = event.raw.get("signal")
        end = f"by signal {signal}" if signal else f"with status {event.raw.get('status')}"
        return f"the source ended {end}"

    def _stop(self, event: Event) -> str:
        head = self._style("red", f"{_STOPPED[event.kind]}: {event.message}")
        place = event.place
        lines = [head]
        if place is not None:
            lines.append(f"             at {self._at(place)}")
        for frame in event.frames:
            where = f" ({self._at(frame)})" if frame.file else ""
            lines.append(self._style("dim", f"             in {frame.function}{where}"))
        return "\n".join(lines)

    def _at(self, frame: Frame) -> str:
        file = frame.file
        if self._base is not None and Path(file).is_relative_to(self._base):
            file = str(Path(file).relative_to(self._base))
        column = f":{frame.column}" if frame.column else ""
        return f"{file}:{frame.line}{column}"


def _redirect(event: Event) -> str:
    if "redirect" not in event.raw:
        return ""
    to = event.raw["redirect"]
    if not to:
        return " without an interface, dropped"
    errno = to.get("errno")
    return f" to interface {to.get('ifindex')}{f', not sent: error {errno}' if errno else ''}"
