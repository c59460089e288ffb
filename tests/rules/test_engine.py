# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The engine: again only what changed, and always what a fresh one would say."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rex_lsp.model.crate import Crate, CrateConfig
from rex_lsp.model.places import Place
from rex_lsp.rules.engine import advance, check, engine_of, inactive, known
from rex_lsp.rules.finding import Severity
from rex_lsp.syntax.changes import Change
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Encoding, Position, Range
from tests.rules.fixture import ROOT, Files, crate_of, sections

MAIN = ROOT / "main.rs"
HEADER = "#![no_std]\n#![no_main]\n"


def opened(text: str, **others: str) -> tuple[Crate, Document]:
    files = {MAIN: text} | {ROOT / f"{name}.rs": other for name, other in others.items()}
    crate = crate_of(files)
    document = Document(text, 0)
    crate.update(MAIN, document)
    return crate, document


def edit(crate: Crate, document: Document, start: int, end: int, text: str) -> None:
    place = Range(document.position(start, Encoding.UTF8), document.position(end, Encoding.UTF8))
    document.apply([Change(place, text)], Encoding.UTF8)
    crate.update(MAIN, document)


def replace(crate: Crate, document: Document, old: str, new: str) -> None:
    at = document.data.index(old.encode())
    edit(crate, document, at, at + len(old.encode()), new)


def codes(crate: Crate, path: Path = MAIN) -> list[str]:
    return [finding.code for finding in check(crate, path)]


def test_an_edit_looks_at_one_item_again() -> None:
    functions = "".join(f"fn f{n}(x: u8) {{ g(x); }}\n" for n in range(400))
    crate, document = opened(HEADER + functions)
    assert codes(crate) == []
    before = engine_of(crate).checked
    replace(crate, document, "fn f7(x: u8) { g(x); }", "fn f7(x: u8) { core::mem::forget(x); }")
    assert codes(crate) == ["rex::leak"]
    assert engine_of(crate).checked == before + 1


def test_a_changed_name_is_felt_where_it_is_used_and_nowhere_else() -> None:
    functions = "".join(f"fn f{n}(x: u8) {{ g(x); }}\n" for n in range(400))
    crate, document = opened(HEADER + "fn tidy() {}\nfn user(x: u8) { tidy(x); }\n" + functions)
    assert codes(crate) == []
    before = engine_of(crate).checked
    replace(crate, document, "fn tidy() {}", "use core::mem::forget as tidy;")
    assert codes(crate) == ["rex::leak"]
    assert engine_of(crate).checked == before + 2


def test_a_glob_is_felt_by_those_it_gives_a_meaning() -> None:
    functions = "".join(f"fn f{n}(x: u8) {{ g(x); }}\n" for n in range(400))
    crate, document = opened(HEADER + functions + "fn user(x: u8) { forget(x); }\n")
    assert codes(crate) == []
    before = engine_of(crate).checked
    edit(crate, document, len(HEADER), len(HEADER), "use core::mem::*;\n")
    assert codes(crate) == ["rex::leak"]
    assert engine_of(crate).checked == before + 2


def test_a_name_that_thousands_use_is_followed_a_slice_at_a_time() -> None:
    functions = "".join(f"fn f{n}(x: u8) {{ g{n}(x); }}\n" for n in range(400))
    crate, document = opened(HEADER + functions + "fn user(x: u8) { forget(x); }\n")
    assert codes(crate) == []
    for text, length, wanted in (("use core::mem::*;\n", 0, ["rex::leak"]), ("", 18, [])):
        edit(crate, document, len(HEADER), len(HEADER) + length, text)
        # What the slices have asked so far must not be forgotten at the next edit.
        assert not advance(crate, MAIN, 0.0)
        edit(crate, document, len(HEADER), len(HEADER), "// more\n")
        edit(crate, document, len(HEADER), len(HEADER) + 8, "")
        while not advance(crate, MAIN, 2.0):
            pass
        assert codes(crate) == wanted


def test_a_change_in_one_file_is_felt_in_another() -> None:
    crate, document = opened(
        HEADER + "mod user;\npub use core::mem::drop as tidy;\n",
        user="fn f(x: u8) { crate::tidy(x); }\n",
    )
    user = ROOT / "user.rs"
    assert codes(crate, user) == []
    replace(crate, document, "core::mem::drop", "core::mem::forget")
    assert codes(crate, user) == ["rex::leak"]
    replace(crate, document, "core::mem::forget", "core::mem::drop")
    assert codes(crate, user) == []


