# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What happened while a test ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rex_lsp.deploy.events import Event


@dataclass(slots=True)
class MapAfter:
    """A map when the source has ended: its types, and keys and values as bytes.

    ``values`` of a per-CPU map are one value a CPU. ``left_out`` entries were too many to
    read.
    """

    kind: str
    types: Mapping[str, Any]
    entries: list[tuple[bytes, bytes]]
    left_out: int = 0

    @property
    def per_cpu(self) -> bool:
        """Whether each CPU has its own value."""
        return "percpu" in self.kind

    def cpus(self, value: bytes) -> list[bytes]:
        """The value of each CPU; they stand 8-byte aligned behind each other."""
        size = int(self.types["value"]["size"])
        stride = -(-size // 8) * 8
        return [value[at : at + size] for at in range(0, len(value), stride)]


@dataclass(slots=True)
class Observed:
    """Everything a test can look at."""

    events: list[Event] = field(default_factory=list)
    output: dict[str, str] = field(default_factory=lambda: {"stdout": "", "stderr": ""})
    exit: Event | None = None
    timed_out: bool = False
    refused: str | None = None
    maps: dict[str, MapAfter] = field(default_factory=dict)
    packets_before: list[bytes] = field(default_factory=list)
    packets: list[bytes] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Event]:
        """The events of some kinds in order."""
        return [event for event in self.events if event.kind in kinds]
