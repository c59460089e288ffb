# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Reading sources beside cargo: the event loop has its turns, nothing is read twice in vain."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from rex_lsp.build.closure import Package
from rex_lsp.build.dependency_audit import reading_of
from rex_lsp.build.manifest import read_manifest
from rex_lsp.build.shadow import write_shadow
from rex_lsp.build.source_rules import sources_of
from rex_lsp.rules.finding import Severity
from tests.bench.source import extension
from tests.build.crates import write_crate

PLAIN = "#![no_std]\nmod more;\npub fn twice(n: u32) -> u32 {\n    n * 2\n}\n"
UNSAFE = "pub fn f() -> u32 { unsafe { core::mem::zeroed() } }\n"


@pytest.mark.parametrize("lines", [3_000, 9_000])
async def test_the_event_loop_runs_while_a_long_crate_is_read(tmp_path: Path, lines: int) -> None:
    crate = write_crate(tmp_path, {"src/main.rs": extension(lines)})
    manifest = read_manifest(crate)
    reading = asyncio.ensure_future(sources_of(write_shadow(manifest), manifest, [], [], []))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1
    sources = await reading
    assert turns > lines // 500
    errors = [f for f in sources.said_of(crate / "src/main.rs") if f.severity is Severity.ERROR]
    assert len(errors) >= lines // 1_000


def package(root: Path) -> Package:
    return Package(
        name="dep",
        version="1.0.0",
        root=root,
        compiled_in=root,
        library=root / "src/lib.rs",
        edition="2024",
        features=frozenset(),
        kinds=frozenset({"lib"}),
        links="",
        build_dependencies=(),
        rex_name="rex",
        fixed=False,
        chain=("dep",),
        blame=read_manifest(root),
    )


def files(root: Path, more: str) -> Path:
    (root / "src").mkdir(parents=True, exist_ok=True)
    (root / "Cargo.toml").write_text('[package]\nname = "dep"\nversion = "1.0.0"\n')
    (root / "src/lib.rs").write_text(PLAIN)
    (root / "src/more.rs").write_text(more)
    return root


def test_a_dependency_is_read_again_when_one_of_its_files_changed(tmp_path: Path) -> None:
    root = files(tmp_path / "dep", "")
    first = reading_of(package(root))
    assert first.reasons == []
    assert {path.name for path in first.files} == {"lib.rs", "more.rs"}
    assert reading_of(package(root)) is first
    (root / "src/more.rs").write_text(UNSAFE)
    (reason,) = reading_of(package(root)).reasons
    assert "src/more.rs:1" in reason


def test_a_file_outside_of_the_package_is_always_read(tmp_path: Path) -> None:
    root = files(tmp_path / "dep", "")
    (tmp_path / "beside.rs").write_text("")
    (root / "src/more.rs").write_text('#[path = "../../beside.rs"]\nmod beside;\n')
    assert reading_of(package(root)).reasons == []
    (tmp_path / "beside.rs").write_text(UNSAFE)
    assert "beside.rs:1" in reading_of(package(root)).reasons[0]
