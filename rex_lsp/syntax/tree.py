# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The one door to tree-sitter: the Rust language, its parser, and typed access to nodes."""

from __future__ import annotations

import re
from functools import lru_cache

import tree_sitter_rust
from tree_sitter import Language, Node, Parser, Tree

__all__ = ["Node", "Tree", "language", "parse", "text_of"]

_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")


@lru_cache(maxsize=1)
def language() -> Language:
    """The published tree-sitter-rust grammar."""
    return Language(tree_sitter_rust.language())


@lru_cache(maxsize=1)
def _parser() -> Parser:
    return Parser(language())


def parse(data: bytes, old: Tree | None = None) -> Tree:
    """Parse UTF-8 text; `old` is an earlier tree to which the same edits were applied.

    Lone surrogates are U+FFFD in the tree's own text, which its queries decode.
    """
    if b"\xed" in data:
        data = _SURROGATE.sub(b"\xef\xbf\xbd", data)
    if old is None:
        return _parser().parse(data)
    return _parser().parse(data, old)


def text_of(node: Node, data: bytes) -> str:
    """The source text of a node; bytes that are no UTF-8 are kept as lone surrogates."""
    return data[node.start_byte : node.end_byte].decode("utf-8", "surrogatepass")
