# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Line starts and columns. A line ends at `\\n`, `\\r\\n` or `\\r` and nowhere else (LSP 3.17)."""

from __future__ import annotations

from itertools import accumulate

from rex_lsp.syntax.changes import EditRejected
from rex_lsp.syntax.positions import Encoding


def line_starts(data: bytes) -> list[int]:
    """The offset of each line's first byte; the first is always 0."""
    # Of bytes, unlike of str, splitlines takes exactly LSP's three line ends.
    starts = list(accumulate(map(len, data.splitlines(True)), initial=0))
    if len(starts) > 1 and data[-1] not in b"\r\n":
        starts.pop()
    return starts


def line_content(data: bytes, start: int, following: int | None) -> bytes:
    """The line at `start` without its line end; `following` is the next line's start."""
    if following is None:
        return data[start:]
    end = following
    if end > start and data[end - 1] == 0x0A:
        end -= 1
    if end > start and data[end - 1] == 0x0D:
        end -= 1
    return data[start:end]


def column_to_bytes(line: bytes, character: int, encoding: Encoding) -> tuple[int, int]:
    """Byte offset in `line` of a column, past the end clamped to the end (LSP, "Position").

    The second number is 1 when a UTF-16 column lies between the two halves of a
    surrogate pair; the offset is then that of the character. A UTF-8 column inside a
    character raises EditRejected.
    """
    if character <= 0:
        return 0, 0
    if line.isascii():
        return min(character, len(line)), 0
    if encoding is Encoding.UTF8:
        at = min(character, len(line))
        if at < len(line) and line[at] & 0xC0 == 0x80:
            raise EditRejected(
                f"expected a column at the start of a character, found byte {at} inside one"
            )
        return at, 0
    text = line.decode("utf-8", "surrogatepass")
    if encoding is Encoding.UTF32:
        return len(text[:character].encode("utf-8", "surrogatepass")), 0
    units = 0
    offset = 0
    for char in text:
        if units >= character:
            break
        width = 2 if ord(char) > 0xFFFF else 1
        if units + width > character:
            return offset, 1
        units += width
        offset += len(char.encode("utf-8", "surrogatepass"))
    return offset, 0


def bytes_to_column(line: bytes, offset: int, encoding: Encoding) -> int:
    """The column of the byte at `offset` of `line`, in the encoding's units."""
    head = line[:offset]
    if encoding is Encoding.UTF8 or head.isascii():
        return len(head)
    while head and offset < len(line) and line[offset] & 0xC0 == 0x80:
        offset -= 1
        head = line[:offset]
    text = head.decode("utf-8", "surrogatepass")
    if encoding is Encoding.UTF32:
        return len(text)
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)
