# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Counts the unsafe lines of the kernel crate: `python .ci/unsafe_lines.py [--files]`.

A line is unsafe when part of an unsafe block, function, impl, trait or extern block stands on
it, the line of the keyword included. Blank lines and lines that are only a comment count
neither as unsafe nor at all, nor do generated files. Inside `macro_rules!` tokens are read
with the same grammar, so that what macros expand to is counted where it is written.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tree_sitter import Language, Node, Parser
from tree_sitter_rust import language

CRATE = Path(__file__).resolve().parent.parent / "kernel_crate/rex/src"
MOST = 10.0
"""Percent that unsafe lines may be."""


@dataclass(frozen=True)
class Count:
    """Lines of one file, or of several together."""

    unsafe: int = 0
    lines: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.unsafe + other.unsafe, self.lines + other.lines)

    @property
    def percent(self) -> float:
        """Unsafe lines of a hundred."""
        return 100 * self.unsafe / self.lines if self.lines else 0.0


def files() -> list[Path]:
    """The sources that people write."""
    return [p for p in sorted(CRATE.rglob("*.rs")) if not _generated(p)]


def _generated(path: Path) -> bool:
    head = path.read_text(encoding="utf-8")[:400].lower()
    return "generated" in head and "do not edit" in head


def count(source: bytes) -> Count:
    """The lines of one file."""
    tree = Parser(Language(language())).parse(source)
    code = _code_lines(tree.root_node, source)
    unsafe = {line for node in _unsafe(tree.root_node) for line in _lines(node)}
    return Count(len(unsafe & code), len(code))


def _code_lines(root: Node, source: bytes) -> set[int]:
    comments: set[int] = set()
    for node in _walk(root):
        if node.type in ("line_comment", "block_comment"):
            comments.update(_lines(node))
    text = source.decode("utf-8").splitlines()
    bare = {n for n, line in enumerate(text) if not line.strip()}
    # A line with code before its comment counts.
    mixed = {n for n in comments if n < len(text) and not _starts_as_comment(text[n])}
    return set(range(len(text))) - bare - (comments - mixed)


def _starts_as_comment(line: str) -> bool:
    return line.lstrip().startswith(("//", "/*", "*"))


def _lines(node: Node) -> range:
    end = node.end_point.row + (1 if node.end_point.column > 0 else 0)
    return range(node.start_point.row, max(end, node.start_point.row + 1))


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _unsafe(root: Node) -> Iterator[Node]:
    """Whatever the keyword `unsafe` opens."""
    for node in _walk(root):
        if node.type != "unsafe":
            continue
        parent = node.parent
        if parent is None:
            continue
        if parent.type == "function_modifiers":
            owner = parent.parent
            # A declaration of an unsafe function in a trait or extern block has no body.
            yield owner if owner is not None else parent
        elif parent.type == "token_tree":
            yield from _in_tokens(node)
        else:
            yield parent


def _in_tokens(keyword: Node) -> Iterator[Node]:
    """In a macro's tokens: from the keyword to the end of the next braces."""
    yield keyword
    following = keyword.next_sibling
    while following is not None:
        yield following
        if following.type == "token_tree" and following.text and following.text.startswith(b"{"):
            return
        if following.type == ";":
            return
        following = following.next_sibling


def total() -> Count:
    """All lines that people wrote."""
    return sum((count(path.read_bytes()) for path in files()), Count())


def main() -> int:
    """Prints the share, with `--files` by file."""
    if "--files" in sys.argv[1:]:
        for path in files():
            found = count(path.read_bytes())
            print(f"{found.percent:5.1f} %  {found.unsafe:4}/{found.lines:<5} {path.name}")
    found = total()
    print(
        f"kernel_crate/rex\tunsafe\t{found.percent:.1f} % "
        f"({found.unsafe} of {found.lines} lines, at most {MOST:.0f} %)"
    )
    return 0 if found.percent < MOST else 1


if __name__ == "__main__":
    sys.exit(main())
