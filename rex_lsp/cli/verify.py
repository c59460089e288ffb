# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex verify IMAGE DIR`: whether an image is what its sources give.

The document of `--format json` is `docs/schemas/verify.json`.
"""

from __future__ import annotations

import argparse
import difflib
import tempfile
from pathlib import Path
from typing import Any

from rex_lsp.cli import report
from rex_lsp.cli.image_verb import is_image, known
from rex_lsp.cli.main import CLEAN, FINDINGS, CannotContinue, Subparsers
from rex_lsp.cli.project_argument import directory_of
from rex_lsp.cli.table import print_table

Json = dict[str, Any]

# What an entry of the build record stands for, in the order in which one explains the next.
_RECORD = {
    "package": "package",
    "rex": "version of rex",
    "rustc": "compiler",
    "commit": "compiler's commit",
    "flags": "compiler flags",
    "features": "cargo features",
    "dependencies": "dependencies",
    "sources": "digest of the sources",
    "licence": "licence",
}


def register(subparsers: Subparsers) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "verify",
        help="rebuild an image from its sources and compare",
        description="Build DIR in a new directory with the compiler and features that IMAGE "
        "records, and compare the two, signature aside. Exit status: 0 equal, 1 different, 2 "
        "when it cannot be told.",
    )
    parser.add_argument("image", metavar="IMAGE", help="the NAME.rex to verify")
    parser.add_argument(
        "directory",
        metavar="DIR",
        nargs="?",
        default=".",
        help="directory of the extension's Cargo.toml (default: here)",
    )
    parser.add_argument("--format", choices=("human", "json"), default="human")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Rebuilds and compares."""
    from rex_lsp.image import facts

    image = Path(args.image).absolute()
    if not is_image(image):
        raise CannotContinue(f"expected an image (NAME.rex), but {args.image} is none")
    contents = known(facts.contents, image)
    directory = directory_of(args)
    with tempfile.TemporaryDirectory(prefix="rex-verify-") as scratch:
        rebuilt = _rebuilt(image, contents, directory, Path(scratch))
        found = _compared(image, rebuilt)
    if args.format == "json":
        report.print_json({"version": 1, **found})
    elif found["equal"]:
        print(f"{args.image} is what {args.directory} gives, digest {found['digest']}")
    else:
        print(f"{args.image} is not what {args.directory} gives\n")
        rows = [
            (_subject(one), one["image"], one["rebuilt"], _place(one))
            for one in found["differences"]
        ]
        print_table(("what", "in the image", "rebuilt", "place"), rows, "human")
    return CLEAN if found["equal"] else FINDINGS


def _rebuilt(image: Path, contents: Json, directory: Path, scratch: Path) -> Path:
    """The image that the recorded package gives now, below `scratch`."""
    from rex_lsp.build import build
    from rex_lsp.cli import deploy_steps
    from rex_lsp.cli.terminal_progress import TerminalProgress

    record = contents["record"]
    manifest = _package(record.get("package", ""), directory)
    made: dict[str, Path] = {}

    async def rebuild() -> int:
        with TerminalProgress() as progress:
            result = await build(
                manifest.root,
                features=[one for one in record.get("features", "").split(",") if one],
                progress=progress,
                output=scratch,
                commit=record.get("commit", ""),
                signer=lambda: None,
            )
        if not result.ok:
            raise CannotContinue(
                f"{directory} does not build, so nothing can be compared",
                [f"rex build {directory}"],
            )
        made.update({artifact.name: artifact.image for artifact in result.artifacts})
        return CLEAN

    status = deploy_steps.run_to_end(rebuild)
    if status:
        raise SystemExit(status)
    return made[_target(image, contents, made)]


def _package(recorded: str, directory: Path) -> Any:
    """The manifest of the package that the image names."""
    from rex_lsp.build import extensions

    name = recorded.split(" ", maxsplit=1)[0]
    found = extensions(directory)
    chosen = [manifest for manifest in found if manifest.package == name] or found
    if len(chosen) > 1:
        raise CannotContinue(f"the image is of the package `{name}`, which {directory} has not")
    return chosen[0]


def _target(image: Path, contents: Json, made: dict[str, Path]) -> str:
    """Which of several targets an image is of: by its name, else by its programs."""
    from rex_lsp.image import facts

    if len(made) == 1 or image.stem in made:
        return image.stem if image.stem in made else next(iter(made))
    programs = {program["name"] for program in contents["programs"]}

    def alike(name: str) -> float:
        others = {one["name"] for one in known(facts.contents, made[name])["programs"]}
        return len(programs & others) / max(1, len(programs | others))

    return max(made, key=alike)


def _compared(image: Path, rebuilt: Path) -> Json:
    """The document without its version."""
    from rex_lsp.image import facts

    said = known(lambda first: facts.comparison(first, rebuilt), image)
    order = list(_RECORD)
    differences = [
        {
            "what": one["what"],
            "name": one["name"],
            "image": one["first"],
            "rebuilt": one["second"],
            "line": one["line"],
        }
        for one in said["differences"]
    ]
    differences.sort(
        key=lambda one: (
            order.index(one["name"])
            if one["what"] == "record" and one["name"] in order
            else len(order)
        )
    )
    return {
        "equal": said["equal"],
        "digest": said["first"],
        "rebuilt": said["second"],
        "differences": [_shortened(one) for one in differences],
    }


def _shortened(one: Json) -> Json:
    """Of long lists in the record, only what differs."""
    if one["what"] != "record" or one["name"] not in ("dependencies", "rustc"):
        return one
    separator = ", " if one["name"] == "dependencies" else "\n"
    first, second = one["image"].split(separator), one["rebuilt"].split(separator)
    delta = list(difflib.ndiff(first, second))
    return {
        **one,
        "image": separator.join(line[2:] for line in delta if line.startswith("- ")),
        "rebuilt": separator.join(line[2:] for line in delta if line.startswith("+ ")),
    }


def _subject(one: Json) -> str:
    if one["what"] == "record":
        return _RECORD.get(one["name"], str(one["name"]))
    return f"{one['what']} {one['name']}"


def _place(one: Json) -> str:
    from rex_lsp.image.words import place_of

    line: Json | None = one["line"]
    return place_of(line)
