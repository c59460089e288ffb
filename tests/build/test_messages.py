# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What rustc, clippy and ld say, as findings at the person's own lines.

A crate's faults are marked in its text: `«…»` around the bytes a finding must cover, the
code after it in `/*= code */`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rex_lsp.build import CheckResult, build, check
from rex_lsp.build.linker import link_findings
from rex_lsp.rules.finding import Finding, Severity
from tests.build.crates import MANIFEST, with_body, write_crate

MARK = re.compile(r"«(.*?)»/\*= (\S+) \*/", re.S)


def unmark(text: str) -> tuple[str, set[tuple[str, int, int]]]:
    """The text without marks, and what they expect: code and byte span."""
    plain, expected, position = "", set(), 0
    for mark in MARK.finditer(text):
        plain += text[position : mark.start()]
        start = len(plain.encode())
        plain += mark[1]
        expected.add((mark[2], start, len(plain.encode())))
        position = mark.end()
    return plain + text[position:], expected


def found(result: CheckResult, path: Path, severity: Severity) -> set[tuple[str, int, int]]:
    return {
        (f.code.removeprefix("rex::"), f.span.start, f.span.end)
        for f in result.findings.get(path, ())
        if f.severity is severity
    }


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_crate(tmp_path_factory.mktemp("messages"))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
async def test_spans_are_bytes_of_the_file(crate: Path, newline: str) -> None:
    source = with_body(
        '    let größe = "ü𝄞"; let x: u8 = «"ü"»/*= E0308 */;\n'
        "    let _ = (größe, x);\n    «nothing»/*= E0425 */()"
    )
    text, expected = unmark(source.replace("\n", newline))
    (crate / "src/main.rs").write_bytes(text.encode())
    result = await check(crate)
    assert found(result, crate / "src/main.rs", Severity.ERROR) == expected


async def test_an_expansion_is_reported_where_the_person_called(crate: Path) -> None:
    macros = (
        "macro_rules! outer { ($e:expr) => { inner!($e) } }\n"
        'macro_rules! inner { ($e:expr) => {{ let _x: u32 = "no"; Ok($e) }} }\n'
    )
    source = with_body("    «outer!(5)»/*= E0308 */").replace(
        "use rex::trace", macros + "use rex::trace"
    )
    text, expected = unmark(source)
    write_crate(crate, {"src/main.rs": text})
    result = await check(crate)
    assert found(result, crate / "src/main.rs", Severity.ERROR) == expected


async def test_the_attributes_own_errors_are_shown(crate: Path) -> None:
    source = with_body("    Ok(0)").replace("#[rex_tracepoint]", "#[rex_tracepoint(anything)]")
    assert "(anything)" in source
    (crate / "src/main.rs").write_text(source)
    messages = [f.message for f in (await build(crate)).findings[crate / "src/main.rs"]]
    assert any("takes no arguments" in message for message in messages)


async def test_the_forced_lints_cannot_be_switched_off(crate: Path) -> None:
    manifest = MANIFEST.format(name="sample") + (
        '[lints.rust]\nunsafe_code = "allow"\n[lints.clippy]\nall = "allow"\n'
    )
    source = with_body(
        "    Ok(0)",
        items="pub fn f(x: *const u8) -> u8 { unsafe { *x } }\n"
        "pub fn g(x: impl Drop) { core::mem::forget(x); }\n",
    )
    write_crate(crate, {"Cargo.toml": manifest, "src/main.rs": source})
    codes = {f.code for f in (await check(crate)).findings[crate / "src/main.rs"]}
    assert any("unsafe_code" in code for code in codes)
    assert any("leak" in code or "disallowed_methods" in code for code in codes)
    write_crate(crate, {"src/main.rs": "#![allow(unsafe_code)]\n" + source})
    assert not (await build(crate)).ok
    write_crate(crate, {"src/main.rs": "#![feature(core_intrinsics)]\n" + with_body("    Ok(0)")})
    result = await build(crate)
    assert not result.ok
    write_crate(crate)


async def test_a_safe_fix_repairs_the_file(crate: Path) -> None:
    source = with_body("    let mut cpu = obj.bpf_get_smp_processor_id();\n    Ok(cpu)")
    path = crate / "src/main.rs"
    write_crate(crate, {"src/main.rs": source})
    warning = next(f for f in (await check(crate)).findings[path] if f.code == "unused_mut")
    assert warning.severity is Severity.WARNING
    (fix,) = warning.fixes
    assert fix.safe
    data = path.read_bytes()
    for edit in sorted(fix.edits, key=lambda e: e.span, reverse=True):
        assert edit.path == path
        data = data[: edit.span.start] + edit.text.encode() + data[edit.span.end :]
    path.write_bytes(data)
    assert b"let cpu" in data
    findings = (await check(crate)).findings.get(path, [])
    assert not [f for f in findings if f.code == "unused_mut"]
    write_crate(crate)


