# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Tables for people, and in Markdown for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Sequence


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], form: str) -> None:
    """Prints a table if it has rows; columns that are empty in every row are left out."""
    kept = [i for i in range(len(head)) if any(row[i] for row in rows)]
    if not kept:
        return
    lines = [[row[i] for i in kept] for row in rows]
    heads = [head[i] for i in kept]
    if form == "markdown":
        lines = [[cell.replace("|", "\\|") for cell in line] for line in lines]
        for line in [heads, ["---"] * len(kept), *lines]:
            print(f"| {' | '.join(line)} |")
        return
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(kept))]
    for line in [heads, *lines]:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())
