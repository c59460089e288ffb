# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The tree-sitter queries of `grammar/`, by name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tree_sitter import Query, QueryCursor

from rex_lsp.syntax.tree import Node, language

_PACKAGE = Path(__file__).parents[1]


def directory() -> Path:
    """Where the queries are: inside the package, or in the checkout that it is part of."""
    packed = _PACKAGE / "_native" / "grammar"
    return packed if packed.is_dir() else _PACKAGE.parent / "grammar"


def captures(name: str, node: Node, capture: str) -> list[Node]:
    """The nodes below `node` that a capture of a query takes, in the order of the text."""
    found = QueryCursor(_query(name)).captures(node).get(capture, [])
    return sorted(found, key=lambda one: (one.start_byte, one.end_byte))


@cache
def _query(name: str) -> Query:
    query: Query = Query(language(), (directory() / f"{name}.scm").read_text(encoding="utf-8"))
    return query
