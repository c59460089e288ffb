# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Engines go with their crates."""

from __future__ import annotations

import gc
from pathlib import Path
from weakref import ref

from rex_lsp.model.crate import Crate
from rex_lsp.rules.engine import check, engine_of


class Files:
    """One file."""

    def read(self, path: Path) -> bytes | None:
        """Its text."""
        return b"fn f() {}\n"


def test_a_crate_that_nobody_holds_goes_with_its_engine() -> None:
    path = Path("/x/src/main.rs")
    crate = Crate(path, Files())
    check(crate, path)
    gone, engine = ref(crate), ref(engine_of(crate))
    del crate
    gc.collect()
    assert gone() is None
    assert engine() is None
