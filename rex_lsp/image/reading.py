# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Reads a large JSON object in pieces, so that nobody waits for all of it at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class Pieces:
    """The members of a JSON object, each element of a member that is an array by itself.

    Between two pieces the caller may do something else. What was given so far stands in
    `whole`. Raises `ValueError` where `text` is no JSON object.
    """

    def __init__(self, text: str) -> None:
        self.whole: dict[str, Any] = {}
        self._text = text

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Key and value, or key and element."""
        text, at = self._text, _after(self._text, 0, "{")
        if _next(text, at) == "}":
            return
        while True:
            key, at = _DECODER.raw_decode(text, _skip(text, at))
            at = _skip(text, _after(text, at, ":"))
            if text[at : at + 1] == "[":
                elements = self.whole[key] = []
                at += 1
                while _next(text, at) != "]":
                    value, at = _DECODER.raw_decode(text, _skip(text, at))
                    elements.append(value)
                    yield key, value
                    if _next(text, at) == ",":
                        at = _after(text, at, ",")
                at = _after(text, at, "]")
            else:
                value, at = _DECODER.raw_decode(text, at)
                self.whole[key] = value
                yield key, value
            if _next(text, at) != ",":
                _after(text, at, "}")
                return
            at = _after(text, at, ",")


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _next(text: str, at: int) -> str:
    at = _skip(text, at)
    return text[at : at + 1]


def _after(text: str, at: int, mark: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != mark:
        raise ValueError(f"expected {mark!r} at character {at}, found {text[at : at + 20]!r}")
    return at + 1
