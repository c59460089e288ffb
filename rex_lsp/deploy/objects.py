# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What is loaded for one package, as far as this connection knows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any


class State(Enum):
    """How far a program is on its way; lenses and ``rex ps`` show it."""

    SOURCE = "source"
    BUILT = "built"
    LOADED = "loaded"
    ARMED = "armed"
    DEAD = "dead"


@dataclass(slots=True)
class Program:
    """One program of a loaded object."""

    name: str
    kind: str
    attach: str
    link: int | None = None
    stopped: str = ""
    traces: int = 0

    @property
    def state(self) -> State:
        """Loaded, armed or dead."""
        if self.stopped:
            return State.DEAD
        return State.LOADED if self.link is None else State.ARMED


@dataclass(slots=True)
class Loaded:
    """An object in the daemon that this connection owns or asked for."""

    object: int
    name: str
    digest: str
    image: Path
    programs: dict[str, Program] = field(default_factory=dict)
    maps: list[Mapping[str, Any]] = field(default_factory=list)
    sources: set[int] = field(default_factory=set)
    fingerprint: bytes = b""

    @classmethod
    def from_json(cls, answer: Mapping[str, Any], image: Path) -> Loaded:
        """Read the answer of the daemon's ``load``."""
        programs = {
            str(one["name"]): Program(
                str(one["name"]), str(one.get("type", "")), str(one.get("attach") or "")
            )
            for one in answer.get("programs") or ()
        }
        return cls(
            int(answer["object"]),
            str(answer.get("name", image.stem)),
            str(answer.get("digest", "")),
            image,
            programs,
            list(answer.get("maps") or ()),
            fingerprint=_fingerprint(image),
        )

    def built_from(self, image: Path) -> bool:
        """Whether the file at ``image`` still is what was loaded."""
        return self.fingerprint != b"" and self.fingerprint == _fingerprint(image)

    def attached(self, links: Iterable[Mapping[str, Any]]) -> list[Program]:
        """Take note of the daemon's new links; returns their programs."""
        found: list[Program] = []
        for link in links:
            program = self.programs.get(str(link.get("program")))
            if program is not None:
                program.link = int(link["link"])
                program.attach = str(link.get("attach") or program.attach)
                found.append(program)
        return found

    @property
    def armed(self) -> list[Program]:
        """The programs that are attached and alive."""
        return [one for one in self.programs.values() if one.state is State.ARMED]


def _fingerprint(image: Path) -> bytes:
    try:
        return hashlib.sha256(image.read_bytes()).digest()
    except OSError:
        return b""
