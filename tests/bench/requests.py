# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Completion, hover and signature help in an open file."""

from __future__ import annotations

from collections.abc import Iterator

from .rows import Row, judged
from .session import Session

_TIMES = 60
_P95 = {95.0: 10.0}


def places(text: str) -> Iterator[tuple[str, int, int]]:
    """A method and a position of the text for each kind of request."""
    lines = text.split("\n")
    for method, sought, into in (
        ("textDocument/completion", "obj.bpf_get_", 4),
        ("textDocument/completion", "use rex::map::", 10),
        ("textDocument/hover", "obj.bpf_get_", 6),
        ("textDocument/signatureHelp", "bpf_map_lookup_elem(", 20),
    ):
        line = next(i for i, one in enumerate(lines) if sought in one)
        yield method, line, lines[line].index(sought) + into


async def asked(
    server: Session, uri: str, text: str, *, quiet: bool, limits: bool = True
) -> list[Row]:
    """A row for each request."""
    rows = []
    for method, line, character in places(text):
        params = {
            "textDocument": {"uri": uri},
            "position": {"line": line, "character": character},
        }
        samples = [await server.ask(method, params) for _ in range(_TIMES)]
        what = method.removeprefix("textDocument/")
        name = f"{what} at `{_around(text, line, character)}`"
        rows.append(judged(name, samples, _P95 if limits else {}, quiet=quiet))
    return rows


def _around(text: str, line: int, character: int) -> str:
    return text.split("\n")[line][max(0, character - 10) : character] + "…"
