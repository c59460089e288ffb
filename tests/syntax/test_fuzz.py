# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Random edits: the text is always the client's, and settled items those of a fresh document."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rex_lsp.syntax import layout
from rex_lsp.syntax.changes import Change
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Encoding, Position, Range
from tests.fuzz.client import paired

ITEMS = [
    "fn a(x: u8) -> u8 {\n    x + 1\n}\n",
    '/// Doc é.\n#[inline]\npub fn b() {\n    let s = "}\\"{"; // {\n}\n\n',
    "mod m {\n    fn c() {}\n    mod n { struct S; }\n}\n",
    "impl<T> X<T> {\n    fn d(&self) { loop { break } }\n}\n",
    'const R: &str = r#"fn x() { "}" "#;\r\n',
    "use a::{b, c as d};\n// plain {\n/* block } */\n",
    "macro_rules! q { ($e:expr) => { $e }; }\nq!({ 1 });\n",
    "static 😀: [u8; 2] = [\n    1,\n    2,\n];\n",
    "fn e<'a>(x: &'a str) -> char { '{' }\n",
]
PIECES = [
    *("{", "}", "(", ")", '"', "'", "/*", "*/", "//", "///", "\n", "\r\n", "\r", ";", "#[x]\n"),
    *("é", "😀", "\ud83d", "\ude00", 'r#"', '"#', "x", " ", "", "fn f() {}\n", "mod m {\n", "r"),
]


@dataclass(frozen=True)
class Edit:
    """Where, as fractions of the text, how much, and what comes instead."""

    at: float
    length: int
    text: str


EDITS = st.builds(
    Edit,
    st.floats(0, 1),
    st.sampled_from([0, 0, 0, 1, 1, 2, 7, 60]),
    st.one_of(st.sampled_from(PIECES), st.text(max_size=6)),
)
BATCHES = st.lists(st.lists(EDITS, min_size=1, max_size=3), min_size=1, max_size=6)


def units(text: str, encoding: Encoding) -> bytes:
    """The text in an encoding of fixed unit size, or UTF-8."""
    name = {Encoding.UTF8: "utf-8", Encoding.UTF16: "utf-16-le", Encoding.UTF32: "utf-32-le"}
    return text.encode(name[encoding], "surrogatepass")


def position(text: str, at: int, encoding: Encoding) -> Position:
    """The position of a character index, counted the slow way."""
    line = 0
    start = 0
    index = 0
    while index < at:
        if text[index] == "\r" and text[index + 1 : index + 2] == "\n":
            if index + 1 >= at:
                break
            index += 1
        if text[index] in "\r\n":
            line += 1
            start = index + 1
        index += 1
    width = {Encoding.UTF8: 1, Encoding.UTF16: 2, Encoding.UTF32: 4}[encoding]
    return Position(line, len(units(text[start:index], encoding)) // width)


def inside_break(text: str, at: int) -> bool:
    return text[at - 1 : at + 1] == "\r\n"


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few items, so that a short text has many."""
    monkeypatch.setattr(layout, "TARGET", 150)
    monkeypatch.setattr(layout, "LARGE", 600)


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(
    st.lists(st.sampled_from(ITEMS), min_size=1, max_size=12),
    st.integers(1, 6),
    BATCHES,
    st.sampled_from(list(Encoding)),
)
def test_random_edits(
    small_chunks: None,
    items: list[str],
    repeat: int,
    batches: list[list[Edit]],
    encoding: Encoding,
) -> None:
    text = "".join(items) * repeat
    document = Document(text, 0)
    for version, batch in enumerate(batches, 1):
        changes = []
        for edit in batch:
            start = round(edit.at * len(text))
            end = min(len(text), start + edit.length)
            start -= inside_break(text, start)
            end += inside_break(text, end)
            place = Range(position(text, start, encoding), position(text, end, encoding))
            changes.append(Change(place, edit.text))
            text = paired(text[:start] + edit.text + text[end:])
        document.apply(changes, encoding, version)
        assert document.text == text
        assert document.line_count() == position(text + "|", len(text), encoding).line + 1
        for item in document.items():
            assert 0 <= item.region.start <= item.span.start <= item.span.end <= len(document.data)
        document.settle()
        fresh = Document(text)
        fresh.settle()
        assert document.items() == fresh.items()
        assert document.text == text
