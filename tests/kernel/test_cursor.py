# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What stands before a cursor, read from half-typed text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_lsp.kernel.cursor import (
    AfterDot,
    AfterPath,
    AtWord,
    Call,
    InAttribute,
    InAttributeKey,
    InAttributeValue,
    Place,
    blanked,
    call_around,
    place,
)


@pytest.mark.parametrize(
    ("before", "found"),
    [
        ("use rex::map::{RexHash", AfterPath(("rex", "map"), "RexHash", True)),
        ("use rex::{map::*, kprobe::", AfterPath(("rex", "kprobe"), "", True)),
        ("use rex::{map::{A, B}, ", AfterPath(("rex",), "", True)),
        ("use rex::a; x::y", AfterPath(("x",), "y", False)),
        ("#[rex_k", InAttribute("rex_k")),
        ("#[rex::rex_", InAttribute("rex_")),
        ("#[rex_kprobe(fu", InAttributeKey("rex_kprobe", "fu")),
        ('#[rex_kprobe(function = "__x', InAttributeValue("rex_kprobe", "function", "__x")),
        ("let y = obj.bpf", AfterDot("obj", "bpf")),
        ("f(obj.a(1, g(2))?.b", AfterDot("obj.a(1, g(2))?", "b")),
        ("A::b::<u8>(1).", AfterDot("A::b::<u8>(1)", "")),
        ("x[3].", AfterDot("x[3]", "")),
        ("if a { 1 } else { 2 }\n    obj.", AfterDot("obj", "")),
        ("obj\n    .first()\n    .sec", AfterDot("obj\n    .first()", "sec")),
        ("rex_pri", AtWord("rex_pri")),
        ("", AtWord("")),
        ("// obj.", None),
        ("/* rex::", None),
        ('"obj.', None),
        ('r#"a" obj.', None),
        ("/* done */ obj.", AfterDot("obj", "")),
        ('"done" ; obj.', AfterDot("obj", "")),
        ("1.", None),
    ],
)
def test_places(before: str, found: Place | None) -> None:
    assert place(before) == found


@pytest.mark.parametrize(
    ("before", "found"),
    [
        ("obj.f(a, ", Call("obj.f", 1, False)),
        ("f(g(1, 2), ", Call("f", 1, False)),
        ("f(g(1, ", Call("g", 1, False)),
        ("f([1, 2, 3], ", Call("f", 1, False)),
        ('f("a, (b", ', Call("f", 1, False)),
        ("m!(a, ", Call("m", 1, True)),
        ("a::b::<u8, u16>(", Call("a::b", 0, False)),
        ("fn declared(a, ", None),
        ("if (a, ", None),
        ("f(a); ", None),
        ("f({ g(); ", None),
    ],
)
def test_calls(before: str, found: Call | None) -> None:
    assert call_around(before) == found


@given(st.text(alphabet="ab_.:(){}[]<>\"'/*\\ \n#!?,;=r&1é😀", max_size=60))
def test_any_text_is_survived_and_blanking_keeps_its_shape(text: str) -> None:
    place(text)
    call_around(text)
    blank = blanked(text)
    assert len(blank) == len(text)
    assert [n for n, c in enumerate(blank) if c == "\n"] == [
        n for n, c in enumerate(text) if c == "\n"
    ]
