# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex server`: the language server on standard input and output."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rex_lsp.cli.main import Subparsers


def register(subparsers: Subparsers) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "server",
        help="serve an editor (LSP on standard input and output)",
        description="Serve one editor: Language Server Protocol on standard input and output.",
    )
    parser.add_argument(
        "--stdio", action="store_true", help="what it always does; editors pass it by habit"
    )
    parser.add_argument(
        "--clientProcessId", type=int, metavar="PID", help="end when this process ends"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until the client is done."""
    _trust_no_working_directory()
    from rex_lsp.server.main import main

    return main(parent=args.clientProcessId)


def _trust_no_working_directory() -> None:
    """Take modules from the installation only.

    `python -m` looks for modules in the working directory first, and an editor may have
    started us in a project that nobody trusts.
    """
    home = Path(__file__).resolve().parents[2]
    here = Path.cwd()
    if here != home:
        sys.path[:] = [entry for entry in sys.path if entry and Path(entry) != here]
