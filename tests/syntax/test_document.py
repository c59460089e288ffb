# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Chunks, items, and what an edit costs."""

from __future__ import annotations

import time

import pytest

from rex_lsp.syntax.changes import Change
from rex_lsp.syntax.chunk import Chunk
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Encoding, Position, Range

U16 = Encoding.UTF16


def functions(count: int) -> str:
    return "".join(
        f"/// Function {n}.\npub fn f{n}(x: u32) -> u32 {{\n    let y = x + {n};\n    y * 2\n}}\n\n"
        for n in range(count)
    )


def names(document: Document) -> list[str]:
    return [item.name for item in document.items()]


def type_at(document: Document, line: int, column: int, text: str) -> None:
    place = Position(line, column)
    document.apply([Change(Range(place, place), text)], U16)


def test_items_have_their_kinds_names_and_places() -> None:
    text = (
        "#![no_std]\nuse a::b;\n/// Doc.\n#[inline]\nfn f() {}\nstatic S: u8 = 1;\n"
        "const C: u8 = 1;\n"
        "mod m { struct T; }\nmod n;\nenum E { A }\ntype A = u8;\ntrait R { fn g(); }\n"
        "impl R for T { fn g() {} }\nmacro_rules! q { () => {}; }\nq!();\nextern crate c;\n"
        'union U { a: u8 }\nextern "C" { fn h(); }\n'
    )
    document = Document(text)
    found = [(item.kind, item.name) for item in document.items()]
    assert found == [
        ("inner_attribute", ""),
        ("use", "a::b"),
        ("fn", "f"),
        ("static", "S"),
        ("const", "C"),
        ("mod", "m"),
        ("mod", "n"),
        ("enum", "E"),
        ("type", "A"),
        ("trait", "R"),
        ("impl", "T"),
        ("macro_rules", "q"),
        ("macro_call", "q"),
        ("extern_crate", "c"),
        ("union", "U"),
        ("extern_block", ""),
    ]
    function = document.items()[2]
    assert text[function.span.start : function.span.end] == "fn f() {}"
    assert text[function.region.start : function.region.end].startswith("/// Doc.\n#[inline]")
    assert text[function.name_span.start : function.name_span.end] == "f"
    assert [attribute.path for attribute in function.attributes] == ["inline"]
    assert [child.name for child in document.items()[10].children] == ["g"]


def test_a_long_text_has_many_chunks_of_whole_items() -> None:
    document = Document(functions(1000))
    assert len(document.chunks) > 5
    assert all(not chunk.broken for chunk in document.chunks)
    assert b"".join(chunk.data for chunk in document.chunks) == document.data
    assert names(document) == [f"f{n}" for n in range(1000)]


def test_an_edit_leaves_the_other_chunks_alone() -> None:
    document = Document(functions(1000))
    document.settle()
    before = list(document.chunks)
    type_at(document, 3000, 8, "z")
    changed = [a for a, b in zip(before, document.chunks, strict=True) if a is not b]
    assert len(changed) == 1
    assert sum(not chunk.parsed for chunk in document.chunks) == 1


def test_a_broken_item_does_not_spread() -> None:
    document = Document(functions(400))
    document.settle()
    type_at(document, 600, 0, "fn open() {\n")
    broken = [chunk for chunk in document.chunks if chunk.broken]
    assert len(broken) == 1
    assert broken[0].data.count(b"\n") < 20
    assert len(names(document)) >= 400
    type_at(document, 601, 0, "}\n")
    assert not any(chunk.broken for chunk in document.chunks)
    assert len(names(document)) == 401


def test_brackets_may_be_opened_here_and_closed_there() -> None:
    document = Document(functions(300))
    document.settle()
    type_at(document, 0, 0, "mod all {\n")
    type_at(document, document.line_count() - 1, 0, "}\n")
    document.settle()
    assert names(document) == ["all"]
    assert len(document.items()[0].children) == 300


def test_a_comment_may_be_opened_here_and_closed_there() -> None:
    document = Document(functions(300))
    type_at(document, 6, 0, "/*\n")
    type_at(document, document.line_count() - 7, 0, "*/\n")
    document.settle()
    assert names(document) == ["f0", "f299"]


def test_a_long_text_is_parsed_in_slices_with_the_visible_part_first() -> None:
    document = Document(functions(12000))
    assert document.pending()
    middle = len(document.data) // 2
    slices = 0
    while not document.parse_some(5, around=middle):
        slices += 1
    assert slices > 3
    assert document.pending() == 0
    assert len(names(document)) == 12000


def test_the_visible_chunk_is_parsed_before_the_rest() -> None:
    document = Document(functions(12000))
    while not any(chunk.parsed for chunk in document.chunks):
        document.parse_some(1, around=0)
    assert document.chunks[0].parsed
    assert not document.chunks[-1].parsed


def test_edits_may_come_before_the_text_is_cut() -> None:
    text = functions(12000)
    document = Document(text)
    document.parse_some(1)
    type_at(document, 1, 0, "fn early() {}\n")
    type_at(document, 60_000, 0, "fn late() {}\n")
    document.settle()
    fresh = Document(document.text)
    fresh.settle()
    assert document.items() == fresh.items()
    assert {"early", "late"} <= set(names(document))


@pytest.mark.parametrize("text", ["", "\n", "\r", "\r\n", "\ufeff", "fn", "}", "\n\n}\n{"])
def test_small_texts(text: str) -> None:
    document = Document(text)
    document.settle()
    assert document.settled
    assert document.text == text
    type_at(document, 0, 0, "fn a() {}\n")
    document.settle()
    assert document.text == "fn a() {}\n" + text


def test_a_chunk_knows_a_quiet_edit() -> None:
    chunk = Chunk(b'fn a() { let name = "x"; }\n')
    assert chunk.outcome.clean
    assert chunk.spliced(14, 15, b"xy").settled
    assert not chunk.spliced(14, 15, b"{").settled
    assert not chunk.spliced(20, 20, b"r").settled
    assert not chunk.spliced(26, 27, b"").settled


def test_an_edit_is_quick() -> None:
    document = Document(functions(900))
    document.settle()
    best = 1.0
    for n in range(40):
        start = time.perf_counter()
        type_at(document, 600 * (n % 5) + 2, 8, "z")
        assert document.parse_some(1000)
        best = min(best, time.perf_counter() - start)
    assert best < 0.005
