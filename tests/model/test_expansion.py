# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What calls of macros by example become, and where the parts of it are shown."""

from __future__ import annotations

import pytest

from rex_lsp.model.answers import Item
from rex_lsp.model.macros.expansion import expand
from rex_lsp.model.places import Place
from rex_lsp.rules.engine import check, engine_of
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Span
from tests.rules.fixture import ROOT, crate_of
from tests.rules.test_engine import HEADER, MAIN, codes, opened, replace

CASES = {
    "rows": (
        "($($n:ident: $t:ty = $v:expr),* $(,)?) => { $(static $n: $t = $v;)* }",
        "a: M<u8, u16> = M::new(1, 2), b: [u8; 4] = [0; 4],",
        "static a: M<u8,u16>=M::new(1,2); static b: [u8; 4]=[0; 4];",
    ),
    "a function in parts": (
        "($(#[$m:meta])* $v:vis fn $n:ident($($a:tt)*) -> $r:ty $b:block) => "
        "{ $(#[$m])* $v fn $n($($a)*) -> $r $b }",
        "#[a(b)] pub fn f(o: &x, c: &mut y) -> R<u8> { Ok(1 as i32) }",
        "#[a(b)] pub fn f(o:&x, c:&mut y)->R<u8> { Ok(1 as i32) }",
    ),
    "items": (
        "($($i:item)*) => { $($i)* }",
        "#[m] static A: X<u8> = X::new(); struct S(u8); use a::{b, c}; const fn q() -> u8 { 1 }",
        "#[m] static A: X<u8> = X::new(); struct S(u8); use a::{b, c}; const fn q() -> u8 { 1 }",
    ),
    "the rule that fits": (
        "($n:ident) => { fn $n() {} }; ($n:ident, $l:literal) => { const $n: u8 = $l; }",
        "N, 7",
        "const N: u8 = 7;",
    ),
    "rows in rows": (
        "($($m:ident { $($n:ident)* })*) => { $(mod $m { $(pub fn $n() {})* })* }",
        "a { x y } b { z }",
        "mod a { pub fn x() {} pub fn y() {} } mod b { pub fn z() {} }",
    ),
    "a value beside every row": (
        "($t:ty; $($n:ident),+) => { $(static $n: $t = 0;)+ }",
        "u8; a, b",
        "static a: u8 = 0; static b: u8 = 0;",
    ),
    "closures and turbofish": (
        "($($v:expr),*) => { fn f() { $(k($v);)* } }",
        "|a, b| a + b, g::<A, B>(1, 2), x < y",
        "fn f() { k(|a, b| a + b); k(g::<A, B>(1, 2)); k(x < y); }",
    ),
    "a macro that makes a macro": (
        "($n:ident) => { macro_rules! $n { ($x:ident) => { fn $x() {} } } }",
        "k",
        "macro_rules! k { ($x:ident) => { fn $x() {} } }",
    ),
    "another crate root": ("() => { use $crate::a as b; }", "", "use crate::a as b;"),
    "patterns, paths and lifetimes": (
        "($p:pat => $q:path; $l:lifetime) => { fn f<$l>() { let $p = $q; } }",
        "Some(x) | None => a::b::<C>; 'a",
        "fn f<'a>() { let Some(x) | None = a::b::<C>; }",
    ),
}


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("case", list(CASES))
def test_a_call_becomes(case: str) -> None:
    rules, arguments, wanted = CASES[case]
    found = expand(f"macro_rules! m {{ {rules} }}".encode(), f"m! {{ {arguments} }}".encode())
    assert found is not None
    assert squeezed(found.text.decode()) == squeezed(wanted)


@pytest.mark.parametrize(
    ("rules", "arguments"),
    [
        ("($n:ident) => { fn $n() {} }", "1"),
        ("($($n:ident),+) => { $(fn $n() {})+ }", ""),
        ("($n:ident) => { fn $n( {} }", "a"),
        ("($($n:ident)*) => { fn $n() {} }", "a"),
        ("($n:ident) => { fn }", "a"),
        ("no rules", "a"),
        ("($n:ident) => { fn $n() {} }", 'a "'),
    ],
)
def test_what_nobody_can_expand(rules: str, arguments: str) -> None:
    definition = f"macro_rules! m {{ {rules} }}".encode()
    assert expand(definition, f"m! {{ {arguments} }}".encode()) is None


def test_the_parts_of_an_expansion_are_shown_where_the_call_has_them() -> None:
    call = b"m!(one: u8, two: u16)"
    found = expand(b"macro_rules! m { ($($n:ident: $t:ty),*) => { $(static $n: $t = 0;)* } }", call)
    assert found is not None
    for word in (b"one", b"two", b"u16"):
        at = found.text.index(word)
        place = found.place(Span(at, at + len(word)))
        assert place is not None
        assert call[place.start : place.end] == word
    at = found.text.index(b"static")
    assert found.place(Span(at, at + 6)) is None
    assert call[found.name.start : found.name.end] == b"m"


