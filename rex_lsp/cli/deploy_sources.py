# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The options that name an event source, and `-- CMD` at the end of a command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rex_lsp.build import Manifest
from rex_lsp.cli.main import CannotContinue
from rex_lsp.deploy import sources
from rex_lsp.deploy.sources import Source


def add_source(parser: argparse.ArgumentParser) -> None:
    """Adds the source options; ``args.command`` is what stands behind ``--``."""
    parser.add_argument("--pcap", metavar="FILE", help="packets from a capture file")
    parser.add_argument("--write", metavar="FILE", help="write the packets with their verdicts")
    parser.add_argument("--events", metavar="FILE", help="events from a JSON file")
    parser.add_argument("--iface", metavar="NAME", help="packets of a network interface")
    parser.add_argument("--source", metavar="NAME", help="a source that Cargo.toml declares")
    parser.usage = f"{parser.prog} [DIR] [options] [-- COMMAND ...]"
    _take_command(parser)


def _take_command(parser: argparse.ArgumentParser) -> None:
    """Cut ``-- CMD`` off first: argparse would give its words to positionals before it."""
    parse = parser.parse_known_args

    def parse_known_args(args: Any = None, namespace: Any = None) -> Any:
        words = list(args or ())
        command: list[str] = []
        if "--" in words:
            cut = words.index("--")
            words, command = words[:cut], words[cut + 1 :]
        parsed, rest = parse(words, namespace)
        parsed.command = command
        return parsed, rest

    parser.parse_known_args = parse_known_args  # type: ignore[method-assign]


def named_source(args: argparse.Namespace) -> Source | None:
    """The source that the options or the words behind ``--`` name.

    Raises:
        CannotContinue: there are several, or its file is not there.
    """
    named = _named(args)
    if len(named) > 1:
        words = ", ".join(source.kind for source in named)
        raise CannotContinue(f"expected one source of events, found {words}")
    if args.write and not args.pcap:
        raise CannotContinue("--write needs --pcap, whose packets it writes")
    for source in named:
        path = source.request.get("path")
        if path is not None and not Path(path).is_file():
            raise CannotContinue(f"expected a file, but {path} is none")
    return named[0] if named else None


def source_of(
    args: argparse.Namespace, manifest: Manifest | None, program_kinds: Iterable[str]
) -> Source:
    """The source the command line names, else the only declared one that fits.

    Raises:
        CannotContinue: several or none.
    """
    kinds = sorted(set(program_kinds))
    source = named_source(args)
    named = [] if source is None else [source]
    declared, problems = ([], []) if manifest is None else _declared(manifest)
    if args.source is not None:
        named += [source for source in declared if source.name == args.source]
        if not named:
            known = ", ".join(source.name for source in declared) or "none"
            raise CannotContinue(f"no source {args.source} is declared, there is {known}", problems)
    if named:
        if not named[0].fits(kinds):
            raise CannotContinue(
                f"a {named[0].kind} source cannot drive a program of type {', '.join(kinds)}"
            )
        return named[0]
    fitting = sources.fitting(declared, kinds)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        choices = [f"--source {source.name}" for source in fitting]
        raise CannotContinue("several declared sources fit, name one", choices)
    raise CannotContinue(
        f"no source of events for a program of type {', '.join(kinds) or 'none'}",
        [*problems, *_advice(kinds)],
    )


def _named(args: argparse.Namespace) -> list[Source]:
    here = Path.cwd()
    named: list[Source] = []
    if args.command:
        named.append(sources.command(args.command, here))
    if args.pcap:
        write = None if args.write is None else here / args.write
        named.append(sources.pcap(here / args.pcap, write))
    if args.events:
        named.append(sources.events_file(here / args.events))
    if args.iface:
        named.append(sources.interface(args.iface))
    return named


def _declared(manifest: Manifest) -> tuple[list[Source], list[str]]:
    return sources.declared(manifest.metadata_rex, manifest.root)


def _advice(kinds: Sequence[str]) -> list[str]:
    if {"xdp", "tc"} & set(kinds):
        return ["rex run DIR --pcap FILE", "or declare one in [[package.metadata.rex.source]]"]
    return ["rex run DIR -- COMMAND", "or declare one in [[package.metadata.rex.source]]"]
