# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The arguments that name a project: DIR and `--features`."""

from __future__ import annotations

import argparse
from pathlib import Path

from rex_lsp.cli.main import CannotContinue


def add_directory(parser: argparse.ArgumentParser, *, or_image: bool = False) -> None:
    """Adds `[DIR]`, which may name an image if the verb reads one, and `--features`."""
    image = ", or a NAME.rex" if or_image else ""
    parser.add_argument(
        "directory",
        metavar="DIR",
        nargs="?",
        default=".",
        help=f"directory of the extension's Cargo.toml (default: here){image}",
    )
    add_features(parser)


def add_features(parser: argparse.ArgumentParser) -> None:
    """Adds `--features`."""
    parser.add_argument(
        "--features",
        action="append",
        default=[],
        metavar="LIST",
        help="cargo features to switch on, separated by commas",
    )


def directory_of(args: argparse.Namespace) -> Path:
    """The absolute directory; raises `CannotContinue` when there is none."""
    path = Path(args.directory).absolute()
    if path.name == "Cargo.toml" and path.is_file():
        return path.parent
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise CannotContinue(f"expected a directory with a Cargo.toml, but {args.directory} {what}")
    return path


def features_of(args: argparse.Namespace) -> list[str]:
    """The features as one flat list."""
    return [f for group in args.features for f in group.replace(",", " ").split()]
