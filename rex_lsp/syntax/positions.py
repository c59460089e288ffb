# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Places in a text: LSP positions and ranges, and byte spans of the UTF-8 text.

A `Position` counts lines from 0 and characters in the units of an `Encoding`
(LSP 3.17, "Position" and "PositionEncodingKind"). A `Span` counts bytes. They are named
tuples because a long file has hundreds of thousands of them.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Encoding(Enum):
    """The unit of `Position.character`; the values are LSP's names."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


class Position(NamedTuple):
    """A zero-based line and a zero-based character in some encoding's units."""

    line: int
    character: int


class Range(NamedTuple):
    """A half-open stretch of text, as LSP has it."""

    start: Position
    end: Position


class Span(NamedTuple):
    """A half-open stretch of bytes of the UTF-8 text."""

    start: int
    end: int

    def shifted(self, by: int) -> Span:
        """The same stretch `by` bytes further on."""
        return Span(self.start + by, self.end + by)

    def contains(self, offset: int) -> bool:
        """Whether the byte at `offset` lies inside."""
        return self.start <= offset < self.end
