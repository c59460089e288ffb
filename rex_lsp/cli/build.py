# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex build DIR`: sources to `target/rex/NAME.elf` and `NAME.rex`."""

from __future__ import annotations

import argparse
import asyncio
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rex_lsp.build import Artifact, BuildResult, CannotBuild, Manifest, build, extensions
from rex_lsp.build.signing import Signer
from rex_lsp.cli import report
from rex_lsp.cli.main import FINDINGS, CannotContinue, Subparsers
from rex_lsp.cli.project_argument import add_directory, directory_of, features_of
from rex_lsp.cli.terminal_progress import TerminalProgress
from rex_lsp.rules.finding import Finding

if TYPE_CHECKING:
    from rex_lsp.image.findings import Measured


def register(subparsers: Subparsers) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "build",
        help="build an extension to NAME.elf and NAME.rex",
        description="Build an extension with the stock toolchain. Runs cargo, and with it the "
        "project's build scripts and proc macros. Says what the machine code shows: panics that "
        "are left, cycles, calls through pointers.",
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
    built = asyncio.run(_build_all(directory, args))
    results = [result for _, result in built]
    findings: dict[Path, list[Finding]] = {}
    free: dict[Path, tuple[str, ...]] = {}
    for manifest, result in built:
        seen = _measured(manifest, result)
        free |= seen.panic_free
        for found in (result.findings, seen.findings):
            for path, some in found.items():
                findings.setdefault(path, []).extend(some)
    artifacts = [a for result in results for a in result.artifacts]
    status = report.exit_status(findings, args.fail_on)
    delivered = report.Report(
        "build",
        findings,
        directory,
        status if all(result.ok for result in results) else FINDINGS,
        said=[line for artifact in artifacts for line in _said(artifact, free)],
        extra={
            "artifacts": [
                {"name": a.name, "elf": str(a.elf), "image": str(a.image)} for a in artifacts
            ]
        },
    )
    report.deliver(delivered, args)
    return delivered.status


def _said(artifact: Artifact, free: dict[Path, tuple[str, ...]]) -> list[str]:
    """What was built, and its programs that cannot panic."""
    said = [f"built {os.path.relpath(artifact.image)} and {artifact.elf.name} beside it"]
    if free[artifact.image]:
        said.append(f"  panic-free: {', '.join(free[artifact.image])}")
    return said


def _measured(manifest: Manifest, result: BuildResult) -> Measured:
    """What the machine code says, at the levels of the package's settings."""
    from rex_lsp.image.facts import Unreadable
    from rex_lsp.image.findings import Measured, measured
    from rex_lsp.rules.levels import at_levels

    try:
        found = measured((one.image for one in result.artifacts), manifest.root)
    except Unreadable as problem:
        raise CannotContinue(str(problem)) from problem
    levels = manifest.metadata_rex.get("rules")
    leveled = {path: at_levels(some, levels) for path, some in found.findings.items()}
    return Measured(leveled, found.panic_free)


async def _build_all(
    directory: Path, args: argparse.Namespace
) -> list[tuple[Manifest, BuildResult]]:
    results = []
    with TerminalProgress() as progress:
        for manifest in extensions(directory):
            try:
                built = await build(
                    manifest.root,
                    features=features_of(args),
                    progress=progress,
                    signer=partial(Signer.named, args.sign_key, args.sign_cert),
                )
                results.append((manifest, built))
            except CannotBuild as problem:
                raise CannotContinue(problem.message, problem.repair) from problem
    return results
