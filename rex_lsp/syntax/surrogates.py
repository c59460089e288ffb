# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Edits that touch one half of a surrogate pair.

UTF-16 clients may replace a single code unit of a character beyond U+FFFF. The halves
are put together again here, so that the text stays what the client has.
"""

from __future__ import annotations


def joined(
    data: bytes, start: int, end: int, start_half: int, end_half: int, text: str
) -> tuple[int, int, bytes]:
    """The bytes to put in the place of `data[start:end]`, and that place, perhaps widened.

    `start_half` and `end_half` are 1 when the edit begins or ends after the first
    UTF-16 unit of the character at that offset.
    """
    inserted = text.encode("utf-8", "surrogatepass")
    if start_half:
        pair = _char_at(data, start)
        text = _units(pair)[0] + text
    if end_half:
        pair = _char_at(data, end)
        text = text + _units(pair)[1]
        end += len(pair.encode("utf-8", "surrogatepass"))
    before = data[max(0, start - 3) : start]
    after = data[end : end + 3]
    if not start_half and not end_half and not _surrogate(before, inserted, after):
        return start, end, inserted
    if _is_surrogate(before):
        text = before.decode("utf-8", "surrogatepass") + text
        start -= 3
    if _is_surrogate(after):
        text = text + after.decode("utf-8", "surrogatepass")
        end += 3
    paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return start, end, paired.encode("utf-8", "surrogatepass")


def _surrogate(before: bytes, inserted: bytes, after: bytes) -> bool:
    if not _is_surrogate(before) and not _is_surrogate(after):
        return _is_surrogate(inserted[:3]) or _is_surrogate(inserted[-3:])
    return True


def _is_surrogate(three: bytes) -> bool:
    return len(three) == 3 and three[0] == 0xED and three[1] >= 0xA0


def _char_at(data: bytes, offset: int) -> str:
    return data[offset : offset + 4].decode("utf-8", "surrogatepass")[0]


def _units(char: str) -> tuple[str, str]:
    code = ord(char) - 0x10000
    return chr(0xD800 + (code >> 10)), chr(0xDC00 + (code & 0x3FF))
