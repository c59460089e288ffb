# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex new NAME`: a small extension that checks, builds and runs as it is."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from rex_lsp.build import CannotBuild
from rex_lsp.build.locations import kernel_crate
from rex_lsp.cli.main import CannotContinue, Subparsers

_TEMPLATES = Path(__file__).resolve().parent / "templates"
_DUP = """[[package.metadata.rex.source]]
name = "two dups"
command = ["perl", "-MPOSIX", "-e", "POSIX::dup(1) for 1..2"]"""
_SOURCES = {
    "tracepoint": _DUP,
    "kprobe": _DUP,
    "xdp": '''# Packets for `rex run`: name a capture file, or call `rex run --pcap FILE`.
# [[package.metadata.rex.source]]
# name = "captured packets"
# pcap = "packets.pcap"''',
}
_HEAD = "# `rex test` runs this; the manual's page on testing has all that can be said.\n"
_TESTS = {
    "tracepoint": """[[test]]
name = "two_dups"
trace = [{ text = "PID {pid} duplicates descriptor 1", count = 2 }]
""",
    "kprobe": """[[test]]
name = "counts_by_thread"
trace = ["PID {pid} called dup 1 times", "PID {pid} called dup 2 times"]

[[test.map]]
name = "calls"
count = 1
""",
    "xdp": """[[test]]
name = "counts_by_length"
source = { packets = [
    "ffffffffffff 020000000001 88b5",
    "ffffffffffff 020000000001 88b5 00",
] }
verdicts = ["XDP_PASS", "XDP_PASS"]

[[test.map]]
name = "lengths"
entries = [{ key = 0, value = 2 }]
""",
}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
# Names that would hide a crate the code needs, and keywords (Rust reference, "Keywords").
_TAKEN = frozenset(
    "rex core std alloc test proc_macro as async await break const continue crate dyn else enum "
    "extern false fn for gen if impl in let loop match mod move mut pub ref return self static "
    "struct super trait true type unsafe use where while abstract become box do final macro "
    "override priv try typeof unsized virtual yield".split()
)


def register(subparsers: Subparsers) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "new",
        help="make a new extension",
        description="Make a directory NAME with a small extension that works as it is.",
    )
    parser.add_argument(
        "name", metavar="NAME", help="name of the package, or a path that ends in it"
    )
    parser.add_argument(
        "--kind",
        choices=sorted(_SOURCES),
        default="tracepoint",
        help="what the program attaches to (default: tracepoint)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Writes the files; refuses a directory that has something in it."""
    directory = Path(args.name).absolute()
    name = directory.name
    if not _NAME.match(name):
        raise CannotContinue(
            f"expected a package name of letters, digits, - and _ that begins with a letter, "
            f"found {name!r}"
        )
    program = name.replace("-", "_").lower()
    if program in _TAKEN:
        raise CannotContinue(f"{name!r} is taken: choose another name for the package")
    try:
        crate = kernel_crate() / "rex"
        if directory.exists() and any(directory.iterdir()):
            raise CannotContinue(f"{args.name} exists and is not empty")
        (directory / "src").mkdir(parents=True, exist_ok=True)
        values = {
            "@NAME@": name,
            "@PROGRAM@": program,
            "@REX@": json.dumps(str(crate))[1:-1],
            "@SOURCE@": _SOURCES[args.kind],
        }
        _write("Cargo.toml.in", directory / "Cargo.toml", values)
        _write("gitignore.in", directory / ".gitignore", values)
        _write(f"{args.kind}.rs.in", directory / "src" / "main.rs", values)
        (directory / "tests").mkdir(exist_ok=True)
        test = directory / "tests" / f"{program}.toml"
        test.write_text(_HEAD + _TESTS[args.kind], encoding="utf-8")
    except CannotBuild as problem:
        raise CannotContinue(problem.message, problem.repair) from problem
    except OSError as error:
        raise CannotContinue(f"cannot write {directory}: {error.strerror}") from error
    print(f"made {args.name}: `rex check {args.name}`, `rex test {args.name}`")
    return 0


def _write(template: str, path: Path, values: dict[str, str]) -> None:
    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(name, value)
    path.write_text(text, encoding="utf-8")
