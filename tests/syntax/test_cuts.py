# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Where texts are cut, and what counts as even."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rex_lsp.syntax.cuts import cut


def pieces(text: str, lenient: bool = False) -> list[str]:
    data = text.encode()
    cuts, _ = cut(data, lenient, target=1)
    edges = [0, *cuts, len(data)]
    return [data[a:b].decode() for a, b in pairwise(edges)]


@pytest.mark.parametrize(
    "text",
    [
        'fn a() { let s = "}"; }\n',
        "fn a() { let c = '}'; let d = '\\''; let e: &'a str = f::<'b>(); }\n",
        'fn a() { let s = r#"}"}"#; let t = br"\\"; let u = b"\\"}"; }\n',
        "fn a() { /* } /* } */ } */ }\n",
        "fn a() { // }\n}\n",
        "static A: [u8; 2] = [\n1,\n2,\n];\n",
        "fn a() { let c = '\u00e9'; let d = '\U0001f600'; let e = '\\u{1f600}'; }\n",
        'fn a() { let s = "\nfn b() {\n"; }\n',
        "/// fn x() {\nfn a() {}\n",
        "const A: u8 = if B {\n1\n}\nelse {\n2\n};\n",
    ],
)
def test_an_item_is_even_and_stays_whole(text: str) -> None:
    _, outcome = cut(text.encode(), False)
    assert outcome.clean
    assert outcome.terminated
    assert pieces(text + "fn z() {}\n") == [text, "fn z() {}\n"]


@pytest.mark.parametrize("text", ["fn a() {", "fn a() }", 'fn a() "', "/* fn", 'r#"x"', "fn a( {"])
def test_what_is_open_is_not_even(text: str) -> None:
    assert not cut(text.encode(), False)[1].clean


@pytest.mark.parametrize("text", ["fn a", "fn a() {}\n#[test]\n", "fn a() {}\n/// doc\n", "use a"])
def test_an_item_may_be_unfinished(text: str) -> None:
    outcome = cut(text.encode(), False)[1]
    assert outcome.clean
    assert not outcome.terminated


def test_comments_and_attributes_stay_with_their_item() -> None:
    text = "fn a() {} // a's\n\n// b's\n/// doc\n#[inline]\nfn b() {}\n"
    assert pieces(text) == ["fn a() {} // a's\n", "\n// b's\n/// doc\n#[inline]\nfn b() {}\n"]


@pytest.mark.parametrize(
    "broken",
    ["fn b() { if x {\n}\n", 'fn b() { let x = "; }\n', "fn b() { /* }\n", 'fn b() { r#"x }\n'],
)
def test_leniently_a_broken_item_stands_alone(broken: str) -> None:
    text = "fn a() {}\n" + broken + "fn c() {}\nfn d() {}\n"
    assert pieces(text, lenient=True) == ["fn a() {}\n", broken, "fn c() {}\n", "fn d() {}\n"]
