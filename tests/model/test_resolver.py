# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The resolver: what a path means where `$0` stands.

`//- name.rs` begins another file. The mark may stand in any file and is taken out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from rex_lsp.model.answers import Answer, External, Item, Unknown
from rex_lsp.model.crate import Crate, CrateConfig
from rex_lsp.model.places import Place

ROOT = Path("/c/src")


class Files(dict[Path, bytes]):
    """Files in memory."""

    def read(self, path: Path) -> bytes | None:
        """The bytes of a file."""
        return self.get(path)


def crate(text: str, config: CrateConfig | None = None) -> tuple[Crate, Place]:
    files: dict[Path, str] = {}
    place = Place(ROOT / "main.rs", 0)
    for part in ("//- main.rs\n" + text).split("//- ")[1:]:
        name, _, body = part.partition("\n")
        path = ROOT / name.strip()
        if "$0" in body:
            place = Place(path, len(body[: body.index("$0")].encode()))
            body = body.replace("$0", "")
        files[path] = body
    return Crate(ROOT / "main.rs", Files({p: t.encode() for p, t in files.items()}), config), place


def said(answer: Answer) -> str:
    """An answer in one line: `core::mem::forget`, `fn a::f`, `unknown`."""
    if isinstance(answer, External):
        return "::".join(answer.path)
    if isinstance(answer, Item):
        if answer.kind == "mod":
            return "mod " + "::".join(("crate", *answer.module))
        return f"{answer.kind} " + "::".join((*answer.module, answer.name, *answer.rest))
    assert isinstance(answer, Unknown)
    return "unknown"


@pytest.mark.parametrize(
    ("text", "path", "namespace", "want"),
    [
        ("fn f() { $0 }", "core::mem::forget", "v", "core::mem::forget"),
        ("fn f() { $0 }", "::std::mem", "t", "std::mem"),
        ("fn f() { $0 }", "f", "v", "fn f"),
        ("fn f() { $0 }", "crate", "t", "mod crate"),
        ("fn f() { $0 }", "nothing", "v", "unknown"),
        ("fn f() { $0 }", "nothing::at::all", "v", "unknown"),
        ("fn f() { $0 }", "u32", "t", "primitive::u32"),
        ("fn f() { $0 }", "drop", "v", "core::mem::drop"),
        ("fn f() { $0 }", "Vec", "t", "std::prelude::v1::Vec"),
        ("fn f() { $0 }", "println", "m", "std::prelude::v1::println"),
        ("fn f() { $0 }", "assert", "m", "core::assert"),
        ("use core::mem as m; fn f() { $0 }", "m::swap", "v", "core::mem::swap"),
        ("use core::{mem::{self, take as t}}; fn f() { $0 }", "t", "v", "core::mem::take"),
        ("use core::{mem::{self, take as t}}; fn f() { $0 }", "mem::x", "v", "core::mem::x"),
        ("use core::mem::*; fn f() { $0 }", "forget", "v", "core::mem::forget"),
        ("use core::mem::*; fn f() { $0 }", "forgotten", "v", "unknown"),
        ("use a::b::c as d; mod a { pub mod b { pub fn c() {} } } $0", "d", "v", "fn a::b::c"),
        ("mod a { pub use self::b::*; mod b { pub fn c() {} } } $0", "a::c", "v", "fn a::b::c"),
        ("mod a { fn g() { $0 } } fn f() {}", "super::f", "v", "fn f"),
        ("mod a { fn g() { $0 } } fn f() {}", "crate::f", "v", "fn f"),
        ("mod a { fn g() { $0 } } fn f() {}", "f", "v", "unknown"),
        ("mod a { mod b { fn g() { $0 } } } fn f() {}", "super::super::f", "v", "fn f"),
        ("fn f() { super::$0 }", "super::f", "v", "unknown"),
        ("extern crate core as c; $0", "c::mem", "t", "core::mem"),
        ("extern crate self as me; fn f() {} $0", "me::f", "v", "fn f"),
        ("type T = core::mem::MaybeUninit<u8>; $0", "T::new", "v", "core::mem::MaybeUninit::new"),
        ("type A = B; type B = A; $0", "A", "t", "type B"),
        ("struct S; impl S { fn new() {} } $0", "S::new", "v", "struct S::new"),
        ("enum E { A } use E::*; fn f() { $0 }", "A", "v", "variant A"),
        ("enum E { A } fn f() { use E::*; $0 }", "A", "v", "variant A"),
        ("fn f() { let x = 1; $0 }", "x", "v", "local x"),
        ("fn f() { $0; let x = 1; }", "x", "v", "unknown"),
        ("fn f(x: u8) { { let x = 2; } $0 }", "x", "v", "local x"),
        ("fn f<T>(x: T) { $0 }", "T", "t", "local T"),
        ("fn f() { fn g() {} $0 }", "g", "v", "local g"),
        ("fn f() { use core::mem::take as t; $0 } fn t() {}", "t", "v", "core::mem::take"),
        ("fn f() { { use core::mem::take as t; } $0 } fn t() {}", "t", "v", "fn t"),
        ("fn f() { type T = core::cell::Cell<u8>; $0 }", "T::new", "v", "core::cell::Cell::new"),
        ("impl S { fn g(x: u8) { $0 } }", "x", "v", "local x"),
        ("macro_rules! m { () => {} } mod a { fn f() { $0 } }", "m", "m", "macro_rules m"),
        ("fn m() {} macro_rules! m { () => {} } $0", "m", "v", "fn m"),
        ("use other::*; fn f() { $0 }", "Vec", "t", "unknown"),
        ("use other::*; fn f() { $0 }", "core::mem", "t", "core::mem"),
        (
            "mod a { pub use super::b::*; } mod b { pub use super::a::*; } $0",
            "a::x",
            "v",
            "unknown",
        ),
        ("use self::x as y; use self::y as x; $0", "x", "v", "unknown"),
        (
            "mod a { pub use super::b::*; pub use core::mem::*; }\n"
            "mod b { pub use super::a::*; } $0",
            "b::forget",
            "v",
            "core::mem::forget",
        ),
        ("mod m; fn f() { $0 }\n//- m.rs\npub fn g() {}", "m::g", "v", "fn m::g"),
        ("mod m; fn f() { $0 }\n//- m/mod.rs\npub fn g() {}", "m::g", "v", "fn m::g"),
        ("mod m;\n//- m.rs\nmod n;\n//- m/n.rs\nfn g() { $0 }\nfn h() {}", "h", "v", "fn m::n::h"),
        (
            "mod m;\n//- m.rs\nmod n;\n//- m/n.rs\nfn g() { $0 }",
            "super::super::m",
            "t",
            "mod crate::m",
        ),
        (
            'mod a { #[path = "x.rs"] pub mod b; } $0\n//- a/x.rs\npub fn g() {}',
            "a::b::g",
            "v",
            "fn a::b::g",
        ),
        (
            '#[path = "d/x.rs"] mod b; $0\n//- d/x.rs\npub mod c;\n//- d/c.rs\npub fn g() {}',
            "b::c::g",
            "v",
            "fn b::c::g",
        ),
        ("mod a { pub mod b; } $0\n//- a/b.rs\npub fn g() {}", "a::b::g", "v", "fn a::b::g"),
        (
            'include!("x.rs"); $0\n//- x.rs\nfn g() {}\nmod k { pub fn h() {} }',
            "k::h",
            "v",
            "fn k::h",
        ),
        ("mod gone; fn f() { $0 }", "gone::g", "v", "unknown"),
        ("mod gone; use gone::*; fn f() { $0 }", "Vec", "t", "unknown"),
        (
            "#[cfg(test)] use a::x; #[cfg(not(test))] use b::x; mod a { pub fn x() {} }\n"
            "mod b { pub fn x() {} } $0",
            "x",
            "v",
            "fn b::x",
        ),
        ("use rex::xdp::*; fn f() { $0 }", "xdp_md", "t", "rex::xdp::xdp_md"),
        ("use rex::*; fn f() { $0 }", "rex_xdp", "m", "rex::rex_xdp"),
        ("fn r#match() {} $0", "match", "v", "fn match"),
    ],
)
def test_a_path_means(text: str, path: str, namespace: str, want: str) -> None:
    model, place = crate(text)
    assert said(model.resolve(path, place, namespace)) == want


