# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Findings as a SARIF 2.1.0 log (OASIS standard), for code scanning.

`docs/schemas/sarif.json` says which part of the standard is used. Nothing in a log depends on
the machine: files are named relative to `%SRCROOT%`, unless they lie outside of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from rex_lsp import __version__
from rex_lsp.cli.fingerprints import NAME, Fingerprints
from rex_lsp.cli.report_paths import file_uri, inside, uri_reference
from rex_lsp.cli.rule_text import page
from rex_lsp.cli.source_text import Sources
from rex_lsp.rules.finding import Finding, Fix, Severity
from rex_lsp.rules.pages import section
from rex_lsp.rules.registry import RULES
from rex_lsp.rules.rule import Rule
from rex_lsp.syntax.positions import Span

Json: TypeAlias = dict[str, Any]

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
ROOT = "%SRCROOT%"
_LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFORMATION: "note",
    Severity.HINT: "note",
}
_PROBLEMS = {"error": "error", "warning": "warning", "note": "recommendation"}
_TIERS = {"T": "typing", "C": "compiler", "B": "binary", "R": "run-time"}


def log(
    findings: Sequence[tuple[Path, Finding]],
    root: Path,
    *,
    category: str,
    status: int,
    troubles: Sequence[str] = (),
) -> Json:
    """The log of one run that ends with exit status `status`.

    `category` tells runs over different projects of one repository apart, `troubles` is what
    kept the run from being complete.
    """
    writer = _Writer(root)
    results = [writer.result(path, finding) for path, finding in findings]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "rex",
                        "semanticVersion": __version__,
                        "rules": writer.rules,
                    }
                },
                "automationDetails": {"id": f"{category}/"},
                "invocations": [_invocation(status, troubles)],
                "originalUriBaseIds": {
                    ROOT: {"description": {"text": "the root of the checked-out sources"}}
                },
                "columnKind": "utf16CodeUnits",
                "results": results,
            }
        ],
    }


def _invocation(status: int, troubles: Sequence[str]) -> Json:
    return {
        "executionSuccessful": not troubles,
        "exitCode": status,
        "toolExecutionNotifications": [
            {"level": "error", "descriptor": {"id": "incomplete"}, "message": {"text": text}}
            for text in troubles
        ],
    }


@dataclass(slots=True)
class _Writer:
    root: Path
    rules: list[Json] = field(default_factory=list)
    _indices: dict[str, int] = field(default_factory=dict)
    _sources: Sources = field(default_factory=Sources)
    _fingerprints: Fingerprints = field(default_factory=Fingerprints)

    def __post_init__(self) -> None:
        for code, rule in sorted(RULES.items()):
            self._add(code, _rule(rule))

    def result(self, path: Path, finding: Finding) -> Json:
        if finding.code not in self._indices:
            self._add(finding.code, _foreign(finding))
        location = self._location(path, finding.span)
        place = location["physicalLocation"]["artifactLocation"]["uri"]
        if finding.item:
            location["logicalLocations"] = [{"fullyQualifiedName": finding.item}]
        result: Json = {
            "ruleId": finding.code,
            "ruleIndex": self._indices[finding.code],
            "level": _LEVELS[finding.severity],
            "message": {"text": finding.message},
            "locations": [location],
            "partialFingerprints": {
                NAME: self._fingerprints.of(place, finding, self._sources.get(path))
            },
            "properties": {"source": finding.source, "estimate": finding.estimate},
        }
        if finding.related:
            result["relatedLocations"] = [
                {
                    "id": number,
                    **self._location(related.path, related.span),
                    "message": {"text": related.message},
                }
                for number, related in enumerate(finding.related)
            ]
        if finding.fixes:
            result["fixes"] = [self._fix(path, fix) for fix in finding.fixes]
        return result

    def _add(self, code: str, descriptor: Json) -> None:
        self._indices[code] = len(self.rules)
        self.rules.append(descriptor)

    def _fix(self, path: Path, fix: Fix) -> Json:
        changes: dict[Path, list[Json]] = {}
        for edit in fix.edits:
            file = edit.path or path
            replacement: Json = {"deletedRegion": self._region(file, edit.span)}
            if edit.text:
                replacement["insertedContent"] = {"text": edit.text}
            changes.setdefault(file, []).append(replacement)
        return {
            "description": {"text": fix.title},
            "artifactChanges": [
                {"artifactLocation": self._artifact(file), "replacements": replacements}
                for file, replacements in changes.items()
            ],
            "properties": {"applicability": fix.applicability.value},
        }

    def _location(self, path: Path, span: Span) -> Json:
        return {
            "physicalLocation": {
                "artifactLocation": self._artifact(path),
                "region": self._region(path, span),
            }
        }

    def _artifact(self, path: Path) -> Json:
        within = inside(path, self.root)
        if within is None:
            return {"uri": file_uri(path)}
        return {"uri": uri_reference(within), "uriBaseId": ROOT}

    def _region(self, path: Path, span: Span) -> Json:
        found = self._sources.get(path).range(span)
        return {
            "startLine": found.start.line + 1,
            "startColumn": found.start.character + 1,
            "endLine": found.end.line + 1,
            "endColumn": found.end.character + 1,
        }


def _rule(rule: Rule) -> Json:
    level = _LEVELS[rule.severity]
    text = page(rule)
    described = section(rule.page, "What it does").split("\n\n")[0]
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": " ".join(described.split())},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": ["rex", "advice" if rule.suppressible else "safety"],
            "tiers": [_TIERS[str(tier)] for tier in rule.tiers],
            "problem.severity": _PROBLEMS[level],
        },
    }


def _foreign(finding: Finding) -> Json:
    """A code that is rustc's, clippy's or cargo's own."""
    code = finding.code
    level = _LEVELS[finding.severity]
    descriptor: Json = {
        "id": code,
        "shortDescription": {"text": f"{code}, from {finding.source}"},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": [finding.source], "problem.severity": _PROBLEMS[level]},
    }
    uri = None
    if re.fullmatch(r"E\d{4}", code):
        uri = f"https://doc.rust-lang.org/error_codes/{code}.html"
    elif code.startswith("clippy::"):
        lint = code.removeprefix("clippy::")
        uri = f"https://rust-lang.github.io/rust-clippy/stable/index.html#{lint}"
    elif finding.source == "rustc" and code != "rustc":
        uri = "https://doc.rust-lang.org/rustc/lints/listing/index.html"
    if uri is not None:
        descriptor["helpUri"] = uri
    return descriptor
