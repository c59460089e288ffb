# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Every source file carries the licence of its room."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {".py", ".rs", ".c", ".h", ".S", ".ld", ".ts", ".lua", ".scm", ".sh", ".mjs"}
GPL_ROOMS = ("kernel_crate/", "runtime/")
# Input data for tests and text inserted verbatim into a person's crate carry no header.
DATA = ("tests/rules/fixtures/", "tests/fixtures/", "/fixtures/", "/templates/")


def sources() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [
        name
        for name in listing.splitlines()
        if Path(name).suffix in SOURCES
        and (ROOT / name).is_file()
        and not any(part in f"/{name}" for part in DATA)
    ]


def test_spdx_line_of_the_room() -> None:
    names = sources()
    assert len(names) > 20
    wrong = []
    for name in names:
        head = "\n".join((ROOT / name).read_text(encoding="utf-8").splitlines()[:3])
        wanted = "GPL-2.0-only" if name.startswith(GPL_ROOMS) else "Apache-2.0 OR MIT"
        if f"SPDX-License-Identifier: {wanted}" not in head:
            wrong.append(f"{name}: expected SPDX-License-Identifier: {wanted}")
    assert not wrong, "\n".join(wrong)


def test_lock_files_name_no_registry_host() -> None:
    for lock in ROOT.rglob("package-lock.json"):
        if "node_modules" not in lock.parts:
            assert '"resolved"' not in lock.read_text(encoding="utf-8"), lock
    for lock in (
        *ROOT.glob("*.lock"),
        *ROOT.glob("requirements*.txt"),
        *ROOT.glob(".ci/*.txt"),
    ):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text and "--index-url" not in text, lock


def test_licence_texts_are_in_the_tree() -> None:
    for name, phrase in {
        "LICENSE-APACHE": "Apache License",
        "LICENSE-MIT": "Permission is hereby granted",
        "LICENSE-GPL-2.0": "GNU GENERAL PUBLIC LICENSE",
    }.items():
        assert phrase in (ROOT / name).read_text(encoding="utf-8")