def test_without_a_namespace_any_meaning_will_do() -> None:
    model, place = crate("fn f() {} struct S; macro_rules! m { () => {} } $0")
    assert [said(model.resolve(name, place)) for name in ("f", "S", "m")] == [
        "fn f",
        "struct S",
        "macro_rules m",
    ]


def test_the_place_of_an_item() -> None:
    model, place = crate(
        "mod m; fn f() { $0 }\n//- m.rs\n// é\npub fn g() {}\npub mod n { pub fn g() {} }"
    )
    item = model.resolve("m::n::g", place)
    assert isinstance(item, Item)
    found = model.place_of(item)
    assert found is not None
    path, span = found
    data = model.documents[path].data
    assert path.name == "m.rs"
    assert data[: span.start].endswith(b"mod n { pub fn ")
    assert data[span.start : span.end] == b"g"


def test_the_rex_crate_may_be_renamed() -> None:
    model, place = crate("use kernel::xdp::xdp as x; $0", CrateConfig(rex_name="kernel"))
    assert said(model.resolve("x", place, "t")) == "rex::xdp::xdp"


def test_a_place_outside_the_crate_is_unknown() -> None:
    model, _ = crate("fn f() {}")
    assert isinstance(model.resolve("f", Place(ROOT / "else.rs", 0)), Unknown)
    assert isinstance(model.resolve("", Place(ROOT / "main.rs", 0)), Unknown)


def test_files_and_those_that_are_missing() -> None:
    model, _ = crate("mod a; mod b; mod c {} mod d;\n//- a.rs\nmod e;\n//- b/mod.rs\n")
    assert {path.name for path in model.files()} == {"main.rs", "a.rs", "mod.rs"}
    assert {str(path.relative_to(ROOT)) for path in model.awaited()} >= {"a/e.rs", "d.rs"}


def test_a_file_that_includes_itself_is_read_once() -> None:
    model, place = crate('include!("main.rs"); #[path = "main.rs"] mod again; fn f() { $0 }')
    assert said(model.resolve("f", place, "v")) == "fn f"
    assert {path.name for path in model.files()} == {"main.rs"}
