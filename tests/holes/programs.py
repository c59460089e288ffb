# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The programs below `programs/`, cut out of their files.

A file begins with what its programs share. Each program starts with a line
`//@ hostile NAME` or `//@ benign NAME`, followed by

- `//@ closed-by: HOW` for a hostile one. HOW is who refuses it: `bound` (the compiler),
  `rule CODE` (a rule of `rex check`), `link`, `pack`, `load`, `attach`; or `run`: nobody
  refuses it, and what it does is what `expect` says;
- `//@ expect: TEXT`: part of the message that refuses it, or of what a run reports, as
  `EVENT: MESSAGE`; may be repeated, then in this order;
- `//@ drive: EVENTS` for one that runs: `dup`, `udp`, `short`, several of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DIRECTORY = Path(__file__).parent / "programs"
HOW = ("bound", "rule", "link", "pack", "load", "attach", "run")
_START = re.compile(r"^//@ (hostile|benign) (\w+)\n", re.MULTILINE)
_FIELD = re.compile(r"//@ ([a-z-]+): ?(.*)\n")
_INNER = re.compile(r"^#!\[.*\]\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Program:
    """One program; `how` is empty for a benign one, `rule` is its code for `rule CODE`."""

    name: str
    subject: str
    how: str
    rule: str
    expected: tuple[str, ...]
    drive: tuple[str, ...]
    head: str
    body: str

    @property
    def hostile(self) -> bool:
        """Whether it must be refused, or be harmless where it runs."""
        return bool(self.how)

    def crate(self) -> str:
        """The source of a crate of its own."""
        inner = "".join(_INNER.findall(self.head) + _INNER.findall(self.body))
        return inner + _INNER.sub("", self.head) + _INNER.sub("", self.body)

    def module(self) -> str:
        """The source as a module of a larger crate."""
        return f"mod {self.name} {{\n{_INNER.sub('', self.head + self.body)}}}\n"


def read(path: Path) -> Iterator[Program]:
    """The programs of one file; raises `ValueError` for a header it does not know."""
    text = path.read_text(encoding="utf-8")
    head, *pieces = _START.split(text)
    for kind, name, rest in zip(*[iter(pieces)] * 3, strict=True):
        fields: dict[str, list[str]] = {}
        body = rest
        while field := _FIELD.match(body):
            fields.setdefault(field[1], []).append(field[2])
            body = body[field.end() :]
        how, _, rule = " ".join(fields.pop("closed-by", [])).partition(" ")
        expected = tuple(fields.pop("expect", []))
        drive = tuple(" ".join(fields.pop("drive", [])).split())
        right = how in HOW if kind == "hostile" else not how
        if fields or not right or (how and not expected) or (how == "run" and not drive):
            raise ValueError(f"{path.name}: the header of {name} is not complete")
        yield Program(name, path.stem, how, rule, expected, drive, head, body)


def programs() -> list[Program]:
    """All of them."""
    return [program for path in sorted(DIRECTORY.glob("*.rs")) for program in read(path)]
