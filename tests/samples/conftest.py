# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Copies of the samples, built once, and a runtime of the tests' own to run them in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import rex
from tests.deploy.daemon import own_runtime_directory
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
    with own_runtime_directory() as directory:
        yield directory
