# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Neovim, oldest and newest we serve, does with the plugin what a person does.

The scripts are `drive.lua`, the whole job, and `trust.lua`, a directory nobody trusts yet.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import crate

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
LIMIT_SECONDS = 400
VERSIONS = ["0.7", "0.11"]

JOB = [
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
    "stack lens",
    "deepest path",
    "traced",
    "ended",
    "trace window",
    "stopped",
]

TRUST = [
    "manifest",
    "renamed",
    "regex",
    "attribute",
    "other source",
    "unknown option",
    "wrong type",
    "completes",
    "attached",
    "told",
    "checks anyway",
    "no lens",
    "asks",
    "still not trusted",
    "trusted",
    "lens",
    "restarted",
    "trust is kept",
    "unknown subcommand",
    "health",
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


def drive(version: str, script: str, directory: Path) -> Run:
    """Run one script in one version of Neovim, with homes of its own."""
    mark = f"REX_TEST_MARK={uuid.uuid4()}"
    source = crate.write(directory / "crate")
    runtime = directory / "run"
    runtime.mkdir(mode=0o700)
    environment = {
        **os.environ,
        **dict([mark.split("=")]),
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_STATE_HOME": str(directory / "state"),
        "XDG_DATA_HOME": str(directory / "data"),
        "XDG_CONFIG_HOME": str(directory / "config"),
        "REX_TEST_FILE": str(source),
        "REX_TEST_PLUGIN": str(ROOT / "editors/nvim"),
        "REX_TEST_PYTHON": sys.executable,
        "LC_ALL": "C.UTF-8",
    }
    argv = [neovim(version), "--headless", "-u", "NONE", "-i", "NONE", "-n", "-S"]
    try:
        ended = subprocess.run(
            [*argv, str(HERE / script)],
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
    return Run(seen, ended.stdout + ended.stderr, ended.returncode, left)


def check(run: Run, name: str) -> None:
    """That the script saw what it was to see."""
    assert name in run.seen, f"the script did not come to {name!r}\n{run.output}"
    assert run.seen[name]["ok"], f"{run.seen[name]['detail']}\n{run.output}"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Run]:
    """Runs a script in a version, once for all tests that look at it."""
    done: dict[tuple[str, str], Run] = {}

    def run(version: str, script: str) -> Run:
        if (version, script) not in done:
            done[version, script] = drive(version, script, tmp_path_factory.mktemp("nvim"))
        return done[version, script]

    return run


@pytest.mark.parametrize("name", JOB)
@pytest.mark.parametrize("version", VERSIONS)
def test_job(runs: Callable[[str, str], Run], version: str, name: str) -> None:
    check(runs(version, "drive.lua"), name)


@pytest.mark.parametrize("name", TRUST)
@pytest.mark.parametrize("version", VERSIONS)
def test_trust(runs: Callable[[str, str], Run], version: str, name: str) -> None:
    check(runs(version, "trust.lua"), name)


@pytest.mark.parametrize(("script", "names"), [("drive.lua", JOB), ("trust.lua", TRUST)])
@pytest.mark.parametrize("version", VERSIONS)
def test_ends_well(
    runs: Callable[[str, str], Run], version: str, script: str, names: list[str]
) -> None:
    run = runs(version, script)
    assert set(run.seen) == set(names), run.output
    assert run.status == 0, run.output
    assert run.servers_left == {}


@pytest.mark.parametrize("version", VERSIONS)
def test_menu_offers_the_fix_once(runs: Callable[[str, str], Run], version: str) -> None:
    menu = runs(version, "drive.lua").seen["quick fix"]["detail"]["menu"]
    assert menu
    assert len(menu) == len(set(menu)), menu
