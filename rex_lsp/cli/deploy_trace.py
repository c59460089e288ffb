# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex trace`: what loaded programs print and what happens to them, as it happens."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from rex_lsp.cli.deploy_output import EventPrinter
from rex_lsp.cli.deploy_steps import connected, objects_named, run_to_end
from rex_lsp.cli.main import CLEAN, Subparsers
from rex_lsp.deploy.client import Runtime
from rex_lsp.deploy.events import Event


def register(subparsers: Subparsers) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "trace",
        help="show what loaded programs print, as it happens",
        description="Show the events of loaded objects until Ctrl-C.",
    )
    parser.add_argument(
        "object",
        metavar="OBJECT",
        nargs="?",
        help="number or name as `rex ps` prints it, or a directory (default: all)",
    )
    parser.add_argument(
        "--count", type=int, metavar="N", help="end after N events (default: never)"
    )
    parser.add_argument("--format", choices=("human", "json"), default="human")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Shows events until it is interrupted."""
    return run_to_end(lambda: connected(lambda r: _follow(r, args), "rex trace"))


async def _follow(runtime: Runtime, args: argparse.Namespace) -> int:
    printer = EventPrinter(args.format, sys.stdout)
    chosen: list[dict[str, Any]] = [{}]
    if args.object is not None:
        chosen = [{"object": one["object"]} for one in await objects_named(runtime, args.object)]
    for params in chosen:
        await runtime.call("subscribe", params)
    left = args.count
    async for raw in runtime.events():
        printer.take(Event.from_json(raw))
        if left is not None:
            left -= 1
            if left <= 0:
                break
    return CLEAN
