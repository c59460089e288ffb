# SPDX-License-Identifier: Apache-2.0 OR MIT
"""TOML in and out: parse errors with a place, places of keys, and a writer.

Reading uses the standard library (`tomli` before Python 3.11). The writer is for files
that we make ourselves and that only cargo reads, so it keeps no comments or layout.
"""

from __future__ import annotations

import datetime
import json
import re
import sys
from collections.abc import Mapping
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Table = dict[str, Any]

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_HEADER = re.compile(rb"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?\Z")
_KEY = re.compile(
    rb"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_.-]+)\s*(?:\.\s*[A-Za-z0-9_-]+\s*)*="""
)
_AT = re.compile(r"\(at line (\d+), column (\d+)\)")


class TomlError(Exception):
    """A file that is not TOML; `offset` is the byte the parser stopped at."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


def parse(data: bytes) -> Table:
    """Parses `data`; raises `TomlError` for bad UTF-8 and bad TOML."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TomlError("not UTF-8 text", error.start) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT.search(str(error))
        message = _AT.sub("", str(error)).strip()
        offset = len(data)
        if found:
            offset = _offset(text.replace("\r\n", "\n"), int(found[1]), int(found[2]))
        raise TomlError(message[:1].lower() + message[1:], min(offset, len(data))) from None


def _offset(text: str, line: int, column: int) -> int:
    lines = text.split("\n")
    before = "\n".join([*lines[: line - 1], lines[line - 1][: column - 1]])
    return len(before.encode())


def key_span(data: bytes, table: str, key: str | None = None) -> tuple[int, int]:
    """Bytes of `key`'s line in `[table]`, or of the table's header; (0, 0) when absent.

    `table` is a dotted name as headers spell it. A key may be a table of its own
    (`[dependencies.rex]`); then its header is the place.
    """
    offset = 0
    here = ""
    for line in data.splitlines(keepends=True):
        bare = line.rstrip(b"\r\n")
        header = _HEADER.match(bare)
        if header:
            here = header[1].decode("utf-8", "replace").replace('"', "").replace(" ", "")
            if here == (table if key is None else f"{table}.{key}"):
                return offset, offset + len(bare)
        elif key is not None and here == table:
            named = _KEY.match(bare)
            if named and named[1].decode("utf-8", "replace").strip("\"'").split(".")[0] == key:
                start = len(bare) - len(bare.lstrip())
                return offset + start, offset + len(bare)
        offset += len(line)
    return 0, 0


def write(table: Mapping[str, Any]) -> str:
    """The TOML text of `table`: scalars first, then sub-tables."""
    lines: list[str] = []
    _write_table(table, (), lines)
    return "\n".join(lines) + "\n"


def _write_table(table: Mapping[str, Any], path: tuple[str, ...], lines: list[str]) -> None:
    nested: list[tuple[str, Any]] = []
    for key, value in table.items():
        if isinstance(value, Mapping) or (
            isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value)
        ):
            nested.append((key, value))
        else:
            lines.append(f"{_key(key)} = {_value(value)}")
    for key, value in nested:
        name = ".".join(_key(part) for part in (*path, key))
        if isinstance(value, Mapping):
            lines.append(f"\n[{name}]")
            _write_table(value, (*path, key), lines)
        else:
            for element in value:
                lines.append(f"\n[[{name}]]")
                _write_table(element, (*path, key), lines)


def _key(key: str) -> str:
    return key if _BARE.match(key) else _string(key)


def _string(text: str) -> str:
    # A JSON string is a TOML basic string once DEL is escaped too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    raise TypeError(f"no TOML form for {type(value).__name__}")
