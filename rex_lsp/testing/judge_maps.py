# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Whether maps hold what a test expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rex_lsp.testing.case import Case
from rex_lsp.testing.layout import BadValue, decode, differences, encode, shown, total
from rex_lsp.testing.observed import MapAfter, Observed


def map_problems(case: Case, seen: Observed) -> Iterator[str]:
    """What differs in the maps a test names."""
    for table in case.maps:
        name = table["name"]
        after = seen.maps.get(name)
        if after is None:
            known = ", ".join(seen.maps) or "none"
            yield f"map {name}: there is no such map in the image, there is {known}"
            continue
        try:
            for problem in _map(table, after):
                yield f"map {name}: {problem}"
        except BadValue as bad:
            yield f"map {name}: {bad}"


def key_bytes(entry: Mapping[str, Any], types: Mapping[str, Any]) -> bytes:
    """The key of an entry.

    Raises:
        BadValue: the map has no such key.
    """
    if "key_hex" in entry:
        return bytes.fromhex(entry["key_hex"])
    if "key" in entry:
        return encode(types["key"], entry["key"], "key")
    return bytes(int(types["key"]["size"]))


def _map(table: Mapping[str, Any], after: MapAfter) -> Iterator[str]:
    entries = dict(after.entries)
    kind = after.types["key"]

    def label(key: bytes) -> str:
        return shown(kind, decode(kind, key)) if len(key) == kind["size"] else key.hex()

    named = set()
    for entry in table.get("entries", ()):
        key = key_bytes(entry, after.types)
        named.add(key)
        if key not in entries:
            more = f" among the {len(entries)} read" if after.left_out else ""
            yield f"expected the key {label(key)}, but it is not there{more}"
            continue
        for problem in _value(entry, entries[key], after):
            yield f"[{label(key)}] {problem}"
    if table.get("only"):
        for key in sorted(set(entries) - named):
            yield f"unexpected key {label(key)} with {_shown_value(entries[key], after)}"
    for given in table.get("absent", ()):
        key = encode(kind, given, "key")
        if key in entries:
            yield f"unexpected key {label(key)} with {_shown_value(entries[key], after)}"
    count = table.get("count")
    if count is not None and len(after.entries) + after.left_out != count:
        yield f"expected {count} entries, found {len(after.entries) + after.left_out}"
    if "values" in table:
        yield from _values(table["values"], after)


def _value(entry: Mapping[str, Any], data: bytes, after: MapAfter) -> Iterator[str]:
    kind = after.types["value"]
    if "value_hex" in entry:
        wanted = bytes.fromhex(entry["value_hex"])
        if data != wanted:
            yield f"expected {wanted.hex()}, found {data.hex()}"
    elif "per_cpu" in entry:
        if not after.per_cpu:
            yield f"expected a value per CPU, but this is a map of kind {after.kind}"
            return
        found = [decode(kind, one) for one in after.cpus(data)]
        if len(entry["per_cpu"]) > len(found):
            yield f"expected values of {len(entry['per_cpu'])} CPUs, found {len(found)}"
        for cpu, (one, other) in enumerate(zip(entry["per_cpu"], found, strict=False)):
            # Checks the type of what is wanted before it is compared.
            encode(kind, one)
            yield from differences(kind, one, other, f"CPU {cpu}")
    else:
        encode(kind, entry["value"])
        yield from differences(kind, entry["value"], _decoded(data, after))


def _values(wanted: list[Any], after: MapAfter) -> Iterator[str]:
    kind = after.types["value"]
    if len(wanted) != len(after.entries):
        found = ", ".join(_shown_value(value, after) for _, value in after.entries)
        yield f"expected {len(wanted)} values, found {len(after.entries)}: {found or 'none'}"
    for index, (one, (_, data)) in enumerate(zip(wanted, after.entries, strict=False)):
        if kind["size"] == 0 and isinstance(one, dict):
            record = one["text"].encode() if "text" in one else bytes.fromhex(one.get("hex", ""))
            if data != record:
                yield f"value {index}: expected {record!r}, found {data!r}"
            continue
        encode(kind, one)
        yield from differences(kind, one, decode(kind, data), f"value {index}")


def _decoded(data: bytes, after: MapAfter) -> Any:
    kind = after.types["value"]
    if after.per_cpu:
        return total(kind, [decode(kind, one) for one in after.cpus(data)])
    return decode(kind, data)


def _shown_value(data: bytes, after: MapAfter) -> str:
    kind = after.types["value"]
    if kind["size"] == 0:
        return repr(data)
    return shown(kind, _decoded(data, after))
