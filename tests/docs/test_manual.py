# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The manual against the code: links, commands, messages, verbs."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rex_lsp.build import toml_text
from rex_lsp.cli.verbs import VERBS
from rex_lsp.server.commands import COMMANDS
from rex_lsp.testing.form import SCHEMA, problems

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md")) + sorted(ROOT.glob("*.md"))


def _first_cells(page: str, heading: str) -> set[str]:
    """The code in the first cell of each row of the first table below a heading."""
    text = (DOCS / page).read_text(encoding="utf-8")
    section = re.split(rf"^## {heading}$", text, maxsplit=1, flags=re.MULTILINE)[1]
    rows = re.findall(r"^\| (`.*?) \|", section.split("\n## ")[0], flags=re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.exists(), f"{page.name} links to {target}, which is not there"
        if anchor:
            assert anchor in _anchors(path.read_text(encoding="utf-8")), f"no #{anchor} in {path}"


def test_commands_are_the_servers() -> None:
    found = _first_cells("protocol.md", "Commands")
    assert {name for name in found if name.startswith("rex.")} == set(COMMANDS)


def test_messages_are_the_servers() -> None:
    sources = (ROOT / "rex_lsp/server").rglob("*.py")
    said = {
        name
        for source in sources
        for name in re.findall(r'\(\s*"(rex/\w+)"', source.read_text(encoding="utf-8"))
    }
    assert _first_cells("protocol.md", "Messages of our own") == said


def test_verbs_are_the_command_lines() -> None:
    assert _first_cells("cli.md", "Verbs") == set(VERBS)


def test_limits_of_the_simulator_are_its_own() -> None:
    source = (ROOT / "runtime/sim/src/imports/mod.rs").read_text(encoding="utf-8")
    block = re.search(r"pub const LIMITS: &\[&str\] = &\[(.*?)\];", source, flags=re.DOTALL)
    assert block is not None
    limits = re.findall(r'"((?:[^"\\]|\\.)*)"', block[1])
    page = (DOCS / "sim.md").read_text(encoding="utf-8").split("\n## Limits\n")[1]
    assert re.findall(r"^- (.*)$", page, flags=re.MULTILINE) == limits


def test_the_keys_of_test_files_are_on_their_page() -> None:
    page = (DOCS / "testing.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    assert list(problems(toml_text.parse(example.encode()))) == []
    said = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`\n]+)`", page))))
    missing = [
        key for key in _keys(SCHEMA) if key not in said | {"test", "map", "name", "key", "hz"}
    ]
    assert not missing, f"docs/testing.md does not tell of {missing}"


def _keys(schema: Mapping[str, Any]) -> Iterator[str]:
    for key, one in schema.get("properties", {}).items():
        yield key
        yield from _keys(one)
    inner = [schema["items"]] if "items" in schema else []
    for one in (*inner, *schema.get("anyOf", ())):
        yield from _keys(one)


def test_generated_parts_are_up_to_date() -> None:
    argv = [sys.executable, str(DOCS / "generate.py"), "--check"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
