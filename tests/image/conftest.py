# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The extension of `tests.image.programs`, built once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build.crates import write_crate
from tests.cli.command import rex
from tests.image.programs import SOURCE


@pytest.fixture(scope="session")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_crate(tmp_path_factory.mktemp("facts"), {"src/main.rs": SOURCE})
    built = rex("build", root)
    assert built.status == 0, built.err
    return root


@pytest.fixture(scope="session")
def image(crate: Path) -> Path:
    return crate / "target/rex/sample.rex"
