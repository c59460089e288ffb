# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The rule `dependency`: what is found in a closure, where it is shown, who may allow it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from rex_lsp.build import BuildResult, CheckResult, build, check
from rex_lsp.build.locations import native
from rex_lsp.rules import dependency
from rex_lsp.rules.finding import Edit, Finding
from tests.build.crates import MANIFEST, SOURCE, write_crate

PLAIN = "#![no_std]\npub fn twice(n: u32) -> u32 {\n    n * 2\n}\n"
LIBRARY = """\
[package]
name = "{name}"
version = "{version}"
edition = "2024"
{more}
"""


def library(
    root: Path, source: str = PLAIN, *, name: str = "dep", version: str = "1.4.2", more: str = ""
) -> Path:
    """A library package with one file."""
    text = LIBRARY.format(name=name, version=version, more=more)
    (root / "src").mkdir(parents=True, exist_ok=True)
    (root / "Cargo.toml").write_text(text, encoding="utf-8")
    (root / "src/lib.rs").write_text(source, encoding="utf-8")
    return root


def extension(
    root: Path, *, uses: str = "", metadata: str = "", files: dict[str, str] | None = None
) -> Path:
    """An extension that depends on `../dep`."""
    manifest = MANIFEST.format(name="sample") + 'dep = { path = "../dep" }\n' + metadata
    return write_crate(
        root, {"Cargo.toml": manifest, "src/main.rs": SOURCE + uses, **(files or {})}
    )


def blamed(result: CheckResult, crate: Path) -> list[Finding]:
    """The findings of the rule in the extension's Cargo.toml."""
    found = result.findings.get(crate / "Cargo.toml", [])
    return [f for f in found if f.code == "rex::dependency"]


def told(finding: Finding, crate: Path) -> str:
    """The text that a finding in the extension's Cargo.toml marks."""
    data = (crate / "Cargo.toml").read_bytes()
    return data[finding.span.start : finding.span.end].decode()


def allowed(*entries: str) -> str:
    return "\n[package.metadata.rex]\nallow-dependencies = [" + ", ".join(entries) + "]\n"


ALLOW = '{ name = "dep", version = "1.4", reason = "read by us" }'

BAD = {
    "unsafe": (
        "pub fn peek(a: usize) -> u8 {\n    unsafe { *(a as *const u8) }\n}\n",
        "src/lib.rs:3",
    ),
    "leak": ("pub fn keep<T>(t: T) {\n    core::mem::forget(t)\n}\n", "skips destructors"),
    "macro": (
        "#[macro_export]\nmacro_rules! peek {\n"
        "    ($a:expr) => { unsafe { *($a as *const u8) } };\n}\n",
        "src/lib.rs:4",
    ),
    "macro attribute": (
        "#[macro_export]\nmacro_rules! own {\n"
        "    ($n:ident) => { #[unsafe(no_mangle)] pub fn $n() {} };\n}\n",
        "src/lib.rs:4",
    ),
    "std": (
        "extern crate std;\npub fn name() -> usize { std::string::String::new().len() }\n",
        "standard",
    ),
    "module": ('#[cfg_attr(all(), path = "odd.rs")]\nmod tools;\n', "src/odd.rs:1"),
    "broken": ("pub fn f( { unsafe { } }\n", "src/lib.rs:2"),
}


@pytest.mark.parametrize("what", list(BAD))
async def test_a_crate_that_no_rule_answers_for_is_refused(tmp_path: Path, what: str) -> None:
    source, words = BAD[what]
    dep = library(tmp_path / "dep", "#![no_std]\n" + source)
    (dep / "src/odd.rs").write_text(
        "pub fn f() { unsafe { core::hint::unreachable_unchecked() } }\n"
    )
    (dep / "src/tools.rs").write_text("pub fn f() {}\n")
    crate = extension(tmp_path / "crate")
    result = await build(crate)
    assert not result.ok
    assert result.artifacts == []
    (found,) = blamed(result, crate)
    assert words in found.message
    assert found.message.startswith("`dep 1.4.2` ")
    assert told(found, crate) == 'dep = { path = "../dep" }'
    assert not (crate / "target/rex/cargo/x86_64-unknown-none").exists(), "something was compiled"


