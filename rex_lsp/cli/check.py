# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex check DIR`: the typing tier over every file, then the compiler, as one list."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from rex_lsp.build import CannotBuild, CheckResult, Manifest, check, extensions
from rex_lsp.cli import report
from rex_lsp.cli.main import USAGE, Subparsers
from rex_lsp.cli.project_argument import add_directory, directory_of, features_of
from rex_lsp.cli.terminal_progress import TerminalProgress
from rex_lsp.project.store import Store, Tier
from rex_lsp.rules.finding import Finding


def register(subparsers: Subparsers) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "check",
        help="check an extension against the rules and with the compiler",
        description="Check an extension: the rules on its source, then rustc and clippy with "
        "Rex's lints. Runs cargo, and with it the project's build scripts and proc macros, "
        "unless --no-build is given.",
    )
    add_directory(parser)
    report.add_arguments(parser)
    parser.add_argument(
        "--no-build", action="store_true", help="only read the source; start no other program"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Checks every extension package of the directory."""
    directory = directory_of(args)
    features = features_of(args)
    store = Store()
    packages = extensions(directory)
    for manifest in packages:
        for path, found in typing_findings(manifest, frozenset(features)).items():
            store.replace_file(Tier.TYPING, path, found, owner=manifest.root)
    trouble: CannotBuild | None = None
    if args.no_build:
        for manifest in packages:
            store.replace_all(Tier.COMPILER, manifest.root, _manifest_findings(manifest).findings)
    else:
        try:
            for manifest, result in asyncio.run(_compile(packages, features)):
                store.replace_all(Tier.COMPILER, manifest.root, result.findings)
        except CannotBuild as problem:
            trouble = problem
    findings = {path: [s.finding for s in store.shown(path)] for path in store.paths()}
    if args.format == "json":
        report.print_json(report.as_json(findings, directory))
    elif findings or trouble is None:
        report.print_human(findings, directory)
    if trouble is not None:
        print(f"rex: the compiler was not asked: {trouble.message}", file=sys.stderr)
        for step in trouble.repair:
            print(f"  {step}", file=sys.stderr)
        return USAGE
    return report.exit_status(findings, args.fail_on)


async def _compile(
    packages: list[Manifest], features: list[str]
) -> list[tuple[Manifest, CheckResult]]:
    results = []
    with TerminalProgress() as progress:
        for manifest in packages:
            result = await check(manifest.root, features=features, progress=progress)
            results.append((manifest, result))
    return results


def typing_findings(
    manifest: Manifest, features: frozenset[str] = frozenset()
) -> dict[Path, list[Finding]]:
    """What the rules say about the files of one package and its workspace libraries.

    Reads files and starts nothing.
    """
    from rex_lsp.model.crate import Crate, CrateConfig
    from rex_lsp.project.buffers import Buffers
    from rex_lsp.project.packages import Packages
    from rex_lsp.rules.engine import check as check_file

    buffers = Buffers()
    packages = Packages()
    found: dict[Path, list[Finding]] = {}
    for directory in [manifest.root, *_libraries(manifest)]:
        for root in packages.roots_for(directory / "Cargo.toml", features):
            config = CrateConfig(
                rex_name=root.rex_name,
                edition=root.edition,
                features=root.features,
                program_rules=root.extension,
                needs_no_main=root.extension,
            )
            crate = Crate(root.path, buffers, config)
            for path in sorted(crate.files()):
                if path not in found:
                    found[path] = check_file(crate, path)
    return found


def _libraries(manifest: Manifest) -> list[Path]:
    """Directories of the workspace's libraries that the package uses, each once."""
    from rex_lsp.build import read_manifest

    root = manifest.workspace_root
    if root is None:
        return []
    found: dict[Path, None] = {}
    waiting = [manifest]
    while waiting:
        for dependency in waiting.pop().dependencies:
            path = dependency.path
            if dependency.table != "dependencies" or path is None or path in found:
                continue
            if path.is_relative_to(root.resolve()):
                found[path] = None
                waiting.append(read_manifest(path))
    return list(found)


def _manifest_findings(manifest: Manifest) -> CheckResult:
    from rex_lsp.build.builder import report_problems

    result = CheckResult()
    report_problems(manifest, result)
    return result
