# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The workflow of the manual and the hooks: their commands run, in the order they stand there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.build.crates import MANIFEST, SOURCE, write_crate
from tests.deploy.daemon import own_runtime_directory

ROOT = Path(__file__).resolve().parents[2]
LEAK = "pub fn held(x: u8) { core::mem::forget(x) }\n"

HOOKS = {
    "type": "array",
    "minItems": 2,
    "items": {
        "type": "object",
        "required": ["id", "name", "description", "entry", "language", "files", "require_serial"],
        "additionalProperties": False,
        "properties": {
            **{key: {"type": "string", "minLength": 1} for key in ("name", "description")},
            "id": {"type": "string", "pattern": "^rex-[a-z-]+$"},
            "entry": {"type": "string", "pattern": "^rex "},
            "language": {"const": "system"},
            "files": {"type": "string", "format": "regex"},
            "require_serial": {"const": "true"},
            "stages": {"const": "[pre-push, manual]"},
        },
    },
}


def hooks() -> dict[str, dict[str, str]]:
    """The hooks by id; the file is a list of flat tables, so lines are enough."""
    found: list[dict[str, str]] = []
    for line in (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        start, key, value = re.fullmatch(r"(- |  )(\w+): (.+)", line).groups()  # type: ignore[union-attr]
        if start == "- ":
            found.append({})
        found[-1][key] = value
    jsonschema.validate(found, HOOKS)
    return {hook["id"]: hook for hook in found}


def rex_on_path(directory: Path) -> dict[str, str]:
    """An environment whose `rex` is the one under test."""
    directory.mkdir()
    command = directory / "rex"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m rex_lsp "$@"\n')
    command.chmod(0o755)
    return {**os.environ, "PATH": f"{directory}:{os.environ['PATH']}", "GITHUB_WORKSPACE": ""}


def test_the_workflow_runs_as_it_stands(tmp_path: Path) -> None:
    page = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    runs = re.findall(r"^ +- run: (rex .+)$", page, flags=re.MULTILINE)
    assert len(runs) == 5
    crate, summary = tmp_path / "my-probe", tmp_path / "summary.md"
    with own_runtime_directory():
        env = {**rex_on_path(tmp_path / "bin"), "GITHUB_STEP_SUMMARY": str(summary)}
        subprocess.run(["rex", "new", str(crate)], env=env, check=True)
        for command in runs:
            ended = subprocess.run(
                ["bash", "-ec", command], cwd=crate, env=env, capture_output=True, text=True
            )
            assert ended.returncode == 0, (command, ended.stdout, ended.stderr)
    uploaded = re.search(r"sarif_file: (\S+)", page)
    assert uploaded is not None and (crate / uploaded[1]).is_file()
    assert summary.read_text().count("|") > 4


def test_the_hooks_on_staged_files(tmp_path: Path) -> None:
    """As pre-commit calls them: the entry, the arguments of the person, the matching files."""
    env = rex_on_path(tmp_path / "bin")
    tree = tmp_path / "tree"
    write_crate(tree / "ext", {"src/main.rs": SOURCE + LEAK})
    plain = MANIFEST.format(name="plain").replace('rex = "*"\n', "")
    write_crate(tree / "plain", {"Cargo.toml": plain, "src/main.rs": LEAK})
    hook = hooks()["rex-check"]
    names = [str(path.relative_to(tree)) for path in sorted(tree.rglob("*")) if path.is_file()]
    files = [name for name in names if re.search(hook["files"], name)]
    assert len(files) == 4

    def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [*shlex.split(hook["entry"]), *arguments, *files]
        return subprocess.run(argv, cwd=tree, env=env, capture_output=True, text=True)

    refused = ran()
    assert (refused.returncode, "\n1 error\n" in refused.stdout) == (1, True)
    fixed = ran("--fix")
    assert (fixed.returncode, "1 fixed, 0 left" in fixed.stdout) == (0, True)
    assert ran().returncode == 0
    assert (tree / "plain/src/main.rs").read_text() == LEAK


@pytest.mark.parametrize("name", ["src/main.rs", "Cargo.toml", "a/Cargo.toml"])
def test_the_hooks_look_at_sources_and_manifests(name: str) -> None:
    for hook in hooks().values():
        assert re.search(hook["files"], name)
        assert not re.search(hook["files"], f"{name}.orig")


def test_the_ids_of_the_manual_are_the_hooks() -> None:
    page = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    assert re.findall(r"^ +- id: (\S+)$", page, flags=re.MULTILINE) == list(hooks())
