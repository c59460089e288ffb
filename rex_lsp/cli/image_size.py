# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex size`: where the bytes of images go."""

from __future__ import annotations

import argparse

from rex_lsp.cli.image_verb import Json, add_budget, add_verb, images_of, known, over_budget, show
from rex_lsp.cli.main import Subparsers
from rex_lsp.cli.table import print_table

_SHOWN = 20


def register(subparsers: Subparsers) -> None:
    """Adds the verb."""
    parser = add_verb(
        subparsers,
        "size",
        "bytes by segment, crate, program and function",
        "Bytes in memory of each image by segment, and of its code by crate, program and function.",
        run,
    )
    parser.add_argument(
        "-n",
        type=int,
        default=_SHOWN,
        metavar="COUNT",
        help=f"functions to list, the largest first; 0 is all (default: {_SHOWN})",
    )
    add_budget(parser, "BYTES", "exit 1 when an image takes more memory")


def run(args: argparse.Namespace) -> int:
    """Prints the sizes of each image; 1 when one is over `--budget`."""
    from rex_lsp.image import facts
    from rex_lsp.image.sizes import sizes_of

    images: list[Json] = []
    for image in images_of(args):
        sizes = sizes_of(known(facts.contents, image), known(facts.analysis, image))
        images.append({"image": image.name, "file": image.stat().st_size, **sizes})

    def people(form: str) -> None:
        for one in images:
            _print_image(one, form, args.n)

    show(args, {"version": 1, "images": images}, people, " B")
    return over_budget(
        [
            f"{one['image']} takes {one['bytes']:,} B, its budget is {args.budget:,} B"
            for one in images
            if args.budget is not None and one["bytes"] > args.budget
        ]
    )


def _print_image(one: Json, form: str, shown: int) -> None:
    total, text = one["bytes"], sum(row["text"] for row in one["functions"]) or 1
    print(f"{one['image']}: {total:,} B in memory, {one['file']:,} B as a file\n")
    segments = [
        (row["kind"], f"{row['bytes']:,} B", f"{row['bytes'] / total:.1%}")
        for row in one["segments"]
        if row["bytes"]
    ]
    print_table(("segment", "size", "share"), segments, form)
    print()
    crates = [(r["name"], f"{r['text']:,} B", f"{r['text'] / text:.1%}") for r in one["crates"]]
    print_table(("crate", "code", "share"), crates, form)
    print()
    programs = [(r["name"], f"{r['text']:,} B", f"{r['own']:,} B") for r in one["programs"]]
    print_table(("program", "reaches", "alone"), programs, form)
    print()
    functions = one["functions"][: shown or None]
    rows = [
        (f"{row['text']:,} B", f"{row['text'] / text:.1%}", row["crate"], _code(row["name"], form))
        for row in functions
    ]
    print_table(("code", "share", "crate", "function"), rows, form)
    if left := one["functions"][len(functions) :]:
        rest = sum(row["text"] for row in left)
        print(f"\nand {len(left)} smaller functions, {rest:,} B; all of them with -n 0")


def _code(name: str, form: str) -> str:
    return f"`{name}`" if form == "markdown" else name
