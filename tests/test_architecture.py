# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The code map is true: its paths exist and its import rules hold."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "rex_lsp"

# Which rooms a room may import from the package; a room always sees itself.
PURE = {"syntax", "model", "rules"}
FORBIDDEN_IN_PURE = {
    "subprocess",
    "os",
    "asyncio",
    "socket",
    "shutil",
    "tempfile",
    "threading",
}
MAY_IMPORT = {
    "syntax": set(),
    "model": {"syntax"},
    "rules": {"syntax", "model"},
    "kernel": {"syntax", "model", "build"},
    "build": {"syntax", "model", "rules"},
    "deploy": {"syntax", "rules", "build"},
    "image": {"syntax", "model", "rules", "build"},
    "testing": {"build", "deploy", "image"},
    "project": {"syntax", "model", "rules", "build", "deploy", "kernel", "image"},
}


def tracked() -> list[Path]:
    """Files of the tree as git knows them, tracked or not yet added."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [ROOT / line for line in listing.splitlines() if (ROOT / line).is_file()]


def imports(path: Path) -> set[str]:
    """Absolute dotted names imported anywhere in a module."""
    names: set[str] = set()
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names.add(module)
            if node.module is None or module == "rex_lsp":
                names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


def modules() -> list[Path]:
    return [p for p in tracked() if p.suffix == ".py" and PACKAGE in p.parents]


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def test_every_path_the_map_names_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(
        re.findall(
            r"`((?:rex_lsp|grammar|runtime|kernel_crate|editors|tests|docs|\.ci)/[^` ]*)`",
            text,
        )
    )
    assert len(named) > 15
    missing = sorted(name for name in named if not (ROOT / name).exists())
    assert not missing, f"ARCHITECTURE.md names paths that do not exist: {missing}"


def test_every_room_is_on_the_map() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = {room(p) for p in modules()} - {"", "_native"}
    unnamed = sorted(r for r in rooms if f"`rex_lsp/{r}/`" not in text)
    assert not unnamed, f"rooms without a row in ARCHITECTURE.md: {unnamed}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_import_rules(path: Path) -> None:
    here = room(path)
    found = imports(path)
    heads = {name.split(".")[0] for name in found}
    if here != "server":
        assert not heads & {"pygls", "lsprotocol"}, (
            "only rex_lsp/server may import pygls or lsprotocol"
        )
    if here in PURE:
        assert not heads & FORBIDDEN_IN_PURE, f"rex_lsp/{here} does no I/O and starts nothing"
    if here in MAY_IMPORT:
        used = {
            n.split(".")[1] for n in found if n.startswith("rex_lsp.") and len(n.split(".")) > 1
        }
        extra = used - MAY_IMPORT[here] - {here, "__version__"}
        assert not extra, f"rex_lsp/{here} must not import {sorted(extra)}"


def test_the_server_starts_without_the_build_tool() -> None:
    code = "import sys, rex_lsp.server.server; print('rex_lsp.build.builder' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


def test_top_level_directories() -> None:
    known = {
        "rex_lsp",
        "grammar",
        "runtime",
        "kernel_crate",
        "editors",
        "tests",
        "docs",
        ".ci",
        ".github",
    }
    top = {p.relative_to(ROOT).parts[0] for p in tracked() if len(p.relative_to(ROOT).parts) > 1}
    assert top <= known, (
        f"top-level directories the architecture does not know: {sorted(top - known)}"
    )
