# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The rules' pages: Markdown files that stand beside the rules and are part of the package."""

from __future__ import annotations

from pathlib import Path

DIRECTORY = Path(__file__).parent / "pages"

HEADINGS = ("What it does", "Why in a kernel", "Example", "Use instead", "Known limits")
"""The second-level headings of every page, in this order."""


def page_path(code: str) -> Path | None:
    """The file of a rule's page; None for a code that has none."""
    path = DIRECTORY / f"{code.removeprefix('rex::')}.md"
    return path if path.is_file() else None


def read_page(name: str) -> str:
    """The text of a rule's page. Raises FileNotFoundError where the package lacks it."""
    return (DIRECTORY / f"{name}.md").read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """What stands under a second-level heading of a page."""
    lines: list[str] = []
    inside = False
    for line in page.splitlines():
        if line.startswith("## "):
            inside = line[3:].strip() == heading
        elif inside:
            lines.append(line)
    return "\n".join(lines).strip()


def code_blocks(text: str) -> list[str]:
    """The contents of the ```rust blocks of a text."""
    blocks: list[str] = []
    current: list[str] | None = None
    for line in text.splitlines():
        if current is None:
            if line.startswith("```rust"):
                current = []
        elif line.startswith("```"):
            blocks.append("\n".join(current) + "\n")
            current = None
        else:
            current.append(line)
    return blocks