MAKES = "macro_rules! make { ($n:ident) => { pub fn $n(x: u8) {} }; }\n"


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (MAKES + "make!(forget);\nuse core::mem::*;\n", ""),
        ("#[macro_use]\nmod more;\nmake!(forget);\nuse core::mem::*;\n", MAKES),
        ("crate::make!(forget);\nmod more;\nuse core::mem::*;\n", "#[macro_export]\n" + MAKES),
        (
            "mod more;\nuse more::made as other;\nother!(forget);\nuse core::mem::*;\n",
            MAKES + "pub(crate) use make as made;\n",
        ),
        (
            "macro_rules! twice { ($n:ident) => { make!($n); } }\n"
            + MAKES
            + "twice!(forget);\nuse core::mem::*;\n",
            "",
        ),
        (MAKES + "mod more;\nuse more::*;\n", "make!(forget);\npub use core::mem::*;\n"),
    ],
)
def test_the_names_of_expansions_count(text: str, more: str) -> None:
    user = "fn user(x: u8) { forget(x); }\n"
    files = {MAIN: HEADER + text + user, ROOT / "more.rs": more}
    crate = crate_of(files)
    assert codes(crate) == []
    without = {path: one.replace("(forget)", "(other)") for path, one in files.items()}
    assert check(crate_of(without), MAIN)[-1].code == "rex::leak"


def test_a_macro_out_of_the_scope_of_the_text_is_not_taken() -> None:
    crate = crate_of(
        {
            MAIN: HEADER + "mod a { " + MAKES + "}\nmod b { pub fn keep() {} }\n"
            "mod c { macro_rules! make { ($n:ident) => { fn $n(x: f32) {} }; } make!(f); }\n"
        }
    )
    assert codes(crate) == ["rex::float_or_simd"]


def test_a_changed_macro_is_felt_at_its_calls_and_nowhere_else() -> None:
    functions = "".join(f"fn f{n}(x: u8) {{ g(x); }}\n" for n in range(400))
    text = HEADER + "mod more;\n" + functions + "crate::make!(made);\n"
    crate, document = opened(text, more="#[macro_export]\n" + MAKES)
    assert codes(crate) == []
    before = engine_of(crate).checked
    replace(crate, document, "fn f7(x: u8) { g(x); }", "fn f7(x: u8) { g(x) }")
    assert codes(crate) == []
    assert engine_of(crate).checked == before + 1
    changed = "#[macro_export]\n" + MAKES.replace("{}", "{ loop {} }")
    crate.update(ROOT / "more.rs", Document(changed))
    assert codes(crate) == ["rex::unbounded_loop"]
    # The call, and what it becomes.
    assert engine_of(crate).checked == before + 3


def test_programs_and_maps_of_expansions_are_offered() -> None:
    text = (
        "use rex::{rex_map, rex_xdp, xdp::*, map::*, Result};\n"
        "macro_rules! maps { ($($n:ident),*) => { $(#[rex_map] static $n: RexHashMap<u32, u8> = "
        "RexHashMap::new(1, 0);)* } }\nmaps!(first, second);\n"
        "macro_rules! filter { ($n:ident) => { #[rex_xdp] fn $n(o: &xdp, c: &mut xdp_md) -> "
        "Result { Ok(2) } } }\nfilter!(pass);\n"
    )
    crate = crate_of({MAIN: HEADER + text})
    data = (HEADER + text).encode()
    programs, maps = crate.programs(MAIN), crate.maps(MAIN)
    assert [(one.name, one.kind) for one in programs] == [("pass", "xdp")]
    assert [one.name for one in maps] == ["first", "second"]
    for one in (*programs, *maps):
        assert data[one.name_span.start : one.name_span.end].decode() == one.name


def test_the_place_of_what_a_macro_made_is_in_its_call() -> None:
    text = HEADER + MAKES + "make!(made);\nfn user() { made(1); }\n"
    crate = crate_of({MAIN: text})
    found = crate.resolve("made", Place(MAIN, text.index("made(1)")), "v")
    assert isinstance(found, Item)
    place = crate.place_of(found)
    assert place is not None
    start = text.index("make!(made)") + len("make!(")
    assert place == (MAIN, Span(start, start + 4))


def test_allow_comments_reach_into_a_call() -> None:
    keep = "macro_rules! keep { ($($i:item)*) => { $($i)* } }\n"
    loops = "fn a() { loop {} }\n"
    allow = "// rex: allow(unbounded_loop): it ends\n"
    for call, wanted in (
        (f"keep! {{\n{loops}}}\n", 1),
        (f"{allow}keep! {{\n{loops}}}\n", 0),
        (f"keep! {{\n{allow}{loops}fn b() {{ loop {{}} }} }}\n", 1),
    ):
        found = check(crate_of({MAIN: HEADER + keep + call}), MAIN)
        assert [one.code for one in found] == ["rex::unbounded_loop"] * wanted, call


def test_macros_without_end_are_given_up() -> None:
    doubling = "".join(
        f"macro_rules! m{n} {{ () => {{ m{n + 1}!(); m{n + 1}!(); }} }}\n" for n in range(40)
    )
    for text in (
        doubling + "macro_rules! m40 { () => { fn f(x: f32) {} } }\nm0!();\n",
        "macro_rules! on { ($($t:tt)*) => { on! { $($t)* x } } }\non!();\n",
        "macro_rules! deep { () => { " + "{" * 5000 + "}" * 5000 + " } }\ndeep!();\n",
    ):
        crate = crate_of({MAIN: HEADER + text + "fn g() { loop {} }\n"})
        assert codes(crate)[-1] == "rex::unbounded_loop"


def test_a_macro_may_eat_its_arguments_one_by_one() -> None:
    text = (
        "macro_rules! eat { () => {}; ($n:ident $($more:tt)*) => "
        "{ fn $n() { loop {} } eat! { $($more)* } } }\n"
        "eat! { " + " ".join(f"f{n}" for n in range(40)) + " }\n"
    )
    crate = crate_of({MAIN: HEADER + text})
    assert codes(crate) == ["rex::unbounded_loop"]
    for n in (0, 20, 39):
        assert isinstance(crate.resolve(f"f{n}", Place(MAIN, 0), "v"), Item)