async def test_a_crate_that_is_refused_is_told_once(tmp_path: Path) -> None:
    """Not again at its own lines, which the person may not even own."""
    library(tmp_path / "dep", "pub fn f() -> u8 { core::mem::forget(1); std::process::id() as u8 }")
    crate = extension(tmp_path / "crate")
    for result in (await check(crate), await build(crate)):
        found = [(path.name, f.code) for path, all_ in result.findings.items() for f in all_]
        assert found == [("Cargo.toml", "rex::dependency")]


async def test_a_crate_under_the_rules_is_fine_and_recorded(tmp_path: Path) -> None:
    library(tmp_path / "dep")
    crate = extension(tmp_path / "crate", uses="pub fn four() -> u32 {\n    dep::twice(2)\n}\n")
    result = await build(crate)
    assert result.findings == {}
    assert recorded(result) == "dep 1.4.2"


async def test_an_allowed_crate_is_built_and_the_reason_kept(tmp_path: Path) -> None:
    library(tmp_path / "dep", "#![no_std]\n" + BAD["unsafe"][0])
    crate = extension(tmp_path / "crate", metadata=allowed(ALLOW))
    result = await build(crate)
    assert result.findings == {}
    assert recorded(result) == "dep 1.4.2 (read by us)"
    checked = await check(crate)
    assert checked.findings == {}


def recorded(result: BuildResult) -> str:
    """What the image's build record says about dependencies."""
    assert result.image is not None
    argv = [str(native("rexrt")), "inspect", str(result.image), "--format", "json"]
    shown = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
    return str(shown["record"]["dependencies"])


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('{ name = "dep", version = "1.5", reason = "read by us" }', "allows nothing"),
        ('{ name = "other", reason = "read by us" }', "allows nothing"),
        ('{ name = "dep", version = "1.4", reason = " " }', "has no reason"),
        ('{ name = "dep" }', "has no reason"),
        ('{ reason = "all of them" }', "expected a name"),
        ('{ name = "dep", because = "x", reason = "y" }', "found the key `because`"),
        ('"dep"', "expected { name"),
    ],
)
async def test_an_entry_that_does_not_fit_allows_nothing(
    tmp_path: Path, entry: str, words: str
) -> None:
    library(tmp_path / "dep", "#![no_std]\n" + BAD["unsafe"][0])
    crate = extension(tmp_path / "crate", metadata=allowed(entry))
    result = await build(crate)
    found = {told(f, crate)[:3]: f.message for f in blamed(result, crate)}
    assert not result.ok
    assert words in found["all"]
    assert "unsafe" in found["dep"]


async def test_the_crate_behind_the_crate_is_shown_at_the_same_line(tmp_path: Path) -> None:
    library(tmp_path / "deep", "#![no_std]\n" + BAD["macro"][0], name="deep")
    library(tmp_path / "dep", more='[dependencies]\ndeep = { path = "../deep" }')
    crate = extension(tmp_path / "crate")
    (found,) = blamed(await build(crate), crate)
    assert found.message.startswith("`deep 1.4.2` (through `dep`) contains `unsafe` code")
    assert told(found, crate) == 'dep = { path = "../dep" }'


async def test_host_code_and_native_code_need_a_word(tmp_path: Path) -> None:
    dep = library(tmp_path / "dep", more='links = "evil"\nbuild = "made.rs"')
    (dep / "made.rs").write_text('fn main() { panic!("it ran") }\n')
    (dep / "src/fast.S").write_text("ret\n")
    crate = extension(tmp_path / "crate")
    (found,) = blamed(await build(crate), crate)
    for words in ("build script", "native library `evil`", "src/fast.S"):
        assert words in found.message
    library(dep, "extern crate proc_macro;\n", more="[lib]\nproc-macro = true")
    (dep / "src/fast.S").unlink()
    (found,) = blamed(await build(crate), crate)
    assert "is a proc macro" in found.message


