# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Events of the runtime: as typed values, as JSON lines, as words for a terminal.

The JSON form is that of ``rex run --format json`` and of ``docs/schemas/run-event.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

STOPS = frozenset({"panic", "terminated", "stack", "fault"})
"""Events after which a program is dead."""

KINDS = frozenset({"load", "attach", "trace", "verdict", "leak", "detach", "exit"}) | STOPS


@dataclass(frozen=True, slots=True)
class Frame:
    """One call of a trace; ``line`` and ``column`` count from 1, 0 is unknown."""

    function: str
    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Event:
    """One event as the daemon sent it, with the fields that many of its readers use."""

    kind: str
    t_ns: int
    program: str
    object: int
    raw: Mapping[str, Any]

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Event:
        """Read what the daemon sent; a missing number is 0, a missing text is empty."""
        return cls(
            kind=str(raw.get("event", "")),
            t_ns=_number(raw.get("t_ns")),
            program=str(raw.get("program") or ""),
            object=_number(raw.get("object")),
            raw=raw,
        )

    @property
    def stops_program(self) -> bool:
        """Whether the program is dead after this event."""
        return self.kind in STOPS

    @property
    def message(self) -> str:
        """What happened or what the program printed, without a line break at the end."""
        return str(self.raw.get("message") or "").rstrip("\n")

    @property
    def place(self) -> Frame | None:
        """Where in the source it happened, when that is known."""
        file, line = self.raw.get("file"), _number(self.raw.get("line"))
        if isinstance(file, str) and file and line > 0:
            return Frame("", file, line, _number(self.raw.get("column")))
        return None

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The call trace, innermost first."""
        frames = self.raw.get("frames")
        return tuple(
            Frame(
                str(frame.get("function") or ""),
                str(frame.get("file") or ""),
                _number(frame.get("line")),
                _number(frame.get("column")),
            )
            for frame in (frames if isinstance(frames, list) else ())
            if isinstance(frame, Mapping)
        )

    def to_json(self) -> Json:
        """The public form: without the daemon's object number."""
        public: Json = {"event": self.kind, "t_ns": self.t_ns, "program": self.program}
        for key, value in self.raw.items():
            if key not in ("event", "t_ns", "program", "object"):
                public[key] = value
        return public


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