def test_a_module_file_may_come_and_go() -> None:
    files = Files({MAIN: (HEADER + "mod other;\n").encode()})
    crate = Crate(MAIN, files)
    other = ROOT / "other.rs"
    assert crate.awaited() == {other}
    files[other] = b"fn f(x: u8) { core::mem::forget(x); }\n"
    crate.update(other, None)
    assert crate.files() == {MAIN, other}
    assert codes(crate, other) == ["rex::leak"]
    del files[other]
    crate.update(other, None)
    assert crate.files() == {MAIN}
    assert check(crate, other) == []


def test_findings_move_with_the_text() -> None:
    crate, document = opened(HEADER + "fn f(x: u8) { core::mem::forget(x); }\n")
    (first,) = check(crate, MAIN)
    edit(crate, document, len(HEADER), len(HEADER), "// é 😀\n" * 3)
    (second,) = check(crate, MAIN)
    by = len("// é 😀\n".encode()) * 3
    assert second.span == first.span.shifted(by)
    assert second.fixes[0].edits[0].span == first.fixes[0].edits[0].span.shifted(by)
    assert second.item == "f"


def test_a_slice_at_a_time_comes_to_the_same() -> None:
    text = HEADER + "".join(f"fn f{n}(x: u8) {{ core::mem::forget(x); }}\n" for n in range(3000))
    whole, _ = opened(text)
    crate, _ = opened(text)
    slices = 0
    seen: list[int] = []
    while not advance(crate, MAIN, 1.0, around=len(text)):
        slices += 1
        # A slice of a busy machine may be over before the first chunk is read.
        seen += [one.span.start for one in known(crate, MAIN)[-1:]] if not seen else []
    assert slices > 1
    assert seen[0] > len(text) - 100
    assert known(crate, MAIN) == check(whole, MAIN)


def test_inactive_code_is_told() -> None:
    text = HEADER + "#[cfg(test)]\nmod tests { fn f() {} }\nfn g() {}\n"
    crate, _ = opened(text)
    (span,) = inactive(crate, MAIN)
    assert text[span.start : span.end] == "#[cfg(test)]\nmod tests { fn f() {} }"


def test_inactive_code_is_told_as_it_grows() -> None:
    crate, document = opened(HEADER + "#[cfg(test)]\nmod t { fn f() {} }\nfn g() {}\n")
    inactive(crate, MAIN)
    replace(crate, document, "fn f() {}", "fn f() {} fn h(x: f32) {}")
    (span,) = inactive(crate, MAIN)
    assert document.data[span.start : span.end].endswith(b"fn h(x: f32) {} }")
    replace(crate, document, "fn f() {} fn h(x: f32) {}", "")
    (span,) = inactive(crate, MAIN)
    assert document.data[span.start : span.end].endswith(b"mod t {  }")


def test_features_decide() -> None:
    text = HEADER + '#[cfg(feature = "fast")]\nfn f(x: u8) { core::mem::forget(x); }\n'
    assert check(crate_of({MAIN: text}), MAIN) == []
    config = CrateConfig(features=frozenset({"fast"}))
    assert len(check(crate_of({MAIN: text}, config), MAIN)) == 1


def test_a_library_has_no_program_rules_and_may_have_a_main() -> None:
    text = "#![no_std]\n#[rex::rex_xdp]\nfn f() {}\nfn g(x: f32) {}\n"
    config = CrateConfig(program_rules=False, needs_no_main=False)
    found = check(crate_of({MAIN: text}, config), MAIN)
    assert [one.code for one in found] == ["rex::float_or_simd"]


def test_the_dependency_may_be_called_otherwise() -> None:
    text = HEADER + "use kernel::{rex_xdp, xdp::{xdp, xdp_md}, Result};\n"
    text += "#[rex_xdp]\nfn f(obj: &xdp, ctx: &xdp_md) -> Result { Ok(2) }\n"
    config = CrateConfig(rex_name="kernel")
    found = check(crate_of({MAIN: text}, config), MAIN)
    assert [one.code for one in found] == ["rex::program_signature"]


def test_settings_may_change_advice_and_nothing_else() -> None:
    text = HEADER + "fn f(x: u8) { loop {} }\nfn g(x: f32) {}\n"
    crate = crate_of({MAIN: text})
    off = {"rex::unbounded_loop": None, "rex::float_or_simd": None}
    assert [one.code for one in check(crate, MAIN, off)] == ["rex::float_or_simd"]
    hint = check(crate, MAIN, {"rex::unbounded_loop": Severity.HINT})
    assert {one.code: one.severity for one in hint}["rex::unbounded_loop"] is Severity.HINT


def test_the_second_of_two_programs_points_at_the_first() -> None:
    text = HEADER + "mod more;\n#[rex::rex_xdp]\n"
    text += "fn same(obj: &rex::xdp::xdp, ctx: &mut rex::xdp::xdp_md) -> rex::Result { Ok(2) }\n"
    more = text.replace(HEADER + "mod more;\n", "")
    crate, _ = opened(text, more=more)
    assert check(crate, MAIN) == []
    (found,) = check(crate, ROOT / "more.rs")
    assert found.related[0].path == MAIN
    span = found.related[0].span
    assert text[span.start : span.end] == "same"


