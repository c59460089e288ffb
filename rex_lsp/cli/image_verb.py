# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the verbs about images share: their arguments, the images they mean, the comparison
with an earlier document and the budget."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rex_lsp.cli import report
from rex_lsp.cli.main import FINDINGS, CannotContinue, Subparsers
from rex_lsp.cli.project_argument import add_directory, directory_of, features_of
from rex_lsp.cli.table import print_table

if TYPE_CHECKING:
    from rex_lsp.image.compare import Change

Json = dict[str, Any]
_MAGIC = b"REXIMG"
# Rows of a comparison: a comment on a pull request has a limit, and so has a reader.
_SHOWN = 50


def add_verb(
    subparsers: Subparsers,
    name: str,
    short: str,
    description: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    """Adds a verb over `DIR` or an image, with `--format` and `--compare`."""
    parser = subparsers.add_parser(
        name, help=short, description=f"{description} Builds DIR first, or reads an image."
    )
    add_directory(parser, or_image=True)
    parser.add_argument("--format", choices=("human", "json", "markdown"), default="human")
    parser.add_argument(
        "--compare",
        metavar="OLD.json",
        help=f"show what changed since a document of `rex {name} --format json`",
    )
    parser.set_defaults(run=run)
    return parser


def add_budget(parser: argparse.ArgumentParser, unit: str, help_text: str) -> None:
    """Adds `--budget UNIT`, a number that is not negative."""

    def amount(text: str) -> int:
        if not text.isdecimal():
            raise argparse.ArgumentTypeError(f"expected a number of {unit.lower()}, found {text!r}")
        return int(text)

    parser.add_argument("--budget", type=amount, metavar=unit, help=help_text)


def images_of(args: argparse.Namespace) -> list[Path]:
    """The image that is named, or those that the directory builds."""
    from rex_lsp.build import extensions
    from rex_lsp.cli.deploy_steps import built, run_to_end

    path = Path(args.directory)
    if is_image(path):
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


def is_image(path: Path) -> bool:
    """Whether a file calls itself an image, by its name or its first bytes."""
    if not path.is_file():
        return False
    if path.suffix == ".rex":
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def known(ask: Callable[[Path], Json], image: Path) -> Json:
    """What `rex_lsp.image.facts` says; an image that it cannot read ends the verb."""
    from rex_lsp.image.facts import Unreadable

    try:
        return ask(image)
    except Unreadable as problem:
        raise CannotContinue(str(problem)) from problem


def analyses(args: argparse.Namespace) -> Iterator[tuple[str, Json]]:
    """Name and analysis of every image."""
    from rex_lsp.image import facts

    for image in images_of(args):
        yield image.name, known(facts.analysis, image)


def show(
    args: argparse.Namespace,
    document: Json,
    people: Callable[[str], None],
    unit: str,
) -> None:
    """Prints a document as asked for; with `--compare` what changed in it.

    `people` prints the whole of it in the form it is given, `unit` is what a weight counts.
    """
    changed = _changes(args, document)
    if args.format == "json":
        if changed is not None:
            document = {**document, "changes": [change.as_json() for change in changed]}
        report.print_json(document)
    elif changed is None:
        people(args.format)
    elif not changed:
        print(f"rex {args.verb}: nothing changed")
    else:
        _print_changes(changed, args.format, unit)


def _print_changes(changed: Sequence[Change], form: str, unit: str) -> None:
    from rex_lsp.rules.may_panic import CAUSES

    rows = [
        (
            change.subject.image,
            CAUSES.get(change.subject.kind, change.subject.kind.replace("_", " ")),
            f"`{change.subject.name}`" if form == "markdown" else change.subject.name,
            _amount(change.before, unit),
            _amount(change.now, unit),
            f"{change.delta:+,}{unit}" if change.delta else "",
            change.note or change.word,
        )
        for change in changed[:_SHOWN]
    ]
    print_table(("image", "what", "name", "before", "now", "change", "how"), rows, form)
    if left := len(changed) - len(rows):
        print(f"\nand {left} smaller changes; all of them with --format json")


def _amount(number: int | None, unit: str) -> str:
    return "" if number is None else f"{number:,}{unit}"


def _changes(args: argparse.Namespace, document: Json) -> Sequence[Change] | None:
    from rex_lsp.image.compare import changes

    if args.compare is None:
        return None
    try:
        old = json.loads(Path(args.compare).read_text(encoding="utf-8"))
        return changes(args.verb, old, document)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise CannotContinue(
            f"expected a document of `rex {args.verb} --format json` in {args.compare}: {problem}"
        ) from problem


def over_budget(problems: Sequence[str]) -> int:
    """Says what is over the budget; the exit status."""
    for problem in problems:
        print(f"rex: {problem}", file=sys.stderr)
    return FINDINGS if problems else 0
