# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Entry point of `rex`: finds the verb, imports its module, runs it.

Exit status: 0 clean, 1 findings of severity error, 2 usage or something the person can
repair, 101 a fault of ours, 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from rex_lsp import __version__
from rex_lsp.cli.verbs import VERBS

CLEAN, FINDINGS, USAGE, OUR_FAULT, INTERRUPTED = 0, 1, 2, 101, 130


class Subparsers(Protocol):
    """What `add_subparsers` returns, as far as verb modules need it."""

    def add_parser(
        self,
        name: str,
        *,
        help: str = ...,
        description: str = ...,
        epilog: str = ...,
        formatter_class: type[argparse.HelpFormatter] = ...,
    ) -> argparse.ArgumentParser: ...


class CannotContinue(Exception):
    """Ends a verb with `rex: MESSAGE` on stderr and `status` (2 unless told)."""

    def __init__(self, message: str, repair: Sequence[str] = (), status: int = USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.repair = tuple(repair)
        self.status = status


def parser_for(verbs: Sequence[str]) -> argparse.ArgumentParser:
    """Builds the parser with the modules that serve `verbs` and no others."""
    parser = argparse.ArgumentParser(
        prog="rex",
        description="Write, check, build and run Rex kernel extensions on a stock toolchain.",
        formatter_class=partial(argparse.HelpFormatter, max_help_position=20),
    )
    parser.add_argument("--version", action="version", version=f"rex {__version__}")
    subparsers = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for module in dict.fromkeys(VERBS[verb] for verb in verbs):
        importlib.import_module(module).register(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `rex ARGV` and returns its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    named = arguments[0] if arguments else ""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What the terminal's encoding lacks is shown as an escape.
            stream.reconfigure(errors="backslashreplace")
    try:
        parser = parser_for([named] if named in VERBS else list(VERBS))
        parsed = parser.parse_args(arguments)
        run: Callable[[argparse.Namespace], int] = parsed.run
        status = run(parsed)
        sys.stdout.flush()
        return status
    except CannotContinue as problem:
        print(f"rex: {problem.message}", file=sys.stderr)
        for step in problem.repair:
            print(f"  {step}", file=sys.stderr)
        return problem.status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`rex rules | head`): that is not an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLEAN
    except Exception:
        import traceback

        traceback.print_exc()
        print(
            f"rex: this is a fault in rex {__version__}, not in your project; "
            "please report it with the lines above",
            file=sys.stderr,
        )
        return OUR_FAULT
