# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex build DIR`: sources to `target/rex/NAME.elf` and `NAME.rex`."""

from __future__ import annotations

import argparse
import asyncio
import os
from functools import partial
from pathlib import Path

from rex_lsp.build import BuildResult, CannotBuild, build, extensions
from rex_lsp.build.signing import Signer
from rex_lsp.cli import report
from rex_lsp.cli.main import FINDINGS, CannotContinue, Subparsers
from rex_lsp.cli.project_argument import add_directory, directory_of, features_of
from rex_lsp.cli.terminal_progress import TerminalProgress
from rex_lsp.rules.finding import Finding


def register(subparsers: Subparsers) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "build",
        help="build an extension to NAME.elf and NAME.rex",
        description="Build an extension with the stock toolchain. Runs cargo, and with it the "
        "project's build scripts and proc macros.",
    )
    add_directory(parser)
    report.add_arguments(parser)
    parser.add_argument(
        "--sign-key",
        metavar="KEY",
        help="private key to sign images with, a file or a PKCS#11 URI (default: $REX_SIGN_KEY)",
    )
    parser.add_argument(
        "--sign-cert",
        metavar="CERT",
        help="the key's certificate, PEM or DER (default: $REX_SIGN_CERT)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Builds every extension package of the directory."""
    directory = directory_of(args)
    results = asyncio.run(_build_all(directory, args))
    findings: dict[Path, list[Finding]] = {}
    for result in results:
        for path, found in result.findings.items():
            findings.setdefault(path, []).extend(found)
    artifacts = [a for result in results for a in result.artifacts]
    status = report.exit_status(findings, args.fail_on)
    delivered = report.Report(
        "build",
        findings,
        directory,
        status if all(result.ok for result in results) else FINDINGS,
        said=[f"built {os.path.relpath(a.image)} and {a.elf.name} beside it" for a in artifacts],
        extra={
            "artifacts": [
                {"name": a.name, "elf": str(a.elf), "image": str(a.image)} for a in artifacts
            ]
        },
    )
    report.deliver(delivered, args)
    return delivered.status


async def _build_all(directory: Path, args: argparse.Namespace) -> list[BuildResult]:
    results = []
    with TerminalProgress() as progress:
        for manifest in extensions(directory):
            try:
                results.append(
                    await build(
                        manifest.root,
                        features=features_of(args),
                        progress=progress,
                        signer=partial(Signer.named, args.sign_key, args.sign_cert),
                    )
                )
            except CannotBuild as problem:
                raise CannotContinue(problem.message, problem.repair) from problem
    return results
