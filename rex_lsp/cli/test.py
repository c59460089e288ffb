# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex test DIR`: runs the tests in `tests/*.toml`, with the arguments of Rust's libtest."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rex_lsp.build import Manifest, extensions
from rex_lsp.cli.deploy_steps import built, run_to_end
from rex_lsp.cli.libtest import Report, Result, Verdict, report_for
from rex_lsp.cli.main import CLEAN, FINDINGS, CannotContinue, Subparsers
from rex_lsp.cli.project_argument import add_directory, directory_of, features_of
from rex_lsp.deploy.events import Event
from rex_lsp.deploy.words import Narrator, plain
from rex_lsp.testing.case import BadTests, Case, read_package
from rex_lsp.testing.execute import CannotRun, Image, execute
from rex_lsp.testing.judge import failures


def register(subparsers: Subparsers) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "test",
        help="run the tests in tests/*.toml",
        description="Build an extension and run the tests that its tests/*.toml describe: each "
        "names a source of events and what must come of it. Exit status: 1 if a test failed.",
    )
    add_directory(parser)
    parser.add_argument(
        "filters",
        metavar="FILTER",
        nargs="*",
        help="run only tests whose name (FILE::NAME) has one of these in it",
    )
    parser.add_argument("--exact", action="store_true", help="filters are whole names")
    parser.add_argument(
        "--skip", action="append", default=[], metavar="FILTER", help="leave such tests out"
    )
    parser.add_argument("--list", action="store_true", help="list the tests, run none")
    parser.add_argument("--ignored", action="store_true", help="run only ignored tests")
    parser.add_argument("--include-ignored", action="store_true", help="run ignored tests too")
    parser.add_argument(
        "--nocapture",
        "--no-capture",
        action="store_true",
        help="show events and output as they come, not only of failed tests",
    )
    parser.add_argument(
        "--test-threads",
        type=_threads,
        default=1,
        metavar="N",
        help="tests at a time (default: 1, because on a kernel they see each other's events)",
    )
    parser.add_argument("--target", default="sim", help="where to run them (default: sim)")
    parser.add_argument(
        "--format",
        choices=("pretty", "terse", "json"),
        default="pretty",
        help="a line a test, a character a test, or a JSON object a line (default: pretty)",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="the same as --format terse")
    parser.set_defaults(run=run)


def _threads(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def run(args: argparse.Namespace) -> int:
    """Runs the tests of every extension package of the directory."""
    if args.ignored and args.include_ignored:
        raise CannotContinue("--ignored and --include-ignored exclude each other")
    packages = []
    for manifest in extensions(directory_of(args)):
        try:
            packages.append((manifest, read_package(manifest.root)))
        except BadTests as bad:
            raise CannotContinue("a test file cannot be used", bad.problems) from bad
    report = report_for("terse" if args.quiet else args.format, args.nocapture)
    if args.list:
        report.list([case.name for _, cases in packages for case in _chosen(args, cases)])
        return CLEAN
    return run_to_end(lambda: _run(args, packages, report))


async def _run(
    args: argparse.Namespace, packages: Sequence[tuple[Manifest, list[Case]]], report: Report
) -> int:
    good = True
    for manifest, cases in packages:
        chosen = _chosen(args, cases)
        run_ = Run(args, manifest, report)
        good = await run_.all(chosen, filtered=len(cases) - len(chosen)) and good
    return CLEAN if good else FINDINGS


def _chosen(args: argparse.Namespace, cases: Sequence[Case]) -> list[Case]:
    def meant(case: Case, words: Sequence[str]) -> bool:
        return any(case.name == word if args.exact else word in case.name for word in words)

    return [
        case
        for case in cases
        if (not args.filters or meant(case, args.filters))
        and not meant(case, args.skip)
        and not (args.ignored and case.ignore is None)
    ]


class Run:
    """The tests of one package, built once for each set of features they ask for."""

    def __init__(self, args: argparse.Namespace, manifest: Manifest, report: Report) -> None:
        self._args = args
        self._manifest = manifest
        self._report = report
        self._images: dict[tuple[str, ...], list[Image]] = {}
        self._results: list[Result] = []

    async def all(self, cases: Sequence[Case], filtered: int) -> bool:
        """Whether no test failed."""
        runnable = [case for case in cases if self._why_not(case) is None]
        with tempfile.TemporaryDirectory(prefix="rex-test-") as scratch:
            for features in dict.fromkeys(case.features for case in runnable):
                self._images[features] = await self._build(features, Path(scratch))
            started = time.monotonic()
            self._report.start(self._manifest.package or "", self._manifest.root, len(cases))
            waiting = list(cases)
            workers = min(self._args.test_threads, len(cases))
            await asyncio.gather(*(self._work(waiting) for _ in range(workers)))
        seconds = time.monotonic() - started
        self._report.end(self._results, filtered, seconds)
        return not any(result.verdict is Verdict.FAILED for result in self._results)

    def _why_not(self, case: Case) -> str | None:
        """Why a test is ignored, None if it is run."""
        if case.targets and self._args.target not in case.targets:
            return f"for {', '.join(case.targets)}"
        if case.ignore is not None and not (self._args.ignored or self._args.include_ignored):
            return case.ignore
        return None

    async def _build(self, features: tuple[str, ...], scratch: Path) -> list[Image]:
        every = [*features_of(self._args), *features]
        artifacts = await built(self._manifest, list(dict.fromkeys(every)))
        # The next set of features is built into the same files.
        directory = scratch / ("with-" + "-".join(features) if features else "plain")
        directory.mkdir()
        images = []
        for artifact in artifacts:
            image, elf = (Path(shutil.copy2(f, directory)) for f in (artifact.image, artifact.elf))
            images.append(Image(image, elf))
        return images

    async def _work(self, waiting: list[Case]) -> None:
        while waiting:
            case = waiting.pop(0)
            self._report.begin(case.name)
            result = await self._one(case)
            self._results.append(result)
            self._report.result(result)

    async def _one(self, case: Case) -> Result:
        why_not = self._why_not(case)
        if why_not is not None:
            return Result(case.name, Verdict.IGNORED, why=why_not)
        narrator = Narrator(plain, self._manifest.root)
        captured: list[str] = []

        def shown(event: Event | str) -> None:
            text = event if isinstance(event, str) else narrator.tell(event) + "\n"
            captured.append(text)
            self._report.output(text)

        started = time.monotonic()
        images = self._images[case.features]
        try:
            seen = await execute(case, self._manifest, images, self._args.target, shown)
            problems = failures(case, seen, self._manifest.root)
        except CannotRun as error:
            problems = [f"{case.file.relative_to(self._manifest.root)}:{case.line}: {error}"]
        seconds = time.monotonic() - started
        verdict = Verdict.FAILED if problems else Verdict.OK
        return Result(case.name, verdict, tuple(problems), "".join(captured), seconds)
