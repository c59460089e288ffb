# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Keys and values of maps between bytes and what a test file says.

The types are those of ``rexrt types NAME.elf``, read from debug information. A number or
bool is an integer, an enum is its variant's name, an array a list (of ``u8`` also a text,
filled up with NUL), a struct a table of fields. Numbers are little-endian, as on x86-64.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from rex_lsp.image import facts

Json: TypeAlias = Mapping[str, Any]


class BadValue(Exception):
    """A value in a test file that its map's type does not have."""


def map_types(elf: Path) -> dict[str, Any]:
    """`key` and `value` types by map, from the ELF beside an image.

    Raises:
        BadValue: the ELF cannot be read.
    """
    try:
        return facts.map_types(elf)
    except facts.Unreadable as problem:
        raise BadValue(str(problem)) from problem


def decode(kind: Json, data: bytes) -> Any:
    """What bytes say; a number that is no variant of its enum stays a number."""
    size = int(kind["size"])
    shape = kind["kind"]
    if shape == "integer":
        return int.from_bytes(data[:size], "little", signed=bool(kind["signed"]))
    if shape == "enum":
        number = int.from_bytes(data[:size], "little")
        mask = (1 << (8 * size)) - 1
        names = {value & mask: name for name, value in kind["variants"].items()}
        return names.get(number, number)
    if shape == "array":
        element = kind["element"]
        step = int(element["size"])
        return [decode(element, data[i * step : (i + 1) * step]) for i in range(kind["count"])]
    if shape == "struct":
        return {
            field["name"]: decode(field["type"], data[field["offset"] :])
            for field in kind["fields"]
        }
    return data[:size].hex()


def encode(kind: Json, value: Any, where: str = "value") -> bytes:
    """The bytes of a value; padding, and fields that are left out, are zero.

    Raises:
        BadValue: the type has no such value.
    """
    size = int(kind["size"])
    shape = kind["kind"]
    if shape == "enum" and isinstance(value, str):
        if value not in kind["variants"]:
            variants = ", ".join(kind["variants"])
            raise BadValue(f"{where}: `{kind['name']}` has no {value!r}, there are {variants}")
        value = kind["variants"][value]
        number = int(value) & ((1 << (8 * size)) - 1)
        return number.to_bytes(size, "little")
    if shape in ("integer", "enum"):
        return _number(kind, value, where, size)
    if shape == "array":
        return _array(kind, value, where, size)
    if shape == "struct":
        return _struct(kind, value, where, size)
    if isinstance(value, str):
        data = bytes.fromhex(value)
        if len(data) == size:
            return data
    raise BadValue(f"{where}: expected {size} bytes in hex for `{kind['name']}`, found {value!r}")


def _number(kind: Json, value: Any, where: str, size: int) -> bytes:
    if not isinstance(value, int):
        raise BadValue(f"{where}: expected a number for `{kind['name']}`, found {value!r}")
    try:
        return int(value).to_bytes(size, "little", signed=bool(kind.get("signed")))
    except OverflowError:
        raise BadValue(f"{where}: {value} does not fit `{kind['name']}`") from None


def _array(kind: Json, value: Any, where: str, size: int) -> bytes:
    element = kind["element"]
    if isinstance(value, str) and element["size"] == 1:
        data = value.encode()
        if len(data) > size:
            raise BadValue(f"{where}: {len(data)} bytes of text do not fit `{kind['name']}`")
        return data.ljust(size, b"\0")
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise BadValue(f"{where}: expected a list for `{kind['name']}`, found {value!r}")
    if len(value) > kind["count"]:
        raise BadValue(f"{where}: {len(value)} elements do not fit `{kind['name']}`")
    out = b"".join(encode(element, one, f"{where}[{i}]") for i, one in enumerate(value))
    return out.ljust(size, b"\0")


def _struct(kind: Json, value: Any, where: str, size: int) -> bytes:
    if not isinstance(value, Mapping):
        raise BadValue(f"{where}: expected a table for `{kind['name']}`, found {value!r}")
    fields = {field["name"]: field for field in kind["fields"]}
    out = bytearray(size)
    for name, one in value.items():
        if name not in fields:
            known = ", ".join(fields) or "none"
            raise BadValue(f"{where}: `{kind['name']}` has no field `{name}`, there are {known}")
        field = fields[name]
        start = field["offset"]
        out[start : start + field["type"]["size"]] = encode(field["type"], one, f"{where}.{name}")
    return bytes(out)


def differences(kind: Json, wanted: Any, found: Any, where: str = "") -> Iterator[str]:
    """Where a decoded value is not what is wanted; what `wanted` leaves out may be anything."""
    at = f"{where}: " if where else ""
    shape = kind["kind"]
    if shape == "struct" and isinstance(wanted, Mapping):
        fields = {field["name"]: field["type"] for field in kind["fields"]}
        for name, one in wanted.items():
            inner = f"{where}.{name}" if where else name
            yield from differences(fields[name], one, found[name], inner)
    elif shape == "array" and isinstance(wanted, list):
        if all(isinstance(one, Mapping) for one in wanted) and wanted:
            for index, one in enumerate(wanted):
                yield from differences(kind["element"], one, found[index], f"{where}[{index}]")
        elif found != decode(kind, encode(kind, wanted, where)):
            yield f"{at}expected {wanted}, found {shown(kind, found)}"
    elif found != decode(kind, encode(kind, wanted, where)):
        yield f"{at}expected {wanted}, found {shown(kind, found)}"


def total(kind: Json, values: Sequence[Any]) -> Any:
    """The sum of the values of all CPUs, number by number; of an enum, the first one's."""
    shape = kind["kind"]
    if shape == "integer":
        return sum(values)
    if shape == "array":
        return [total(kind["element"], column) for column in zip(*values, strict=True)]
    if shape == "struct":
        return {
            field["name"]: total(field["type"], [value[field["name"]] for value in values])
            for field in kind["fields"]
        }
    return values[0]


def shown(kind: Json, value: Any) -> str:
    """A decoded value for a person: bytes that are text as text, long lists cut."""
    if kind["kind"] == "array" and kind["element"]["size"] == 1 and isinstance(value, list):
        text = bytes(one & 0xFF for one in value).rstrip(b"\0")
        if text and all(32 <= byte < 127 for byte in text):
            return json.dumps(text.decode())
    if isinstance(value, Mapping):
        kinds = {field["name"]: field["type"] for field in kind["fields"]}
        inner = ", ".join(f"{name} = {shown(kinds[name], one)}" for name, one in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list) and len(value) > 32:
        return f"{value[:32]} and {len(value) - 32} more"
    return str(value)