@pytest.mark.parametrize("seed", range(20))
def test_after_random_edits_the_findings_are_those_of_a_fresh_crate(seed: int) -> None:
    chance = random.Random(seed)
    pieces = [section for section in sections() if len(section.files) == 1]
    text = "".join(
        chance.choice(pieces).files[MAIN].split("\n", 1)[1] for _ in range(chance.randint(2, 8))
    )
    crate, document = opened(HEADER + text)
    check(crate, MAIN)
    words = ["{", "}", '"', "/*", "*/", "\n", "use core::mem::*;\n", "mod m {\n", "forget", "x", ""]
    words += ["fn drop() {}\n", "#[cfg(test)]\n", "use core::mem::forget as g;\n", "é", "unsafe "]
    for _ in range(12):
        size = len(document.data)
        start = chance.randrange(size + 1)
        end = min(size, start + chance.choice([0, 0, 1, 5, 40]))
        while start < size and document.data[start] & 0xC0 == 0x80:
            start += 1
        end = max(start, end)
        while end < size and document.data[end] & 0xC0 == 0x80:
            end += 1
        edit(crate, document, start, end, chance.choice(words))
        check(crate, MAIN)
        document.settle()
        crate.update(MAIN, document)
        fresh = crate_of({MAIN: document.text})
        assert check(crate, MAIN) == check(fresh, MAIN), document.text


def test_broken_code_that_is_laid_out_anew_is_read_anew() -> None:
    text = (
        "fn a(x: u8) { core::mem::forget(x); }\nmod m {\n    pub fn b() { loop {} }\n}\nfn c() {}\n"
    )
    crate, document = opened(HEADER + text)
    check(crate, MAIN)
    replace(crate, document, "pub fn b()", "other::made!(mean);\n")
    check(crate, MAIN)
    replace(crate, document, ") {", "m!();\n")
    assert [one for one in document.chunks if one.patched]
    before = check(crate, MAIN), document.items(), crate.resolve("m", Place(MAIN, 0))
    document.settle()
    crate.update(MAIN, document)
    fresh = crate_of({MAIN: document.text})
    after = check(crate, MAIN), document.items(), crate.resolve("m", Place(MAIN, 0))
    other = Document(document.text)
    assert after == (check(fresh, MAIN), other.items(), fresh.resolve("m", Place(MAIN, 0)))
    assert after != before


def test_what_is_said_of_a_call_follows_the_macro_whose_text_becomes_the_same() -> None:
    rules = "macro_rules! make {{ ($n:ident) => {{ fn f(x: u8) {{ core::mem:: {} (x); }} }} }}\n"
    crate, document = opened(HEADER + rules.format("$n") + "make!(forget);\n")
    check(crate, MAIN)
    replace(crate, document, ":: $n (", ":: forget (")
    fresh = crate_of({MAIN: document.text})
    assert check(crate, MAIN) == check(fresh, MAIN)


def test_the_whole_text_may_be_replaced() -> None:
    crate, document = opened(HEADER + "fn f(x: f32) {}\n")
    document.apply([Change(None, HEADER + "fn g() { unsafe {} }\n")], Encoding.UTF16)
    crate.update(MAIN, document)
    assert codes(crate) == ["rex::unsafe_code"]
    document.apply([Change(Range(Position(0, 0), Position(99, 0)), "")], Encoding.UTF16)
    crate.update(MAIN, document)
    assert codes(crate) == ["rex::missing_no_std"]


def test_a_call_that_closes_a_cycle_is_felt_where_the_cycle_runs_and_costs_one_look() -> None:
    functions = "".join(f"fn f{n}(x: u8) {{ f{n + 1}(x); }}\n" for n in range(600))
    crate, document = opened(HEADER + "fn first(x: u8) { f0(x); }\n" + functions)
    assert codes(crate) == []
    before = engine_of(crate).checked
    replace(crate, document, "fn f2(x: u8) { f3(x); }", "fn f2(x: u8) { first(x); }")
    found = check(crate, MAIN)
    assert [one.item for one in found] == ["first", "f0", "f1", "f2"]
    assert engine_of(crate).checked == before + 1
    assert len(found[0].related) == 3
    replace(crate, document, "fn f2(x: u8) { first(x); }", "fn f2(x: u8) { f3(x); }")
    assert codes(crate) == []
    # A cycle of all of them is more than anybody follows as one types.
    replace(crate, document, "f600(x)", "f0(x)")
    assert codes(crate) == []
