# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Rust fixtures with marks at the ends of their lines, and the one way to check them.

A fixture file is a row of sections. `//@ name` begins a section, which is a crate of its
own; the line becomes `#![no_std] #![no_main]`, or stays empty after `//@ name bare`.
`//- path` begins another file of that crate. A line that ends in `//~ rex::leak` has
exactly these findings, one code for each; `//~ fine` marks a look-alike that has none.
Lines without a mark have none either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rex_lsp.model.crate import Crate, CrateConfig
from rex_lsp.rules.engine import Engine
from rex_lsp.rules.finding import Edit, Finding
from rex_lsp.rules.registry import RULES
from rex_lsp.rules.rule import Rule

DIRECTORY = Path(__file__).parent / "fixtures"
ROOT = Path("/crate/src")
HEADER = "#![no_std] #![no_main]"


class Files(dict[Path, bytes]):
    """Files in memory."""

    def read(self, path: Path) -> bytes | None:
        """The bytes of a file, None where there is none."""
        return self.get(path)


@dataclass
class Section:
    """One crate of a fixture file, and what its lines should be told."""

    rule: str
    spelling: str
    files: dict[Path, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What the test is called."""
        return f"{self.rule}-{self.spelling}"

    def expected(self) -> dict[tuple[str, int], list[str]]:
        """The codes of each marked line, by file name and line number from 1."""
        marks: dict[tuple[str, int], list[str]] = {}
        for path, text in self.files.items():
            for number, line in enumerate(text.splitlines(), 1):
                _, mark, codes = line.partition("//~")
                if mark and codes.strip() != "fine":
                    marks[(str(path.relative_to(ROOT)), number)] = sorted(codes.split())
        return marks

    def has_look_alike(self) -> bool:
        """Whether some line is marked as fine."""
        return any("//~ fine" in text for text in self.files.values())

    def crate(self) -> Crate:
        """The crate, with no features."""
        return crate_of(self.files)

    def found(self, rules: Mapping[str, Rule] = RULES) -> dict[tuple[str, int], list[str]]:
        """The codes that the rules give, by file name and line number from 1."""
        crate = self.crate()
        engine = Engine(crate, rules)
        found: dict[tuple[str, int], list[str]] = {}
        for path in sorted(crate.files()):
            document = crate.document(path)
            assert document is not None
            for finding in engine.check(path):
                line = document.data.count(b"\n", 0, finding.span.start) + 1
                found.setdefault((str(path.relative_to(ROOT)), line), []).append(finding.code)
        return {place: sorted(codes) for place, codes in found.items()}


def crate_of(files: Mapping[Path, str], config: CrateConfig | None = None) -> Crate:
    """A crate in memory whose root is `main.rs`."""
    encoded = Files({path: text.encode() for path, text in files.items()})
    return Crate(ROOT / "main.rs", encoded, config)


def sections() -> list[Section]:
    """Every section of every fixture file."""
    return [section for path in sorted(DIRECTORY.glob("*.rs")) for section in _read(path)]


def _read(path: Path) -> Iterator[Section]:
    section: Section | None = None
    file = ROOT / "main.rs"
    lines: list[str] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), "//@"]:
        if line.startswith(("//@", "//- ")) and section is not None:
            section.files[file] = "\n".join(lines) + "\n"
            lines = []
        if line.startswith("//@"):
            if section is not None:
                yield section
            name, _, bare = line[3:].strip().partition(" ")
            section = Section(path.stem, name)
            file = ROOT / "main.rs"
            lines = [] if bare else [HEADER]
        elif line.startswith("//- "):
            file = ROOT / line[4:].strip()
        else:
            lines.append(line)


def applied(text: bytes, edits: tuple[Edit, ...]) -> bytes:
    """The text with a fix's edits applied."""
    for edit in sorted(edits, key=lambda one: one.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text.encode() + text[edit.span.end :]
    return text


def rendered(finding: Finding, text: bytes) -> str:
    """A finding as one line of a snapshot."""
    line = text.count(b"\n", 0, finding.span.start) + 1
    said = text[finding.span.start : finding.span.end].decode()
    return f"{line}: {finding.code} `{said}`: {finding.message}"
