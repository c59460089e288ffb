# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Positions in three encodings, line ends, clamping (LSP 3.17, "Position")."""

from __future__ import annotations

import pytest

from rex_lsp.syntax.changes import Change, EditRejected
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Encoding, Position, Range, Span

U8, U16, U32 = Encoding.UTF8, Encoding.UTF16, Encoding.UTF32


def insert(document: Document, line: int, column: int, text: str, encoding: Encoding = U16) -> str:
    place = Position(line, column)
    document.apply([Change(Range(place, place), text)], encoding, 1)
    return document.text


def test_only_three_things_end_a_line() -> None:
    text = "a\fb\x0bc\x1cd\x85e\u2028f\u2029g\nh\r\ni\rj"
    document = Document(text)
    assert document.line_count() == 4
    assert document.position(len(document.data), U16) == Position(3, 1)
    assert insert(document, 1, 0, "X") == text.replace("h", "Xh")


@pytest.mark.parametrize("encoding", list(Encoding))
def test_a_column_past_the_end_is_the_end(encoding: Encoding) -> None:
    assert insert(Document("fn a"), 0, 99, "!", encoding) == "fn a!"
    assert insert(Document("ab\ncd"), 0, 3, "X", encoding) == "abX\ncd"
    assert insert(Document("ab\r\ncd"), 0, 3, "X", encoding) == "abX\r\ncd"
    assert insert(Document("ab\rcd"), 0, 9, "X", encoding) == "abX\rcd"
    assert insert(Document("ab"), 7, 0, "X", encoding) == "abX"


@pytest.mark.parametrize(
    ("encoding", "column"), [(U8, 7), (U16, 4), (U32, 3)], ids=["utf-8", "utf-16", "utf-32"]
)
def test_columns_count_units(encoding: Encoding, column: int) -> None:
    document = Document("é😀ab")
    assert document.position(7, encoding) == Position(0, column)
    assert document.offset(Position(0, column), encoding) == 7
    assert insert(document, 0, column, "X", encoding) == "é😀aXb"


def test_a_range_there_and_back() -> None:
    document = Document("let é = 1;\r\nlet 😀 = 2;\n")
    span = Span(4, 21)
    for encoding in Encoding:
        assert document.span(document.range(span, encoding), encoding) == span


def test_half_a_character() -> None:
    document = Document("a😀b")
    start, end = Position(0, 2), Position(0, 3)
    document.apply([Change(Range(start, end), "\ude01")], U16, 1)
    assert document.text == "a😁b"
    document.apply([Change(Range(Position(0, 1), Position(0, 2)), "\ud83c")], U16, 2)
    assert document.text == "a\U0001f201b"
    document.apply([Change(Range(Position(0, 2), Position(0, 3)), "")], U16, 3)
    assert document.text == "a\ud83cb"
    assert insert(document, 0, 2, "\ude00") == "a\U0001f200b"


def test_a_utf_8_column_inside_a_character_is_refused() -> None:
    document = Document("é")
    with pytest.raises(EditRejected, match="start of a character"):
        insert(document, 0, 1, "x", U8)
    assert document.text == "é"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (Position(1, 0), Position(0, 0)),
        (Position(0, 2), Position(0, 1)),
        (Position(-1, 0), Position(0, 0)),
        (Position(0, -1), Position(0, 0)),
    ],
)
def test_a_batch_is_refused_as_a_whole(start: Position, end: Position) -> None:
    document = Document("ab\ncd\n", 3)
    good = Change(Range(Position(0, 0), Position(0, 1)), "Z")
    with pytest.raises(EditRejected, match="expected"):
        document.apply([good, Change(Range(start, end), "")], U16, 4)
    assert document.text == "ab\ncd\n"
    assert document.version == 3
    document.apply([good], U16, 5)
    assert document.text == "Zb\ncd\n"


def test_a_refused_batch_may_have_replaced_the_text() -> None:
    document = Document("fn a() {}\n")
    bad = Change(Range(Position(1, 0), Position(0, 0)), "")
    with pytest.raises(EditRejected):
        document.apply([Change(None, "fn b() {}\n"), bad], U16, 1)
    assert document.text == "fn a() {}\n"
    assert [item.name for item in document.items()] == ["a"]


def test_each_change_is_applied_to_what_the_one_before_left() -> None:
    document = Document("abc")
    touched = document.apply(
        [
            Change(Range(Position(0, 0), Position(0, 0)), "12"),
            Change(Range(Position(0, 2), Position(0, 3)), ""),
            Change(None, "new\ntext"),
            Change(Range(Position(1, 0), Position(1, 4)), "é"),
        ],
        U16,
        9,
    )
    assert document.text == "new\né"
    assert touched.replaced
    assert touched.version == document.version == 9
    assert [splice.inserted for splice in touched.splices] == [2, 0, 8, 2]


def test_bytes_that_are_no_utf_8_are_read_all_the_same() -> None:
    assert Document(b"a\xffb").text == "a\ufffdb"
