# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Neovim, oldest and newest we serve, does with the plugin what a person does: `drive.lua`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import crate

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("drive.lua")
LIMIT_SECONDS = 400

SEEN = [
    "attached",
    "diagnostic",
    "diagnostic bytes",
    "quick fix",
    "diagnostic gone",
    "lens",
    "lens drawn",
    "completion",
    "hover",
    "saved",
    "built",
    "traced",
    "trace window",
    "stopped",
]


def neovim(version: str) -> str:
    """The Neovim of a version: the distribution's, or the one beside this Python."""
    if version == "0.7":
        places = ["/usr/bin"]
    else:
        places = [str(Path(sys.executable).parent), str(ROOT / ".venv/bin")]
    found = shutil.which("nvim", path=os.pathsep.join(places))
    assert found is not None, f"expected Neovim {version} in {' or '.join(places)}, found none"
    first = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    assert first.startswith(f"NVIM v{version}."), f"expected {version} at {found}, found {first}"
    return found


@dataclass
class Run:
    """What one run of the script gave."""

    seen: dict[str, dict[str, Any]]
    output: str
    status: int
    servers_left: dict[int, str]


@pytest.fixture(scope="module", params=["0.7", "0.11"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The whole script in one version of Neovim."""
    mark = f"REX_TEST_MARK={uuid.uuid4()}"
    directory = tmp_path_factory.mktemp("nvim")
    source = crate.write(directory / "crate")
    runtime = directory / "run"
    runtime.mkdir(mode=0o700)
    environment = {
        **os.environ,
        **dict([mark.split("=")]),
        "HOME": os.environ.get("HOME", str(directory)),
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_STATE_HOME": str(directory / "state"),
        "XDG_DATA_HOME": str(directory / "data"),
        "XDG_CONFIG_HOME": str(directory / "config"),
        "REX_TEST_FILE": str(source),
        "REX_TEST_PLUGIN": str(ROOT / "editors/nvim"),
        "REX_TEST_PYTHON": sys.executable,
        "LC_ALL": "C.UTF-8",
    }
    argv = [neovim(request.param), "--headless", "-u", "NONE", "-i", "NONE", "-n", "-S"]
    try:
        ended = subprocess.run(
            [*argv, str(SCRIPT)],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        left = crate.servers_left(mark, seconds=3)
    finally:
        crate.end(mark)
    seen = {}
    for line in ended.stdout.splitlines():
        if line.startswith("{"):
            record = json.loads(line)
            seen[record["name"]] = record
    yield Run(seen, ended.stdout + ended.stderr, ended.returncode, left)


@pytest.mark.parametrize("name", SEEN)
def test_seen(run: Run, name: str) -> None:
    assert name in run.seen, f"the script did not come to {name!r}\n{run.output}"
    assert run.seen[name]["ok"], f"{run.seen[name]['detail']}\n{run.output}"


def test_script_ends_well(run: Run) -> None:
    assert set(run.seen) == set(SEEN), run.output
    assert run.status == 0, run.output


def test_server_is_gone_at_exit(run: Run) -> None:
    assert run.servers_left == {}


def test_menu_offers_the_fix_once(run: Run) -> None:
    menu = run.seen["quick fix"]["detail"]["menu"]
    assert len(menu) == len(set(menu)), menu
