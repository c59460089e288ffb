# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The compiler's own view of an extension: MIR as text, with true types and true paths.

Read is what `rustc -Zdump-mir=analysis -Zmir-include-spans=on` writes: nothing is inlined and
every statement names its place. The format is not stable, but the compiler of
a build is a fixed one; what is not understood is left out, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_PLACE = re.compile(r"(.+?):(\d+):(\d+): (\d+):(\d+)(?: \(#\d+\))?\s*$")
_BEGIN = re.compile(r"(fn|const|static mut|static) (.+) \{$")
_LOCAL = re.compile(r"\s+let (?:mut )?_(\d+): (.+);\s*// (?:return place )?in scope \d+ at (.+)$")
_DEBUG = re.compile(r"\s+debug .+ => _(\d+);\s*// in scope \d+ at (.+)$")
_BLOCK = re.compile(r"    bb(\d+)(?: \(cleanup\))?: \{$")
_STATEMENT = re.compile(r" {8}(\S.*?);?\s+// scope \d+ at (.+)$")
_SPAN = re.compile(r"\s+// \+ span: (.+)$")
_VALUE = re.compile(r"\s+// \+ const_: Const \{ ty: (.*), val: Value\((.*)\) \}$")
_TARGET = re.compile(r"\bbb(\d+)\b")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written: lines and columns from 1, columns in characters."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Local:
    """A variable or temporary: its true type, and where it was introduced if that is known."""

    type: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant that a statement names: for a function its full path with type arguments."""

    value: str
    place: Place
    type: str = ""


@dataclass(slots=True)
class Statement:
    """One statement or terminator."""

    text: str
    place: Place
    constants: list[Constant] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    """A basic block; the last statement is its terminator."""

    statements: list[Statement] = field(default_factory=list)

    @property
    def successors(self) -> list[int]:
        """The blocks that may come next."""
        if not self.statements:
            return []
        last = self.statements[-1].text
        _, arrow, rest = last.rpartition(" -> ")
        return [int(found) for found in _TARGET.findall(rest)] if arrow else []


@dataclass(slots=True)
class Body:
    """A function, static or constant. `kind` is `fn`, `const`, `static` or `static mut`."""

    kind: str
    name: str
    locals: dict[int, Local] = field(default_factory=dict)
    blocks: dict[int, Block] = field(default_factory=dict)

    def statements(self) -> Iterator[Statement]:
        """All statements, block by block."""
        for block in self.blocks.values():
            yield from block.statements

    def constants(self) -> Iterator[Constant]:
        """Every constant that the body names."""
        for statement in self.statements():
            yield from statement.constants


def read_mir(text: str) -> list[Body]:
    """The bodies of a MIR file, in its order, each once."""
    bodies: list[Body] = []
    body: Body | None = None
    block: Block | None = None
    repeated = False
    span: Place | None = None
    for line in text.splitlines():
        if not line.startswith(" "):
            begin = _BEGIN.match(line)
            if begin is not None and not repeated:
                body = _begun(begin[1], begin[2])
                bodies.append(body)
            elif line == "}" or begin is not None:
                body = block = None
            # The same function again, as constant evaluation sees it.
            repeated = line.startswith("// MIR FOR CTFE")
            continue
        if body is None:
            continue
        opened = _BLOCK.match(line)
        if opened is not None:
            block = body.blocks[int(opened[1])] = Block()
            continue
        if block is None:
            _declaration(body, line)
            continue
        statement = _STATEMENT.match(line)
        if statement is not None:
            place = _place(statement[2])
            if place is not None:
                block.statements.append(Statement(statement[1], place))
            continue
        spanned = _SPAN.match(line)
        if spanned is not None:
            span = _place(spanned[1])
            continue
        value = _VALUE.match(line)
        if value is not None and span is not None and block.statements:
            block.statements[-1].constants.append(Constant(value[2], span, value[1]))
            span = None
    return bodies


def _begun(kind: str, header: str) -> Body:
    if kind != "fn":
        return Body(kind, header.split(":", maxsplit=1)[0])
    at = _arguments_start(header)
    body = Body(kind, header[:at])
    for argument in split_types(header[at + 1 : _closing(header, at)]):
        name, colon, type_ = argument.partition(": ")
        if colon and name.startswith("_") and name[1:].isdigit():
            body.locals[int(name[1:])] = Local(type_, None)
    return body


def _arguments_start(header: str) -> int:
    depth = 0
    for at, char in enumerate(header):
        if char in "<{":
            depth += 1
        elif char in ">}":
            depth -= 1
        elif char == "(" and depth == 0:
            return at
    return len(header)


def _closing(text: str, start: int) -> int:
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at
    return len(text)


def split_types(text: str) -> list[str]:
    """The comma-separated parts of a list of types, brackets respected."""
    parts: list[str] = []
    depth = start = 0
    for at, char in enumerate(text):
        if char in "(<[{":
            depth += 1
        elif char in ")]}" or (char == ">" and text[at - 1 : at] != "-"):
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def _declaration(body: Body, line: str) -> None:
    local = _LOCAL.match(line)
    if local is not None:
        body.locals[int(local[1])] = Local(local[2], _place(local[3]))
        return
    debug = _DEBUG.match(line)
    if debug is not None:
        known = body.locals.get(int(debug[1]))
        if known is not None and known.place is None:
            body.locals[int(debug[1])] = Local(known.type, _place(debug[2]))


def _place(text: str) -> Place | None:
    found = _PLACE.match(text)
    if found is None:
        return None
    return Place(found[1], int(found[2]), int(found[3]), int(found[4]), int(found[5]))
