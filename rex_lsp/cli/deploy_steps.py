# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the deploy verbs share: building one package, connecting, finding a loaded object."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rex_lsp.build import CannotBuild, Manifest, build, extensions
from rex_lsp.build.builder import Artifact
from rex_lsp.cli.main import FINDINGS, INTERRUPTED, CannotContinue
from rex_lsp.cli.report import ordered
from rex_lsp.cli.report_human import print_human
from rex_lsp.cli.terminal_progress import TerminalProgress
from rex_lsp.deploy.client import Runtime
from rex_lsp.deploy.errors import ConnectionLost, RuntimeFailed, RuntimeUnreachable

T = TypeVar("T")


class DoesNotBuild(Exception):
    """The package has errors, which were printed."""


def run_to_end(work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run a verb; Ctrl-C and SIGTERM cancel it, so that it cleans up behind itself."""

    async def guarded() -> int:
        task = asyncio.ensure_future(work())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return INTERRUPTED

    try:
        return asyncio.run(guarded())
    except DoesNotBuild:
        return FINDINGS
    except CannotBuild as problem:
        raise CannotContinue(problem.message, problem.repair) from problem
    except RuntimeFailed as problem:
        advice = [problem.advice] if problem.advice else []
        raise CannotContinue(problem.message, advice) from problem
    except (RuntimeUnreachable, ConnectionLost) as problem:
        raise CannotContinue(str(problem)) from problem


def package_in(directory: Path) -> Manifest:
    """The one extension package a directory stands for.

    Raises:
        CannotContinue: there are several; the message names them.
    """
    found = extensions(directory)
    if len(found) > 1:
        names = [f"rex … {manifest.root}" for manifest in found]
        raise CannotContinue(f"{directory} has {len(found)} extensions, name one of them", names)
    return found[0]


async def built(manifest: Manifest, features: Sequence[str]) -> list[Artifact]:
    """Build a package; its findings go to stderr.

    Raises:
        DoesNotBuild: it has errors.
        CannotBuild: something around it is missing.
    """
    with TerminalProgress() as progress:
        result = await build(manifest.root, features=list(features), progress=progress)
    if result.findings:
        print_human(ordered(result.findings), manifest.root, sys.stderr)
    if not result.ok:
        raise DoesNotBuild
    return result.artifacts


async def connected(use: Callable[[Runtime], Awaitable[T]], client: str) -> T:
    """Call ``use`` with a connection that is closed afterwards, come what may."""
    runtime = await Runtime.connect(client=client)
    try:
        return await use(runtime)
    finally:
        await asyncio.shield(asyncio.ensure_future(runtime.close()))


def add_object(parser: argparse.ArgumentParser) -> None:
    """Adds the argument OBJECT."""
    parser.add_argument(
        "object",
        metavar="OBJECT",
        nargs="?",
        default=".",
        help="number or name as `rex ps` prints it, or the directory it was built in "
        "(default: here)",
    )


async def objects_named(runtime: Runtime, word: str) -> list[dict[str, Any]]:
    """The loaded objects that a word on the command line means, at least one.

    Raises:
        CannotContinue: there is none.
    """
    answer = await runtime.call("list")
    objects: list[dict[str, Any]] = answer.get("objects") or []
    if word.isdecimal():
        found = [one for one in objects if one["object"] == int(word)]
    else:
        directory = str(Path(word).resolve())
        found = [one for one in objects if str(one.get("dir") or "") == directory]
        found = found or [one for one in objects if one.get("name") == word]
    if not found:
        raise CannotContinue(f"nothing is loaded for {word}", ["rex ps", f"rex load {word}"])
    return found
