# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex check --fix`: what it changes, what it leaves alone, and what it says."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from rex_lsp.cli.fixing import Fixer
from rex_lsp.rules.finding import Applicability, Edit, Finding, Fix, Severity
from rex_lsp.syntax.positions import Span
from tests.build.crates import MANIFEST, SOURCE, write_crate
from tests.cli.command import rex

BARE = SOURCE.replace("#![no_std]\n#![no_main]\n", "")
FAULTY = BARE + "use std::fmt as _;\nfn give() -> u8 { unsafe { 3 } }\n"
RISKY = SOURCE + "static mut COUNT: u64 = 0;\n"


def test_safe_fixes_to_the_end_with_the_compilers(tmp_path: Path) -> None:
    crate = write_crate(tmp_path, {"src/main.rs": FAULTY + "fn more(x: u8) { let mut y = x; }\n"})
    ran = rex("check", crate, "--fix", "--format=json")
    document = ran.json("diagnostics")
    text = (crate / "src/main.rs").read_text()
    assert ran.status == 0, ran.out
    assert [d for d in document["diagnostics"] if d["severity"] == "error"] == []
    fixed = {one["code"] for one in document["fixed"]}
    assert {"rex::missing_no_std", "rex::std_or_alloc", "rex::unsafe_code", "unused_mut"} <= fixed
    assert "let y = x;" in text or "let _y = x;" in text
    assert "unsafe" not in text and "std::" not in text
    again = rex("check", crate, "--fix", "--no-build")
    assert again.out.endswith("0 fixed, 0 left\n")
    assert (crate / "src/main.rs").read_text() == text


def test_unsafe_fixes_only_when_asked_for(tmp_path: Path) -> None:
    crate = write_crate(tmp_path, {"src/main.rs": RISKY})
    left = rex("check", crate, "--no-build", "--fix")
    assert (left.status, (crate / "src/main.rs").read_text()) == (1, RISKY)
    done = rex("check", crate, "--no-build", "--fix", "--unsafe-fixes")
    assert done.status == 0
    assert "fixed src/main.rs: rex::static_mut\n1 fixed, 0 left\n" in done.out
    assert "AtomicU64::new(0);" in (crate / "src/main.rs").read_text()
    alone = rex("check", crate, "--unsafe-fixes")
    assert (alone.status, "--fix or --diff" in alone.err) == (2, True)


def test_a_diff_changes_nothing(tmp_path: Path) -> None:
    crate = write_crate(tmp_path, {"src/main.rs": FAULTY})
    ran = rex("check", crate, "--no-build", "--diff")
    assert ran.status == 1
    assert {"--- src/main.rs", "+#![no_std]", "-use std::fmt as _;"} <= set(ran.out.splitlines())
    assert (crate / "src/main.rs").read_text() == FAULTY
    rex("check", crate, "--no-build", "--fix")
    assert rex("check", crate, "--no-build", "--diff").out == ""


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_marks_and_modes_stay(tmp_path: Path, mark: bytes) -> None:
    crate = write_crate(tmp_path)
    main = crate / "src/main.rs"
    main.write_bytes(mark + FAULTY.replace("\n", "\r\n").encode())
    main.chmod(0o640)
    rex("check", crate, "--no-build", "--fix")
    data = main.read_bytes()
    assert b"#![no_std]\r\n" in data
    assert data.count(b"\n") == data.count(b"\r\n")
    assert data.startswith(mark) and data.count(b"\xef\xbb\xbf") == len(mark) // 3
    assert stat.S_IMODE(main.stat().st_mode) == 0o640
    assert list((crate / "src").iterdir()) == [main]


def test_nothing_outside_of_the_packages_is_written(tmp_path: Path) -> None:
    """Neither by a path that leads out nor through a link; a link inside stays one."""
    leak = "pub fn held(x: u8) { core::mem::forget(x) }\n"
    outside = [tmp_path / "shared.rs", tmp_path / "linked.rs"]
    for file in outside:
        file.write_text(leak)
    modules = '#[path = "../../shared.rs"]\nmod shared;\nmod linked;\nmod within;\n'
    crate = write_crate(tmp_path / "ext", {"src/main.rs": SOURCE + modules, "src/real.rs": leak})
    (crate / "src/linked.rs").symlink_to(outside[1])
    (crate / "src/within.rs").symlink_to("real.rs")
    ran = rex("check", crate, "--no-build", "--fix")
    assert ran.status == 1
    assert [file.read_text() for file in outside] == [leak, leak]
    assert ran.err.count("it is no source of the packages that were checked") == 2
    assert (crate / "src/within.rs").is_symlink()
    assert "forget" not in (crate / "src/real.rs").read_text()


