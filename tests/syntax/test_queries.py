# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The queries capture what their corpus says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tree_sitter import Query, QueryCursor

from rex_lsp.syntax.queries import captures, directory
from rex_lsp.syntax.tree import language, parse, text_of

_CASE = re.compile(r"^=+\n(?P<title>.+)\n=+\n(?P<text>(?:.*\n)*?)-{6,}\n(?P<want>(?:@.*\n)*)", re.M)
_CORPUS = Path(__file__).parents[2] / "grammar" / "corpus"


def cases() -> list[tuple[str, str, str, list[str]]]:
    found = []
    for path in sorted(_CORPUS.glob("*.txt")):
        for match in _CASE.finditer(path.read_text(encoding="utf-8")):
            want = match["want"].splitlines()
            found.append((path.stem, match["title"], match["text"], want))
    return found


@pytest.mark.parametrize(
    ("query", "text", "want"),
    [
        pytest.param(query, text, want, id=f"{query}: {title}")
        for query, title, text, want in cases()
    ],
)
def test_the_query_captures(query: str, text: str, want: list[str]) -> None:
    data = text.encode()
    compiled = Query(language(), (directory() / f"{query}.scm").read_text(encoding="utf-8"))
    found = [
        (node.start_byte, f"@{name} {text_of(node, data)}")
        for name, nodes in QueryCursor(compiled).captures(parse(data).root_node).items()
        for node in nodes
    ]
    assert [line for _, line in sorted(found)] == want


def test_every_query_has_a_corpus() -> None:
    queries = {path.stem for path in directory().glob("*.scm")}
    assert queries == {path.stem for path in _CORPUS.glob("*.txt")}
    assert queries == {name for name, *_ in cases()}


def test_half_a_surrogate_pair_is_no_obstacle() -> None:
    data = "// \ud83d\nfn f() {}\n".encode("utf-8", "surrogatepass")
    assert captures("allowances", parse(data).root_node, "allow") == []
