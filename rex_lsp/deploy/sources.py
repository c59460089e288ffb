# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Event sources: declared in ``[[package.metadata.rex.source]]`` or on the command line.

A source has a ``name`` and exactly one of ``command``, ``pcap``, ``iface``, ``events``
and ``timer``. Which one drives which program is never guessed: only the only fitting one
is taken without asking.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

KINDS = ("command", "pcap", "iface", "events", "timer")
_SYSCALL_PROGRAMS = frozenset({"tracepoint", "kprobe", "kretprobe", "uprobe", "uretprobe"})
_PACKET_PROGRAMS = frozenset({"xdp", "tc"})
_FITS: Mapping[str, frozenset[str]] = {
    "command": _SYSCALL_PROGRAMS,
    "pcap": _PACKET_PROGRAMS,
    "iface": _PACKET_PROGRAMS,
    "timer": frozenset({"perf_event"}),
    "events": _SYSCALL_PROGRAMS | _PACKET_PROGRAMS | {"perf_event"},
}


@dataclass(frozen=True, slots=True)
class Source:
    """One source; ``request`` is what the daemon's ``source`` method takes."""

    name: str
    kind: str
    request: Json = field(hash=False)

    def fits(self, program_kinds: Iterable[str]) -> bool:
        """Whether it can drive a program of one of these kinds."""
        return bool(_FITS[self.kind] & set(program_kinds))

    def describe(self) -> str:
        """The source in a few words."""
        return f"{self.name} ({self.kind})" if self.name != self.kind else self.name


def command(argv: Sequence[str], cwd: Path, *, name: str = "command") -> Source:
    """A child process whose system calls are the events."""
    return Source(name, "command", {"kind": "command", "argv": list(argv), "cwd": str(cwd)})


def pcap(path: Path, write: Path | None = None, *, name: str = "pcap") -> Source:
    """Packets of a capture file; with ``write`` they go there with their verdicts."""
    request: Json = {"kind": "pcap", "path": str(path)}
    if write is not None:
        request["write"] = str(write)
    return Source(name, "pcap", request)


def interface(device: str, *, name: str = "iface") -> Source:
    """Packets of a live network interface."""
    return Source(name, "iface", {"kind": "iface", "name": device})


def events_file(path: Path, *, name: str = "events") -> Source:
    """Events from a JSON file."""
    return Source(name, "events", {"kind": "events", "path": str(path)})


def declared(metadata_rex: Mapping[str, Any], package: Path) -> tuple[list[Source], list[str]]:
    """The sources of a manifest, and what is wrong with the others, in words."""
    tables = metadata_rex.get("source")
    if tables is None:
        return [], []
    if not isinstance(tables, list):
        return [], ["expected [[package.metadata.rex.source]] with two brackets, found one table"]
    sources: list[Source] = []
    problems: list[str] = []
    for index, table in enumerate(tables, 1):
        where = f"source {index} in [[package.metadata.rex.source]]"
        try:
            sources.append(from_table(table, package))
        except ValueError as error:
            problems.append(f"{where}: {error}")
    return sources, problems


def from_table(table: Any, package: Path) -> Source:
    """The source that a table describes; its paths are relative to the package.

    Raises:
        ValueError: it describes none; the message says why.
    """
    if not isinstance(table, Mapping):
        raise ValueError(f"expected a table, found {table!r}")
    kinds = [kind for kind in KINDS if kind in table]
    if len(kinds) != 1:
        found = ", ".join(kinds) or "none of them"
        raise ValueError(f"expected exactly one of {', '.join(KINDS)}, found {found}")
    kind = kinds[0]
    name = table.get("name")
    if not isinstance(name, str) or not name:
        raise ValueError("expected a name")
    value = table[kind]
    if kind == "command":
        return _command(name, value, table, package)
    if kind == "timer":
        return _timer(name, value)
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected {kind} to be a text, found {value!r}")
    if kind == "iface":
        return interface(value, name=name)
    path = package / value
    if kind == "events":
        return events_file(path, name=name)
    write = table.get("write")
    if write is not None and not isinstance(write, str):
        raise ValueError(f"expected write to be a path, found {write!r}")
    return pcap(path, None if write is None else package / write, name=name)


def fitting(sources: Iterable[Source], program_kinds: Iterable[str]) -> list[Source]:
    """The sources that can drive at least one of the programs."""
    kinds = set(program_kinds)
    return [source for source in sources if source.fits(kinds)]


def template(program_kind: str) -> str:
    """A declaration to start from, for a program of this kind."""
    example = {
        "xdp": 'pcap = "packets.pcap"',
        "tc": 'pcap = "packets.pcap"',
        "perf_event": "timer = { hz = 99, count = 100 }",
    }.get(program_kind, 'command = ["sh", "-c", "exec 3>&1; echo done"]')
    return f'\n[[package.metadata.rex.source]]\nname = "default"\n{example}\n'


def _command(name: str, value: Any, table: Mapping[str, Any], package: Path) -> Source:
    argv = shlex.split(value) if isinstance(value, str) else value
    if not isinstance(argv, list) or not argv or not all(isinstance(a, str) for a in argv):
        raise ValueError(f"expected command to be a list of texts, found {value!r}")
    source = command(argv, package / str(table.get("cwd", ".")), name=name)
    env = table.get("env")
    if env is not None:
        if not isinstance(env, Mapping) or not all(isinstance(v, str) for v in env.values()):
            raise ValueError(f"expected env to be a table of texts, found {env!r}")
        source.request["env"] = dict(env)
    return source


def _timer(name: str, value: Any) -> Source:
    table = value if isinstance(value, Mapping) else {"hz": value}
    hz, count = table.get("hz"), table.get("count", 100)
    for number in (hz, count):
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise ValueError(f"expected timer to have a whole hz and count, found {value!r}")
    return Source(name, "timer", {"kind": "timer", "hz": hz, "count": count})
