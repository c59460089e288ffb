# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A build enforces our own rules, over every file that the compiler read."""

from __future__ import annotations

from pathlib import Path

import pytest

from rex_lsp.build import build, check
from rex_lsp.rules.finding import Severity
from tests.build.crates import MANIFEST, SOURCE, answered, write_crate

SNEAKY = "pub static mut COUNT: u32 = 0;\n"


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One crate for all tests here."""
    return write_crate(tmp_path_factory.mktemp("sources"))


async def errors(crate: Path, *, built: bool) -> list[tuple[str, str, str]]:
    """Each error's file, code and marked text."""
    result = await (build(crate) if built else check(crate))
    return [
        (path.name, f.code, path.read_bytes()[f.span.start : f.span.end].decode())
        for path, found in result.findings.items()
        for f in found
        if f.severity is Severity.ERROR
    ]


async def test_a_rule_that_no_lint_knows_fails_a_build(crate: Path) -> None:
    write_crate(crate, {"src/main.rs": SOURCE + SNEAKY})
    (found,) = await errors(crate, built=True)
    assert found[:2] == ("main.rs", "rex::static_mut")
    assert not (await build(crate)).artifacts


HIDING = {
    "a module that a macro names": "macro_rules! m { () => { "
    '#[path = "data.bin"] pub mod more; } }\nm!();\n',
    "a computed include": 'include!(concat!("data", ".bin"));\n',
    "an include by a macro": 'macro_rules! i { ($f:expr) => { include!($f); } }\ni!("data.bin");\n',
    "an include as an expression": 'pub fn f() -> u32 { include!("data.bin") }\n',
}


@pytest.mark.parametrize("how", list(HIDING))
@pytest.mark.parametrize("built", [True, False], ids=["build", "check"])
async def test_no_file_that_the_compiler_reads_is_left_out(
    crate: Path, how: str, built: bool
) -> None:
    sneaky = f"{{ {SNEAKY.strip()} 1 }}" if "expression" in how else SNEAKY
    write_crate(crate, {"src/main.rs": SOURCE + HIDING[how], "src/data.bin": sneaky})
    assert ("data.bin", "rex::static_mut", "static mut") in [
        (name, code, text[:10]) for name, code, text in await errors(crate, built=built)
    ]


async def test_files_that_are_only_data_are_nobodys(crate: Path) -> None:
    more = 'pub static TEXT: &str = include_str!("data.bin");\n'
    more += 'pub static BYTES: &[u8] = include_bytes!(concat!("other", ".bin"));\n'
    files = {"src/main.rs": SOURCE + more, "src/data.bin": SNEAKY, "src/other.bin": "\u00fc {"}
    write_crate(crate, files)
    assert await errors(crate, built=True) == []


async def test_a_generated_file_is_under_the_rules(tmp_path: Path) -> None:
    script = (
        'fn main() {\n    let out = std::env::var("OUT_DIR").unwrap();\n'
        '    std::fs::write(out + "/made.rs", std::fs::read("made.txt").unwrap()).unwrap();\n'
        '    println!("cargo::rerun-if-changed=made.txt");\n}\n'
    )
    source = SOURCE + 'include!(concat!(env!("OUT_DIR"), "/made.rs"));\n'
    files = {"build.rs": script, "src/main.rs": source, "made.txt": "pub const LIMIT: u32 = 3;\n"}
    files["Cargo.toml"] = MANIFEST.format(name="sample") + answered()
    write_crate(tmp_path, files)
    assert await errors(tmp_path, built=True) == []
    (tmp_path / "made.txt").write_text(SNEAKY)
    ((name, code, _),) = await errors(tmp_path, built=True)
    assert (name, code) == ("made.rs", "rex::static_mut")
