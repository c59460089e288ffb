# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex check [PATH…]`: the typing tier over every file, then the compiler, as one list."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rex_lsp.build import CannotBuild, CheckResult, Manifest, check
from rex_lsp.cli import report
from rex_lsp.cli.fixing import Fixer, Texts
from rex_lsp.cli.main import USAGE, CannotContinue, Subparsers
from rex_lsp.cli.project_argument import add_features, features_of
from rex_lsp.cli.report_paths import relative
from rex_lsp.cli.selection import Selection, libraries, select
from rex_lsp.cli.terminal_progress import TerminalProgress
from rex_lsp.project.store import Store, Tier
from rex_lsp.rules.finding import Applicability, Finding

Findings = dict[Path, list[Finding]]

_RUNS = 5
"""So many runs of the compiler end fixes of its own that undo each other."""


def register(subparsers: Subparsers) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "check",
        help="check extensions against the rules and with the compiler",
        description="Check extensions: the rules on their source, then rustc and clippy with "
        "Rex's lints. Runs cargo, and with it the projects' build scripts and proc macros, "
        "unless --no-build is given.",
    )
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        default=["."],
        help="directories of packages or workspaces, or files, which stand for the extensions "
        "that they are part of (default: here)",
    )
    add_features(parser)
    report.add_arguments(parser)
    parser.add_argument(
        "--no-build", action="store_true", help="only read the source; start no other program"
    )
    parser.add_argument(
        "--fix", action="store_true", help="apply the safe fixes, then report what is left"
    )
    parser.add_argument(
        "--unsafe-fixes", action="store_true", help="with --fix or --diff: the unsafe ones too"
    )
    parser.add_argument(
        "--diff", action="store_true", help="print what --fix would change; exit 1 if anything"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Checks every extension package that the paths stand for, and fixes what it may."""
    if args.unsafe_fixes and not (args.fix or args.diff):
        raise CannotContinue("expected --fix or --diff with --unsafe-fixes")
    if args.fix and args.diff:
        raise CannotContinue("expected either --fix or --diff, found both")
    if args.diff and (args.format != "human" or args.output_file):
        raise CannotContinue("expected --diff alone: it prints no findings", ["drop --format"])
    selection = select(args.paths)
    work = _Work(selection, features_of(args), args.no_build)
    fixer = _fixer(selection, unsafe=args.unsafe_fixes)
    if args.diff:
        fixer.settle(work.findings(fixer.texts), work.typing)
        sys.stdout.writelines(fixer.diff(selection.directory))
        _say_trouble(work, fixer, selection)
        return USAGE if work.trouble else int(bool(fixer.fixed))
    if args.fix:
        # What the rules see needs no compiler, so that seldom more than one run of it is left.
        fixer.settle(work.typing(fixer.texts), work.typing)
        fixer.write()
    findings = work.findings(fixer.texts)
    for _ in range(_RUNS if args.fix else 0):
        fixer.settle(findings, work.typing)
        if not fixer.write():
            break
        findings = work.findings(fixer.texts)
    status = USAGE if work.trouble else report.exit_status(findings, args.fail_on)
    said, extra = [], {}
    if args.fix:
        said = [_fixed(path, finding, selection) for path, finding, _ in fixer.fixed]
        extra = {
            "fixed": [
                {"path": relative(path, selection.directory), "code": f.code, "title": fix.title}
                for path, f, fix in fixer.fixed
            ]
        }
        said.append(f"{len(fixer.fixed)} fixed, {sum(map(len, findings.values()))} left")
    if not selection.packages:
        print("rex: none of the files belongs to an extension", file=sys.stderr)
    report.deliver(
        report.Report(
            "check",
            findings,
            selection.directory,
            status,
            troubles=[work.trouble.message] if work.trouble else [],
            said=said,
            extra=extra,
        ),
        args,
    )
    _say_trouble(work, fixer, selection)
    return status


def _fixer(selection: Selection, *, unsafe: bool) -> Fixer:
    roots = [d for m in selection.packages for d in (m.root, *libraries(m))]
    allowed = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    return Fixer(roots, allowed)


def _fixed(path: Path, finding: Finding, selection: Selection) -> str:
    return f"fixed {relative(path, selection.directory)}: {finding.code}"


def _say_trouble(work: _Work, fixer: Fixer, selection: Selection) -> None:
    for path, why in fixer.refused.items():
        name = relative(path, selection.directory)
        print(f"rex: {name} was not fixed: {why}", file=sys.stderr)
    if work.trouble is not None:
        print(f"rex: the compiler was not asked: {work.trouble.message}", file=sys.stderr)
        for step in work.trouble.repair:
            print(f"  {step}", file=sys.stderr)


@dataclass(slots=True)
class _Work:
    """What there is to look at, and what kept us from looking."""

    selection: Selection
    features: Sequence[str]
    no_build: bool
    trouble: CannotBuild | None = field(default=None, init=False)

    def findings(self, texts: Texts) -> Findings:
        """Every tier's findings as one list a file; the rules see `texts`, the compiler disk."""
        store = Store()
        self._typing(store, texts)
        if self.no_build:
            for manifest in self.selection.packages:
                result = _manifest_findings(manifest)
                store.replace_all(Tier.COMPILER, manifest.root, result.findings)
        elif self.trouble is None:
            asyncio.run(self._compile(store))
        return _shown(store)

    def typing(self, texts: Texts) -> Findings:
        """The findings of the rules alone."""
        store = Store()
        self._typing(store, texts)
        return _shown(store)

    def _typing(self, store: Store, texts: Texts) -> None:
        for manifest in self.selection.packages:
            found = typing_findings(manifest, frozenset(self.features), texts)
            for path, findings in found.items():
                store.replace_file(Tier.TYPING, path, findings, owner=manifest.root)

    async def _compile(self, store: Store) -> None:
        with TerminalProgress() as progress:
            for manifest in self.selection.packages:
                try:
                    result = await check(manifest.root, features=self.features, progress=progress)
                except CannotBuild as problem:
                    self.trouble = problem
                    return
                store.replace_all(Tier.COMPILER, manifest.root, result.findings)


def _shown(store: Store) -> Findings:
    return {path: [s.finding for s in store.shown(path)] for path in store.paths()}


def typing_findings(
    manifest: Manifest, features: frozenset[str] = frozenset(), texts: Texts | None = None
) -> Findings:
    """What the rules say about the files of one package and its workspace libraries.

    Reads files and starts nothing.
    """
    from rex_lsp.model.crate import Crate, CrateConfig
    from rex_lsp.project.packages import Packages
    from rex_lsp.rules.engine import check as check_file

    texts = Texts() if texts is None else texts
    packages = Packages()
    found: Findings = {}
    for directory in [manifest.root, *libraries(manifest)]:
        for root in packages.roots_for(directory / "Cargo.toml", features):
            config = CrateConfig(
                rex_name=root.rex_name,
                edition=root.edition,
                features=root.features,
                program_rules=root.extension,
                needs_no_main=root.extension,
            )
            crate = Crate(root.path, texts, config)
            for path in sorted(crate.files()):
                if path not in found:
                    found[path] = check_file(crate, path)
    return found


def _manifest_findings(manifest: Manifest) -> CheckResult:
    from rex_lsp.build.builder import report_problems

    result = CheckResult()
    report_problems(manifest, result)
    return result
