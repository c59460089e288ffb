# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Files on disk as lines, for showing findings: byte spans to lines and UTF-16 columns."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path

from rex_lsp.syntax.positions import Position, Range, Span

# A byte order mark is no character of the first line, for editors as in SARIF.
_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


@dataclass(slots=True)
class SourceText:
    """One file's bytes and where its lines start."""

    data: bytes
    starts: list[int]

    @classmethod
    def of(cls, data: bytes) -> SourceText:
        """Splits at `\\n`, `\\r\\n` and a lone `\\r`, as LSP 3.17 "Text Documents" has it."""
        starts, offset = [0], 0
        for line in data.splitlines(keepends=True):
            offset += len(line)
            if line.endswith((b"\n", b"\r")):
                starts.append(offset)
        return cls(data, starts)

    def line_of(self, offset: int) -> int:
        """Zero-based line that holds the byte at `offset`."""
        return max(0, bisect_right(self.starts, min(offset, len(self.data))) - 1)

    def line(self, number: int) -> str:
        """The text of a zero-based line without its end."""
        if not 0 <= number < len(self.starts):
            return ""
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.data)
        text = self.data[self.starts[number] : end].rstrip(b"\r\n").decode("utf-8", "replace")
        return text if number else text.removeprefix(_BOM)

    def before(self, offset: int) -> str:
        """The text of the line up to `offset`."""
        start = self.starts[self.line_of(offset)]
        text = self.data[start : max(start, offset)].decode("utf-8", "replace").rstrip("\r\n")
        return text if start else text.removeprefix(_BOM)

    def position(self, offset: int) -> Position:
        """Zero-based line and UTF-16 column."""
        return Position(self.line_of(offset), len(self.before(offset).encode("utf-16-le")) // 2)

    def range(self, span: Span) -> Range:
        """The UTF-16 range of `span`."""
        return Range(self.position(span.start), self.position(max(span.start, span.end)))


@dataclass(slots=True)
class Sources:
    """Files read once each; a file that cannot be read is empty."""

    _read: dict[Path, SourceText] = field(default_factory=dict)

    def get(self, path: Path) -> SourceText:
        """The file at `path`."""
        found = self._read.get(path)
        if found is None:
            try:
                data = path.read_bytes()
            except OSError:
                data = b""
            # What is no UTF-8 is replaced as the rules read it, so that spans fit.
            text = data.decode("utf-8", "replace").encode("utf-8")
            found = self._read[path] = SourceText.of(text)
        return found
