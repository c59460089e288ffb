# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex verify`: an image is what its sources give, or it says where they part."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rex_lsp.build.locations import native
from tests.build.crates import MANIFEST, write_crate
from tests.cli.command import Ran, rex
from tests.image.programs import SOURCE

BY_FEATURE = "\n[features]\nlarge = []\n"
WITH_FEATURE = SOURCE.replace(
    "    let mut room", '    #[cfg(feature = "large")]\n    black_box(x);\n    let mut room'
)


@pytest.fixture
def sources(crate: Path, tmp_path: Path) -> Path:
    """The crate of `image` without anything that was built."""
    return Path(
        shutil.copytree(crate, tmp_path / "sources", ignore=shutil.ignore_patterns("target"))
    )


def differences(ran: Ran) -> dict[tuple[str, str], Any]:
    """What differs, by what and name; at least something."""
    document = ran.json("verify")
    assert (ran.status, document["equal"]) == (1, False)
    assert document["digest"] != document["rebuilt"]
    return {(one["what"], one["name"]): one for one in document["differences"]}


def test_equal_and_nothing_is_written_beside_the_sources(image: Path, sources: Path) -> None:
    before = sorted(os.fspath(path) for path in sources.rglob("*"))
    ran = rex("verify", image, sources)
    assert ran.status == 0 and f"{image} is what {sources} gives" in ran.out
    assert sorted(os.fspath(path) for path in sources.rglob("*")) == before
    document = rex("verify", image, sources, "--format", "json").json("verify")
    assert document["equal"] and document["differences"] == []


def test_another_source_is_told_by_function_and_line(image: Path, sources: Path) -> None:
    main = sources / "src/main.rs"
    main.write_text(SOURCE.replace("as u8; 320]", "as u8; 328]"), encoding="utf-8")
    ran = rex("verify", image, sources, "--format", "json")
    found = differences(ran)
    assert next(iter(found)) == ("record", "sources")
    (function,) = (one for (what, _), one in found.items() if what == "function")
    assert function["line"]["file"] == "src/main.rs"
    shown = rex("verify", image, sources)
    assert shown.status == 1 and f"src/main.rs:{function['line']['line']}" in shown.out
    assert "digest of the sources" in shown.out


def test_programs_and_versions_are_told(image: Path, sources: Path) -> None:
    main = sources / "src/main.rs"
    main.write_text(SOURCE.replace("fn plain(", "fn simple("), encoding="utf-8")
    manifest = sources / "Cargo.toml"
    manifest.write_text(manifest.read_text().replace("0.1.0", "0.1.1"), encoding="utf-8")
    found = differences(rex("verify", image, sources, "--format", "json"))
    assert found["record", "package"]["rebuilt"] == "sample 0.1.1"
    assert found["program", "plain"]["rebuilt"] == "none"
    assert found["program", "simple"]["image"] == "none"


def test_what_the_image_records_is_used_and_compared(tmp_path: Path) -> None:
    root = write_crate(
        tmp_path / "crate",
        {"Cargo.toml": MANIFEST.format(name="sample") + BY_FEATURE, "src/main.rs": WITH_FEATURE},
    )
    assert rex("build", root, "--features", "large").status == 0
    image = tmp_path / "elsewhere.rex"
    shutil.copy(root / "target/rex/sample.rex", image)
    assert rex("build", root).status == 0
    assert rex("verify", image, root).status == 0
    # The same code that says another origin.
    other = tmp_path / "other.rex"
    record = {"flags": "0123", "commit": "abc", "features": "large", "package": "sample 0.1.0"}
    subprocess.run(
        [
            native("rexrt"),
            *("pack", root / "target/rex/sample.elf", "-o", other),
            *(word for key, value in record.items() for word in ("--record", f"{key}={value}")),
        ],
        check=True,
    )
    found = differences(rex("verify", other, root, "--format", "json"))
    assert found["record", "flags"]["image"] == "0123"
    assert found["record", "commit"]["image"] == "abc"


def test_what_cannot_be_told(image: Path, sources: Path, tmp_path: Path) -> None:
    assert rex("verify", sources / "Cargo.toml", sources).status == 2
    assert rex("verify", tmp_path / "missing.rex", sources).status == 2
    assert rex("verify", image, tmp_path / "missing").status == 2
    (sources / "src/main.rs").write_text(SOURCE + "\nfn broken( {}\n", encoding="utf-8")
    ran = rex("verify", image, sources)
    assert ran.status == 2 and "does not build" in ran.err
    damaged = tmp_path / "damaged.rex"
    damaged.write_bytes(image.read_bytes()[:-40] + bytes(40))
    ran = rex("verify", damaged, sources)
    assert ran.status == 2 and "digest" in ran.err
