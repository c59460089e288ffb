# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex stack`, `rex panics` and `rex audit`: what the machine code of images says."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rex_lsp.cli import report
from rex_lsp.cli.main import FINDINGS, CannotContinue, Subparsers
from rex_lsp.cli.project_argument import add_directory, directory_of, features_of

Row = dict[str, Any]


def register(subparsers: Subparsers) -> None:
    """Adds the verbs."""
    stack = _verb(
        subparsers,
        "stack",
        "worst-case stack of each program",
        "Worst-case stack of each program, what the number means, and the line to blame when "
        "it is not exact.",
        run_stack,
    )
    stack.add_argument(
        "--budget",
        type=int,
        metavar="BYTES",
        help="exit 1 when a program uses more, or perhaps more",
    )
    stack.add_argument(
        "--compare",
        metavar="OLD",
        help="show the change since a document of `rex stack --format json`",
    )
    _verb(
        subparsers,
        "panics",
        "places where a panic is left",
        "Places where a panic can still start after optimisation, by line and cause.",
        run_panics,
    )
    _verb(
        subparsers,
        "audit",
        "judge the machine code as every load does",
        "Judge the machine code of images as every load does; exit 1 if any is refused.",
        run_audit,
    )


def _verb(
    subparsers: Subparsers,
    name: str,
    short: str,
    description: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        name, help=short, description=f"{description} Builds DIR first, or reads an image."
    )
    add_directory(parser)
    parser.add_argument("--format", choices=("human", "json", "markdown"), default="human")
    parser.set_defaults(run=run)
    return parser


def run_stack(args: argparse.Namespace) -> int:
    """Prints a row for each program; 1 when one may be over `--budget`."""
    from rex_lsp.image.words import first_blame

    rows: list[Row] = []
    for image, facts in _analyses(args):
        for program in facts["programs"]:
            usage, panic = program["stack"], program["panic_stack"]
            blame = first_blame(usage)
            rows.append(
                {
                    "image": image,
                    "program": program["name"],
                    "bytes": usage["bytes"],
                    "certainty": usage["certainty"],
                    "checked": usage["checked"],
                    "budget": facts["limits"]["budget"],
                    "panic_bytes": panic and panic["bytes"],
                    "panic_certainty": panic and panic["certainty"],
                    "doubt": blame and blame["doubt"],
                    "line": blame and blame["line"],
                    "path": [step["function"] for step in usage["path"]],
                }
            )
    old = _old(args.compare)
    if args.format == "json":
        report.print_json({"version": 1, "programs": rows})
    else:
        table = [_stack_cells(row, old) for row in rows]
        _print(("program", "stack", "because of", "deepest path"), table, args.format)
    over = [row for row in rows if args.budget is not None and not _fits(row, args.budget)]
    return FINDINGS if over else 0


def _fits(row: Row, budget: int) -> bool:
    return row["bytes"] <= budget and row["certainty"] in {"exact", "at_most"}


def _stack_cells(row: Row, old: Mapping[tuple[str, str], int]) -> tuple[str, ...]:
    from rex_lsp.image.words import DOUBTS, bytes_of, place_of

    words = bytes_of(row)
    before = old.get((row["image"], row["program"]))
    if before is not None and before != row["bytes"]:
        words += f" ({row['bytes'] - before:+,} B)"
    place = place_of(row["line"])
    doubt = DOUBTS[row["doubt"]] + (f", {place}" if place else "") if row["doubt"] else ""
    return f"{row['image']}: {row['program']}", words, doubt, " > ".join(row["path"])


def _old(path: str | None) -> dict[tuple[str, str], int]:
    """Bytes by image and program of an earlier document."""
    if path is None:
        return {}
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        return {(row["image"], row["program"]): row["bytes"] for row in document["programs"]}
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise CannotContinue(
            f"expected a document of `rex stack --format json` in {path}: {problem}"
        ) from problem


def run_panics(args: argparse.Namespace) -> int:
    """Prints each line and cause once."""
    from rex_lsp.image.words import CAUSES, REPAIRS, place_of

    rows: list[Row] = []
    for image, facts in _analyses(args):
        for index, site in enumerate(facts["panics"]):
            programs = [p["name"] for p in facts["programs"] if index in p["panics"]]
            row = {
                "image": image,
                "programs": programs,
                "cause": site["cause"],
                "function": site["function"],
                "line": site["line"],
            }
            if row not in rows:
                rows.append(row)
    if args.format == "json":
        report.print_json({"version": 1, "panics": rows})
        return 0
    table = [
        (
            place_of(row["line"]) or f"`{row['function']}`",
            CAUSES[row["cause"]],
            REPAIRS[row["cause"]],
            ", ".join(row["programs"]),
        )
        for row in rows
    ]
    _print(("place", "may panic", "instead", "programs"), table, args.format)
    if not rows:
        print("no program can panic")
    return 0


def run_audit(args: argparse.Namespace) -> int:
    """Prints what is refused; 1 if anything is."""
    from rex_lsp.image import facts as image_facts
    from rex_lsp.image.words import place_of

    judged = [(image.name, _known(image_facts.audit, image)) for image in _images(args)]
    if args.format == "json":
        report.print_json({"version": 1, "images": [{"image": n, **facts} for n, facts in judged]})
    else:
        table = [
            (
                name,
                place_of(finding["line"]) or finding["function"],
                f"`{finding['instruction']}`" if finding["instruction"] else "",
                finding["message"],
            )
            for name, facts in judged
            for finding in facts["findings"]
        ]
        _print(("image", "place", "instruction", "refused because"), table, args.format)
        for name, facts in judged:
            if facts["verdict"] == "passed":
                print(f"{name}: nothing refused")
    return FINDINGS if any(facts["findings"] for _, facts in judged) else 0


def _analyses(args: argparse.Namespace) -> Iterator[tuple[str, Mapping[str, Any]]]:
    from rex_lsp.image import facts as image_facts

    for image in _images(args):
        yield image.name, _known(image_facts.analysis, image)


def _known(ask: Callable[[Path], Mapping[str, Any]], image: Path) -> Mapping[str, Any]:
    from rex_lsp.image.facts import Unreadable

    try:
        return ask(image)
    except Unreadable as problem:
        raise CannotContinue(str(problem)) from problem


def _images(args: argparse.Namespace) -> list[Path]:
    """The image that is named, or those that the directory builds."""
    from rex_lsp.build import extensions
    from rex_lsp.cli.deploy_steps import built, run_to_end

    path = Path(args.directory)
    if path.suffix == ".rex" and path.is_file():
        return [path.absolute()]
    directory = directory_of(args)
    found: list[Path] = []

    async def build_all() -> int:
        for manifest in extensions(directory):
            found.extend(artifact.image for artifact in await built(manifest, features_of(args)))
        return 0

    status = run_to_end(build_all)
    if status:
        raise SystemExit(status)
    return found


def _print(head: Sequence[str], rows: Sequence[Sequence[str]], form: str) -> None:
    """A table; columns that are empty in every row are left out."""
    kept = [i for i in range(len(head)) if any(row[i] for row in rows)]
    lines = [[row[i] for i in kept] for row in rows]
    if form == "markdown":
        lines = [[cell.replace("|", "\\|") for cell in line] for line in lines]
        header = [[head[i] for i in kept], ["---"] * len(kept)]
        for line in [*header, *lines] if lines else []:
            print(f"| {' | '.join(line)} |")
        return
    widths = [max(len(line[i]) for line in lines) for i in range(len(kept))] if lines else []
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())
