# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a verb found, delivered as it was asked for: where, in which format, which exit status."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from rex_lsp.cli.main import CannotContinue
from rex_lsp.rules.finding import Finding, Severity

NAMES = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFORMATION: "information",
    Severity.HINT: "hint",
}
Findings = Mapping[Path, Sequence[Finding]]


@dataclass(slots=True)
class Report:
    """What `verb` found below `directory`.

    `troubles` is what kept it from looking at everything, `said` what people are told after
    the findings, `extra` what the JSON document has besides them.
    """

    verb: str
    findings: Findings
    directory: Path
    status: int
    troubles: Sequence[str] = ()
    said: Sequence[str] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options every verb that prints findings has."""
    parser.add_argument(
        "--format",
        choices=("human", "json", "github", "sarif"),
        default="human",
        help="how to print findings: for people, as JSON, as annotations of a GitHub workflow, "
        "as SARIF 2.1.0 (default: human)",
    )
    parser.add_argument(
        "--output-file",
        metavar="FILE",
        help="write the findings there and only count them on the terminal",
    )
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "information", "hint", "never"),
        default="error",
        help="exit 1 from this severity up (default: error)",
    )


def deliver(report: Report, args: argparse.Namespace) -> None:
    """Prints the report, or writes it to `--output-file`."""
    if args.output_file is None:
        _write(report, args.format, sys.stdout)
        return
    path = Path(args.output_file)
    text = io.StringIO()
    _write(report, args.format, text)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        scratch.write_bytes(text.getvalue().encode("utf-8", "backslashreplace"))
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        problem = f"cannot write the findings to {path}: {error.strerror}"
        raise CannotContinue(problem, ["name another --output-file"]) from error
    found = [finding for _, finding in ordered(report.findings)]
    print(f"{counted(found)}, written to {path}" if found else f"{counted(found)}: see {path}")


def _write(report: Report, form: str, out: TextIO) -> None:
    found = ordered(report.findings)
    if form == "json":
        from rex_lsp.cli.report_json import as_json

        _write_json({**as_json(found, report.directory), **report.extra}, out)
    elif form == "sarif":
        from rex_lsp.cli.report_paths import inside, source_root
        from rex_lsp.cli.report_sarif import log

        root = source_root(report.directory)
        within = inside(report.directory, root)
        parts = ["rex", report.verb, *(within.parts if within else ())]
        category = "/".join(parts)
        _write_json(
            log(
                found,
                root,
                category=category,
                status=report.status,
                troubles=report.troubles,
            ),
            out,
        )
    elif form == "github":
        from rex_lsp.cli import report_github
        from rex_lsp.cli.report_paths import source_root

        for line in report_github.commands(found, source_root(report.directory)):
            out.write(line + "\n")
        for text in report.troubles:
            out.write(report_github.trouble(text) + "\n")
    else:
        from rex_lsp.cli.report_human import print_human

        if found or not (report.troubles or report.said):
            print_human(found, report.directory, out)
        for line in report.said:
            out.write(line + "\n")


def exit_status(findings: Findings, fail_on: str) -> int:
    """1 if a finding is at least as severe as `fail_on`; estimates never count."""
    worst = {name: severity for severity, name in NAMES.items()}.get(fail_on)
    if worst is None:
        return 0
    every = (f for found in findings.values() for f in found)
    return int(any(f.severity <= worst and not f.estimate for f in every))


def ordered(findings: Findings) -> list[tuple[Path, Finding]]:
    """Every finding with its file, by path and place, without repetitions."""
    pairs = {(path, f): None for path, found in findings.items() for f in found}
    return sorted(pairs, key=lambda pair: (str(pair[0]), pair[1].span, pair[1].code))


def counted(findings: Sequence[Finding]) -> str:
    """`2 errors, 1 warning`, or `no problems found`."""
    counts = {name: sum(f.severity is s for f in findings) for s, name in NAMES.items()}
    said = [
        f"{n} {name}{'s' if n != 1 and name != 'information' else ''}"
        for name, n in counts.items()
        if n
    ]
    return ", ".join(said) if said else "no problems found"


def print_json(document: object) -> None:
    """One JSON document on stdout, in UTF-8 whatever the locale is."""
    sys.stdout.flush()
    _write_json(document, sys.stdout)


def _write_json(document: object, out: TextIO) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    # A byte of a path that is no UTF-8 is a lone surrogate here, which JSON can only escape.
    raw = text.encode("utf-8", "backslashreplace")
    buffer = getattr(out, "buffer", None)
    if buffer is None:
        out.write(raw.decode("utf-8"))
    else:
        out.flush()
        buffer.write(raw)
