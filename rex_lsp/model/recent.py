# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What was made of items lately: an edit leaves most items of its chunk as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from rex_lsp.syntax.items import Raw

_LIMIT = 512


class Movable(Protocol):
    """Something with places in it."""

    def shifted(self: M, by: int) -> M:
        """The same `by` bytes further on."""
        ...


M = TypeVar("M", bound=Movable)


class Recent(Generic[M]):
    """Remembers about a thousand items by their kind, their text and where they stand.

    Only of sound items: what tree-sitter recovers from a broken one depends on what is
    around it.
    """

    def __init__(self) -> None:
        self._young: dict[object, tuple[int, M]] = {}
        self._old: dict[object, tuple[int, M]] = {}

    def of(
        self,
        raw: Raw,
        data: bytes,
        where: object,
        make: Callable[[Raw], M],
        holds: Callable[[M], bool] = lambda _: True,
    ) -> M:
        """What `make` gives for an item, or gave for the same text and still `holds`."""
        if raw.node.has_error or any(one.has_error for one in raw.attributes):
            return make(raw)
        key = (where, raw.node.type, data[raw.start : raw.node.end_byte])
        known = self._young.get(key) or self._old.get(key)
        if known is not None and holds(known[1]):
            at, value = known
            if at != raw.start:
                value = value.shifted(raw.start - at)
        else:
            value = make(raw)
        if len(self._young) >= _LIMIT:
            self._old, self._young = self._young, {}
        self._young[key] = raw.start, value
        return value