async def test_a_library_that_needs_std_is_shown_at_its_own_line(crate: Path) -> None:
    manifest = MANIFEST.format(name="sample") + 'hosted = { path = "hosted" }\n'
    write_crate(
        crate,
        {
            "Cargo.toml": manifest,
            "hosted/Cargo.toml": '[package]\nname = "hosted"\nedition = "2024"\n',
            "hosted/src/lib.rs": "use std::vec::Vec;\npub fn f() -> Vec<u8> { Vec::new() }\n",
        },
    )
    (crate / "hosted/src/main.rs").unlink(missing_ok=True)
    result = await check(crate)
    assert not result.ok
    # It is no member of a workspace, so it is a dependency too, and judged as one.
    (judged,) = result.findings.pop(crate / "Cargo.toml")
    assert judged.code == "rex::dependency"
    assert list(result.findings) == [crate / "hosted/src/lib.rs"], result
    first = result.findings[crate / "hosted/src/lib.rs"][0]
    assert "std" in first.message
    write_crate(crate)


async def test_a_message_is_never_a_wall_of_text(crate: Path) -> None:
    body = "    let x: Result = obj.nothing_here(1, 2)?.and_then(|| 3);\n    Ok(0)"
    write_crate(crate, {"src/main.rs": with_body(body)})
    result = await check(crate)
    for findings in result.findings.values():
        for finding in findings:
            assert len(finding.message.splitlines()) <= 3
            assert "rustc --explain" not in finding.message
            assert "aborting due to" not in finding.message
    write_crate(crate)


async def test_floating_point_is_named_at_its_line(crate: Path) -> None:
    body = (
        "    let load = obj.bpf_get_smp_processor_id() as «f32»/*= float_or_simd */ * 1.5;\n"
        "    Ok(load as i32)"
    )
    text, expected = unmark(with_body(body))
    write_crate(crate, {"src/main.rs": text})
    result = await build(crate)
    errors = found(result, crate / "src/main.rs", Severity.ERROR)
    (code, start, end) = next(iter(expected))
    assert any(c == code and s <= start and e >= end for c, s, e in errors)
    said = result.findings[crate / "src/main.rs"]
    messages = " ".join(r.message for f in said for r in f.related)
    assert "floating point is not available in the kernel" in messages
    assert "cgu.0.rcgu.o" not in messages
    write_crate(crate)


@pytest.mark.parametrize(
    ("symbol", "code"),
    [
        ("__addsf3", "rex::float_or_simd"),
        ("__floatundidf", "rex::float_or_simd"),
        ("fmodf", "rex::float_or_simd"),
        ("sqrt", "rex::float_or_simd"),
        ("__rust_alloc", "rex::std_or_alloc"),
        ("__muloti4", "linker"),
        ("printf", "linker"),
        ("floor_division", "linker"),
    ],
)
def test_an_undefined_symbol_in_words(tmp_path: Path, symbol: str, code: str) -> None:
    source = tmp_path / "src/main.rs"
    source.parent.mkdir()
    source.write_text("fn a() {}\n    fn b() {}  \n")
    notes = [
        f"note: /usr/bin/ld: /x/y.rcgu.o: in function `a::b':\n"
        f"          ./src/main.rs:2: undefined reference to `{symbol}'\n"
        f"          /usr/bin/ld: ./src/main.rs:2: undefined reference to `{symbol}'\n"
    ]
    ((path, finding),) = link_findings(notes, tmp_path, source)
    assert (path, finding.code) == (source, code)
    assert (finding.span.start, finding.span.end) == (14, 23)
    assert f"`{symbol}`" in finding.message


def test_a_link_that_fails_otherwise_says_why(tmp_path: Path) -> None:
    notes = ["note: /usr/bin/ld: rex: the image is larger than 63 MiB\n"]
    ((_, finding),) = link_findings(notes, tmp_path, tmp_path / "main.rs")
    assert isinstance(finding, Finding)
    assert "the image is larger than 63 MiB" in finding.message


async def test_a_dependency_that_breaks_a_rule_is_one_finding_at_its_line(
    tmp_path: Path,
) -> None:
    """A crate that is not the person's: here one from a directory registry."""
    registry = tmp_path / "registry"
    write_crate(
        registry / "foreign",
        {
            "Cargo.toml": '[package]\nname = "foreign"\nversion = "1.0.0"\nedition = "2024"\n',
            ".cargo-checksum.json": '{"files": {}, "package": null}',
            "src/lib.rs": "#![no_std]\n"
            + "".join(f"pub fn f{i}() {{ unsafe {{ core::mem::zeroed() }} }}\n" for i in range(5)),
        },
    )
    (registry / "foreign/src/main.rs").unlink()
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "here"\n[source.here]\ndirectory = "{registry}"\n'
    )
    manifest = MANIFEST.format(name="sample") + 'foreign = "1"\n'
    crate = write_crate(tmp_path / "crate", {"Cargo.toml": manifest})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARGO_HOME", str(home))
        result = await check(crate)
    ((path, (finding,)),) = result.findings.items()
    start, end = finding.span.start, finding.span.end
    assert path == crate / "Cargo.toml"
    assert path.read_bytes()[start:end] == b'foreign = "1"'
    assert finding.code == "rex::dependency"
    assert "`foreign 1.0.0` contains `unsafe` code" in finding.message
    assert "(src/lib.rs:2 and 4 more places)" in finding.message
