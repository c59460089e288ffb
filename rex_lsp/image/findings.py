# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The binary tier: what the rules see in the machine code of built images, at the person's line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rex_lsp.image.facts import Facts, analysis
from rex_lsp.image.source import span_at
from rex_lsp.model.machine import Machine, Point
from rex_lsp.rules.finding import Finding, Related
from rex_lsp.rules.may_panic import panic_free
from rex_lsp.rules.registry import RULES
from rex_lsp.rules.rule import Rule
from rex_lsp.rules.sighting import Seen
from rex_lsp.rules.suppression import allows
from rex_lsp.syntax.document import Document

SOURCE = "rex-image"
Open = Callable[[Path], "Document | None"]


@dataclass(frozen=True, slots=True)
class Measured:
    """The findings by file, and by image the programs that cannot panic."""

    findings: dict[Path, list[Finding]]
    panic_free: dict[Path, tuple[str, ...]]


def measured(images: Iterable[Path], package: Path) -> Measured:
    """What all images of a package say about its sources on disk.

    Raises `Unreadable` for an image that cannot be read.
    """
    known: dict[Path, Document | None] = {}

    def opened(path: Path) -> Document | None:
        if path not in known:
            known[path] = _read(path)
        return known[path]

    found: dict[Path, dict[Finding, None]] = {}
    free: dict[Path, tuple[str, ...]] = {}
    for image in images:
        facts = analysis(image)
        free[image] = panic_free(Machine(facts))
        for path, finding in findings_of(facts, package, opened):
            found.setdefault(path, {})[finding] = None
    return Measured({path: list(findings) for path, findings in found.items()}, free)


def findings_of(
    facts: Facts, package: Path, opened: Open, rules: Mapping[str, Rule] = RULES
) -> Iterator[tuple[Path, Finding]]:
    """What the rules say of an image's facts (docs/schemas/analysis.json).

    `package` is the directory that its paths are relative to. A place that its file does
    not have (any more) is left out.
    """
    machine = Machine(facts)
    for rule in rules.values():
        for seen in rule.check_image(machine) if rule.check_image else ():
            placed = _placed(rule, seen, package, opened)
            if placed is not None:
                yield placed


def _placed(rule: Rule, seen: Seen, package: Path, opened: Open) -> tuple[Path, Finding] | None:
    path, document = _file(seen.point, package, opened)
    span = None if document is None else span_at(document, seen.point, seen.kinds)
    if document is None or span is None:
        return None
    if rule.suppressible and allows(document, rule.name, span.start):
        return None
    finding = Finding(
        rule.code,
        seen.severity or rule.severity,
        seen.message,
        span,
        source=SOURCE,
        related=tuple(_related(seen.related, package, opened)),
    )
    return path, finding


def _related(places: Sequence[tuple[Point, str]], package: Path, opened: Open) -> Iterator[Related]:
    for point, text in places:
        path, document = _file(point, package, opened)
        span = None if document is None else span_at(document, point)
        if span is not None:
            yield Related(path, span, text)


def _file(point: Point, package: Path, opened: Open) -> tuple[Path, Document | None]:
    path = package / point.file
    return path, opened(path) if path.is_relative_to(package) else None


def _read(path: Path) -> Document | None:
    try:
        return Document(path.read_bytes())
    except OSError:
        return None