def test_a_file_that_is_no_text_is_left_alone(tmp_path: Path) -> None:
    crate = write_crate(tmp_path)
    data = FAULTY.encode() + b"// \xff\n"
    (crate / "src/main.rs").write_bytes(data)
    ran = rex("check", crate, "--no-build", "--fix")
    assert (ran.status, "src/main.rs was not fixed: it is not UTF-8" in ran.err) == (1, True)
    assert (crate / "src/main.rs").read_bytes() == data


def test_a_library_of_the_workspace_is_fixed_too(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[workspace]\nmembers = ["ext", "lib"]\n')
    manifest = MANIFEST.format(name="sample") + 'shared = { path = "../lib" }\n'
    write_crate(tmp_path / "ext", {"Cargo.toml": manifest})
    plain = '[package]\nname = "shared"\nversion = "0.1.0"\nedition = "2024"\n'
    library = tmp_path / "lib/src/lib.rs"
    write_crate(tmp_path / "lib", {"Cargo.toml": plain, "src/lib.rs": ""})
    library.write_text("#![no_std]\npub fn held(x: u8) { core::mem::forget(x) }\n")
    (tmp_path / "lib/src/main.rs").unlink()
    rex("check", tmp_path / "ext", "--no-build", "--fix")
    assert "forget" not in library.read_text()


def finding(*fixes: Fix) -> Finding:
    return Finding("rex::leak", Severity.ERROR, "x", Span(0, 1), fixes=fixes)


def fix(start: int, end: int, text: str, *, safe: bool = True) -> Fix:
    kind = Applicability.SAFE if safe else Applicability.UNSAFE
    return Fix("x", (Edit(Span(start, end), text),), kind)


def fixer(root: Path) -> Fixer:
    return Fixer([root], {Applicability.SAFE})


def test_a_file_that_changed_in_between_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.rs"
    file.write_text("fn a() {}\n")
    one = fixer(tmp_path)
    one.settle({file: [finding(fix(3, 4, "b"))]}, lambda _: {})
    file.write_text("fn other() {}\n")
    assert not one.write()
    assert file.read_text() == "fn other() {}\n"
    assert (one.refused, one.fixed) == ({file: "it changed in the meantime"}, [])


def test_fixes_that_overlap_take_turns(tmp_path: Path) -> None:
    """The second is found again in what the first one made."""
    file = tmp_path / "a.rs"
    file.write_text("fn a() {}\n")
    one = fixer(tmp_path)
    rounds = iter([{file: [finding(fix(3, 5, "c("))]}, {}])
    found = [finding(fix(3, 4, "b")), finding(fix(3, 5, "d("), fix(0, 2, "", safe=False))]
    one.settle({file: found}, lambda _: next(rounds))
    assert one.write()
    assert (file.read_text(), len(one.fixed)) == ("fn c() {}\n", 2)


def test_a_fix_that_spoils_the_text_is_taken_back(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.rs", tmp_path / "bad.rs"
    for file in (good, bad):
        file.write_text("fn a() {}\n")
    one = fixer(tmp_path)
    both = {good: [finding(fix(3, 4, "b"))], bad: [finding(fix(3, 4, "{"))]}
    one.settle(both, lambda _: {})
    one.write()
    assert (good.read_text(), bad.read_text()) == ("fn b() {}\n", "fn a() {}\n")
    assert one.refused == {bad: "it would not parse any more"}


def test_fixes_that_undo_each_other_end(tmp_path: Path) -> None:
    file = tmp_path / "a.rs"
    file.write_text("fn a() {}\n")
    one = fixer(tmp_path)
    one.settle({file: [finding(fix(3, 4, "b"))]}, lambda _: {file: [finding(fix(3, 4, "a"))]})
    one.write()
    assert file.read_text() == "fn a() {}\n"
