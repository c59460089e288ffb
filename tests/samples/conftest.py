# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Copies of the samples, built once, and a runtime of the tests' own to run them in."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rex_lsp.deploy.client import Runtime
from rex_lsp.deploy.errors import ConnectionLost, RuntimeUnreachable
from tests.cli.command import rex
from tests.samples.packets import SAMPLES
from tests.samples.shapes import SHAPES, write_shape

WORKSPACE = '[workspace]\nresolver = "3"\nmembers = ["*"]\nexclude = ["target"]\n'


def copy_sample(name: str, directory: Path) -> Path:
    """A copy without what a build leaves; the kernel crate it names is not beside it."""
    ignored = shutil.ignore_patterns("target")
    return Path(shutil.copytree(SAMPLES / name, directory, ignore=ignored))


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every sample and every shape in one workspace, so that `rex` is compiled once."""
    root = tmp_path_factory.mktemp("samples")
    (root / "Cargo.toml").write_text(WORKSPACE, encoding="utf-8")
    for manifest in SAMPLES.glob("*/Cargo.toml"):
        copy_sample(manifest.parent.name, root / manifest.parent.name)
    for name in SHAPES:
        write_shape(name, root / name)
    built = rex("build", root)
    assert built.status == 0, built.err
    return root


@pytest.fixture(scope="module")
def runtime_dir() -> Iterator[Path]:
    """A runtime directory of the module's own; its daemon is ended afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="rex-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(directory))
        yield directory
        asyncio.run(_end_daemon(directory / "rex" / "rexrt.sock"))
    shutil.rmtree(directory, ignore_errors=True)


async def _end_daemon(socket: Path) -> None:
    if not socket.exists():
        return
    try:
        runtime = await Runtime.connect(socket=socket)
        await runtime.call("shutdown")
        await runtime.close()
    except (ConnectionLost, RuntimeUnreachable):
        return
