# SPDX-License-Identifier: Apache-2.0 OR MIT
"""2,000 random edits, and that edits find a broken engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from rex_lsp.model.declarations import Declared
from rex_lsp.rules.engine import Engine
from rex_lsp.syntax.chunk import Chunk
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Encoding
from tests.protocol.projects import extension

from .edits import Differs, run


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize("seed", [1, 2])
def test_random_edits_end_as_a_fresh_workspace(
    tmp_path: Path, seed: int, encoding: Encoding
) -> None:
    extension(tmp_path)
    tally = run(tmp_path, seed, 334, encoding)
    # A run in which nothing was compared would prove nothing.
    assert min(tally["clean"], tally["pauses"], tally["chunks"]) > 5


def _lose_the_last_byte(patch: pytest.MonkeyPatch) -> None:
    spliced = Chunk.spliced
    patch.setattr(
        Chunk, "spliced", lambda self, start, end, new: spliced(self, start, end, new[:-1] or new)
    )


def _never_look_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Engine, "_spread", lambda self: None)


def _never_lay_out_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Chunk, "refreshed", lambda self: self)
    patch.setattr(Document, "settle_some", lambda self, *_: True)


def _keep_the_tree_unedited(patch: pytest.MonkeyPatch) -> None:
    spliced = Chunk.spliced

    def broken(self: Chunk, start: int, end: int, new: bytes) -> Chunk:
        made = spliced(self, start, end, new)
        made._stale = self._tree
        return made

    patch.setattr(Chunk, "spliced", broken)


def _declare_nothing_new(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Declared, "shifted", lambda self, by: Declared(()))


@pytest.mark.parametrize(
    "break_it",
    [
        _lose_the_last_byte,
        _never_look_again,
        _never_lay_out_again,
        _keep_the_tree_unedited,
        _declare_nothing_new,
    ],
)
def test_a_broken_engine_is_found(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    break_it: object,
) -> None:
    extension(tmp_path)
    assert callable(break_it)
    break_it(monkeypatch)
    with pytest.raises(Differs):
        run(tmp_path, 3, 1500, Encoding.UTF16)
