# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A build of what did not change starts no cargo; anything that did change does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rex_lsp.build import build, process
from rex_lsp.rules.finding import Severity
from tests.build.crates import MANIFEST, SOURCE, answered, write_crate

_OLDER_SECONDS = 0.05


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The programs that were started."""
    names: list[str] = []
    run = process.run

    async def noted(argv: list[str], **more: object) -> process.Completed:
        names.append(f"{Path(argv[0]).name} {argv[1]}")
        return await run(argv, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(process, "run", noted)
    return names


async def cargo_ran(crate: Path, started: list[str], features: tuple[str, ...] = ()) -> bool:
    started.clear()
    result = await build(crate, features=features)
    assert result.ok and result.artifacts, result
    return "cargo build" in started


async def test_only_what_changed_is_built_again(tmp_path: Path, started: list[str]) -> None:
    manifest = MANIFEST.format(name="sample") + "\n[features]\nmore = []\n"
    crate = write_crate(tmp_path, {"Cargo.toml": manifest})
    main = crate / "src/main.rs"
    await asyncio.sleep(_OLDER_SECONDS)
    assert await cargo_ran(crate, started)
    assert not await cargo_ran(crate, started)
    image = (await build(crate)).image
    assert image is not None

    def rewrite() -> None:
        times = main.stat()
        main.write_text(SOURCE.replace("duplicates", "duplicated"))
        # As tools do that restore a file's times.
        os.utime(main, ns=(times.st_atime_ns, times.st_mtime_ns))

    changes: list[Callable[[], object]] = [
        lambda: main.write_text(SOURCE + "\n// more\n"),
        rewrite,
        lambda: (crate / "Cargo.toml").write_text(manifest + "# more\n"),
        lambda: (crate / "src/main.rs").replace(crate / "kept") and main.write_text(SOURCE),
        lambda: [one.unlink() for one in crate.glob("target/rex/cargo/*/rex/sample")],
    ]
    for change in changes:
        change()
        await asyncio.sleep(_OLDER_SECONDS)
        assert await cargo_ran(crate, started)
        assert not await cargo_ran(crate, started)
    assert await cargo_ran(crate, started, ("more",))
    assert await cargo_ran(crate, started)


async def test_a_change_during_the_build_is_not_missed(tmp_path: Path, started: list[str]) -> None:
    crate = write_crate(tmp_path)
    assert await cargo_ran(crate, started)
    (crate / "src/main.rs").write_text(SOURCE + "pub static mut COUNT: u32 = 0;\n")
    result = await build(crate)
    assert any(f.severity is Severity.ERROR for f in result.findings[crate / "src/main.rs"])


async def test_what_a_build_script_looks_at_is_unknown(tmp_path: Path, started: list[str]) -> None:
    files = {
        "Cargo.toml": MANIFEST.format(name="sample") + answered(),
        "build.rs": "fn main() {}\n",
    }
    crate = write_crate(tmp_path, files)
    await asyncio.sleep(_OLDER_SECONDS)
    assert await cargo_ran(crate, started)
    assert await cargo_ran(crate, started)
