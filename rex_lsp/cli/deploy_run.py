# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex run DIR`: build, load, attach, run a source to its end, show what happens."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from rex_lsp.build import Manifest
from rex_lsp.cli.deploy_output import EventPrinter
from rex_lsp.cli.deploy_sources import add_source, named_source, source_of
from rex_lsp.cli.deploy_steps import built, connected, package_in, run_to_end
from rex_lsp.cli.main import CLEAN, FINDINGS, CannotContinue, Subparsers
from rex_lsp.cli.project_argument import add_directory, directory_of, features_of
from rex_lsp.deploy.client import Runtime
from rex_lsp.deploy.objects import Loaded
from rex_lsp.deploy.runner import Runner


def register(subparsers: Subparsers) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "run",
        help="build, load, attach, run a source of events to its end",
        description="Build an extension, load and attach its programs, run a source of events "
        "to its end and show what happens. Nothing is left behind. The source stands behind "
        "-- as a command, or in an option, or is the one that Cargo.toml declares. "
        "Exit status: 1 if a program stopped (panic, time, stack, fault).",
    )
    add_directory(parser)
    add_source(parser)
    parser.add_argument(
        "--program", metavar="NAME", help="attach only this program (default: all of them)"
    )
    parser.add_argument("--target", default="sim", help="where to run it (default: sim)")
    parser.add_argument(
        "--limits", action="store_true", help="tell what the target cannot do, then run"
    )
    parser.add_argument(
        "--format",
        choices=("human", "json"),
        default="human",
        help="how to print events; json is one object a line (default: human)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs to the end of the source."""
    named_source(args)
    manifest = package_in(directory_of(args))
    return run_to_end(lambda: _run(args, manifest))


async def _run(args: argparse.Namespace, manifest: Manifest) -> int:
    artifacts = await built(manifest, features_of(args))
    images = [artifact.image for artifact in artifacts]
    return await connected(lambda runtime: drive(runtime, args, manifest, images), client="rex run")


async def drive(
    runtime: Runtime, args: argparse.Namespace, manifest: Manifest, images: list[Path]
) -> int:
    """Load and attach the images, run the source, unload; 1 if a program stopped."""
    printer = EventPrinter(args.format, sys.stdout, base=manifest.root)
    runner = Runner(runtime, printer.take, target=args.target)
    try:
        loaded = [await runner.load(image, directory=manifest.root) for image in images]
        driven = _driven(loaded, args.program)
        kinds = [p.kind for one in driven for p in one.programs.values()]
        source = source_of(args, manifest, kinds)
        printer.limits(runner.limits, args.target, full=args.limits)
        for one in driven:
            await runner.attach(one, args.program)
        one = next(o for o in driven if source.fits(p.kind for p in o.programs.values()))
        number, _ = await runner.start(one, source)
        await runner.finished(one, number)
        # What was said before the end has arrived: events come in order.
        for one in loaded:
            await runner.unload(one)
        printer.flush()
    finally:
        await asyncio.shield(asyncio.ensure_future(runner.close()))
    return FINDINGS if printer.stopped else CLEAN


def _driven(loaded: list[Loaded], program: str | None) -> list[Loaded]:
    if program is None:
        return [one for one in loaded if one.programs]
    found = [one for one in loaded if program in one.programs]
    if not found:
        names = ", ".join(name for one in loaded for name in one.programs) or "none"
        raise CannotContinue(f"no program {program} in the image, it has {names}")
    return found