async def test_what_a_feature_switches_on_counts_and_nothing_else(tmp_path: Path) -> None:
    source = (
        '#![cfg_attr(not(feature = "std"), no_std)]\n'
        '#[cfg(feature = "raw")]\npub mod raw { pub unsafe fn f() {} }\n'
    )
    library(tmp_path / "dep", source, more="[features]\nstd = []\nraw = []")
    crate = extension(tmp_path / "crate")
    assert blamed(await check(crate), crate) == []
    manifest = (crate / "Cargo.toml").read_text()
    for feature, words in (("std", "standard library"), ("raw", "`unsafe` code")):
        with_feature = manifest.replace('"../dep"', f'"../dep", features = ["{feature}"]')
        (crate / "Cargo.toml").write_text(with_feature)
        (found,) = blamed(await check(crate), crate)
        assert words in found.message


async def test_the_extensions_own_build_script_needs_a_word(tmp_path: Path) -> None:
    library(tmp_path / "dep")
    ran = tmp_path / "ran"
    script = {"build.rs": f'fn main() {{ std::fs::write("{ran}", "").unwrap() }}\n'}
    crate = extension(tmp_path / "crate", files=script)
    (found,) = blamed(await build(crate), crate)
    assert "build script" in found.message
    assert told(found, crate) == "[package]"
    assert not ran.exists()
    entry = '{ name = "sample", reason = "writes a table of constants" }'
    extension(tmp_path / "crate", metadata=allowed(entry))
    result = await build(crate)
    assert result.findings == {}
    assert ran.exists()
    assert recorded(result) == "dep 1.4.2, sample 0.1.0 (writes a table of constants)"


async def test_a_library_of_the_workspace_is_told_at_its_own_lines(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[workspace]\nmembers = ["crate", "dep"]\n')
    dep = library(tmp_path / "dep", "#![no_std]\n" + BAD["unsafe"][0])
    crate = extension(tmp_path / "crate")
    result = await build(crate)
    assert not result.ok
    assert list(result.findings) == [dep / "src/lib.rs"]


async def test_no_lint_table_and_no_flag_switches_it_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dep = library(tmp_path / "dep", "#![no_std]\n#![allow(unsafe_code)]\n" + BAD["macro"][0])
    (dep / "Cargo.toml").write_text(
        (dep / "Cargo.toml").read_text() + '[lints.rust]\nunsafe_code = "allow"\n'
    )
    crate = extension(tmp_path / "crate", uses="pub fn f() -> u8 { dep::peek!(8) }\n")
    (crate / ".cargo").mkdir()
    (crate / ".cargo/config.toml").write_text('[build]\nrustflags = ["--cap-lints=allow"]\n')
    monkeypatch.setenv("RUSTFLAGS", "--cap-lints=allow")
    monkeypatch.setenv("CARGO_ENCODED_RUSTFLAGS", "--cap-lints=allow")
    result = await build(crate)
    assert not result.ok
    assert len(blamed(result, crate)) == 1


@pytest.mark.parametrize(
    "metadata",
    ["", "\n[package.metadata.rex]\n", allowed(), allowed('{ name = "x", reason = "y" }')],
)
async def test_the_fix_leaves_the_reason_to_the_person(tmp_path: Path, metadata: str) -> None:
    library(tmp_path / "dep", "#![no_std]\n" + BAD["unsafe"][0])
    crate = extension(tmp_path / "crate", metadata=metadata)
    found = next(f for f in blamed(await check(crate), crate) if f.fixes)
    assert found.fixes[0].applicability is dependency.ALLOW.applicability
    (edit,) = found.fixes[0].edits
    apply(crate / "Cargo.toml", edit)
    messages = [f.message for f in blamed(await check(crate), crate)]
    assert any("`dep` in allow-dependencies has no reason" in m for m in messages)
    text = (crate / "Cargo.toml").read_text()
    (crate / "Cargo.toml").write_text(text.replace('reason = ""', 'reason = "read"'))
    assert not any("dep 1.4.2" in f.message for f in blamed(await check(crate), crate))


def apply(path: Path, edit: Edit) -> None:
    assert edit.path == path
    data = path.read_bytes()
    path.write_bytes(data[: edit.span.start] + edit.text.encode() + data[edit.span.end :])
