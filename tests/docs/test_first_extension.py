# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The manual's first extension, as it stands on the page: it checks clean and it runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.editors import crate

PAGE = Path(__file__).resolve().parents[2] / "docs/first-extension.md"
Rex = Callable[..., "subprocess.CompletedProcess[str]"]


def block(language: str) -> str:
    """The only block of a language on the page."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(found) == 1, f"expected one {language} block, found {len(found)}"
    return str(found[0])


@pytest.fixture
def greeter(tmp_path: Path) -> Path:
    """The package of the page."""
    package = tmp_path / "greeter"
    (package / "src").mkdir(parents=True)
    (package / "Cargo.toml").write_text(block("toml"), encoding="utf-8")
    (package / "src/main.rs").write_text(block("rust"), encoding="utf-8")
    return package


@pytest.fixture
def rex(tmp_path: Path) -> Iterator[Rex]:
    """Runs `rex`; the daemon it may start ends with the test."""
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    mark = str(uuid.uuid4())
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime), "REX_TEST_MARK": mark}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "rex_lsp", *words]
        return subprocess.run(
            argv, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    yield run
    crate.end(mark)


def test_checks_clean(rex: Rex, greeter: Path) -> None:
    ended = rex("check", str(greeter))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "no problems found" in ended.stdout


def test_runs(rex: Rex, greeter: Path) -> None:
    ended = rex("run", str(greeter))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "[greeter::on_dup] descriptor 1 on CPU" in ended.stdout


def test_the_fault_of_the_page_is_found(rex: Rex, greeter: Path) -> None:
    source = greeter / "src/main.rs"
    broken = source.read_text(encoding="utf-8").replace(
        "    rex_printk!", "    core::mem::forget(1);\n    rex_printk!"
    )
    source.write_text(broken, encoding="utf-8")
    ended = rex("check", "--no-build", str(greeter))
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "rex::leak" in ended.stdout
