# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The index of the kernel crate: what ``rex::…`` has, without cargo and without a network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("index.json")


@dataclass(frozen=True, slots=True)
class Entry:
    """One public item or member. ``types`` maps words of its type text to paths."""

    name: str
    path: str
    kind: str
    signature: str
    doc: str
    params: tuple[tuple[str, str], ...] = ()
    returns: str = ""
    types: Mapping[str, str] = field(default_factory=dict)
    generics: tuple[str, ...] = ()
    deref: str = ""

    @property
    def summary(self) -> str:
        """The first paragraph of the documentation, in one line."""
        return " ".join(self.doc.split("\n\n", 1)[0].split())

    @property
    def takes_self(self) -> bool:
        """Whether it is called with a dot."""
        return bool(self.params) and self.params[0][0] == "self"


class KernelIndex:
    """Questions to the index; paths begin with ``rex``."""

    def __init__(self, items: Mapping[str, Mapping[str, Any]]) -> None:
        self._items = items
        self._children: dict[str, list[str]] = {}
        for path in items:
            parent, _, _ = path.rpartition("::")
            self._children.setdefault(parent, []).append(path)

    def get(self, path: str) -> Entry | None:
        """The item at a path; ``rex::map::RexHashMap::insert`` is a method."""
        found = self._items.get(path)
        if found is not None:
            return _entry(path, found)
        parent, _, name = path.rpartition("::")
        owner = self._items.get(parent)
        method = None if owner is None else owner.get("methods", {}).get(name)
        return None if method is None else _entry(path, method)

    def children(self, path: str) -> list[Entry]:
        """What ``path::`` can go on with: items of a module, functions of a type."""
        found = [_entry(child, self._items[child]) for child in self._children.get(path, ())]
        owner = self._items.get(path, {})
        for name, raw in owner.get("methods", {}).items():
            found.append(_entry(f"{path}::{name}", raw))
        for variant in owner.get("variants", ()):
            found.append(Entry(variant, f"{path}::{variant}", "variant", variant, ""))
        return found

    def members(self, path: str) -> list[Entry]:
        """What a value of the type at ``path`` has behind a dot: fields, then methods."""
        owner = self._items.get(path)
        if owner is None:
            return []
        return [
            *(
                Entry(
                    name,
                    f"{path}.{name}",
                    "field",
                    f"{name}: {raw['type']}",
                    raw["doc"],
                    returns=raw["type"],
                    types=raw.get("types", {}),
                )
                for name, raw in owner.get("fields", {}).items()
            ),
            *(
                entry
                for name, raw in owner.get("methods", {}).items()
                if (entry := _entry(f"{path}::{name}", raw)).takes_self
            ),
        ]

    def attributes(self) -> list[Entry]:
        """The attributes that make programs and maps."""
        return [one for one in self.children("rex") if one.kind == "attribute"]

    def deref_types(self, path: str) -> Mapping[str, str]:
        """The words of a type's Deref target that are types of the crate."""
        found: Mapping[str, str] = self._items.get(path, {}).get("deref_types", {})
        return found


@cache
def load() -> KernelIndex:
    """The committed index; read once, some 10 ms."""
    return KernelIndex(json.loads(_FILE.read_bytes())["items"])


@cache
def system_calls() -> tuple[str, ...]:
    """The names of the system calls of x86-64, from the crate's ``unistd``."""
    names = (one.name for one in load().children("rex::linux::unistd"))
    return tuple(sorted(name[5:] for name in names if re.match(r"__NR_[a-z]", name)))


def _entry(path: str, raw: Mapping[str, Any]) -> Entry:
    return Entry(
        path.rpartition("::")[2],
        path,
        raw["kind"],
        raw["sig"],
        raw["doc"],
        tuple((name, text) for name, text in raw.get("params", ())),
        raw.get("returns", raw.get("target", "")),
        raw.get("types", {}),
        tuple(raw.get("generics", ())),
        raw.get("deref", ""),
    )
