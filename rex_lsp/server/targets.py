# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a command's argument means: a package, and one of its programs or all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rex_lsp.deploy.sources import KINDS, Source
from rex_lsp.model.program import Program
from rex_lsp.server.jsonrpc import INVALID_PARAMS, REQUEST_FAILED, RequestFailed
from rex_lsp.server.server import RexServer
from rex_lsp.syntax.changes import EditRejected
from rex_lsp.syntax.positions import Position


@dataclass(frozen=True, slots=True)
class Selection:
    """``program`` is None for all programs of the package."""

    path: Path
    package: Path
    program: str | None
    source: Source | None = None


def select(ls: RexServer, path: Path, argument: Mapping[str, Any]) -> Selection:
    """Read a command's argument object.

    Raises:
        RequestFailed: the file is no part of an extension package, or a field has no sense.
    """
    package = _package(ls, path)
    program = argument.get("program")
    if program is not None and not isinstance(program, str):
        raise RequestFailed(INVALID_PARAMS, f"expected program to be a name, found {program!r}")
    if program is None and argument.get("position") is not None:
        program = _program_at(ls, path, argument["position"])
    return Selection(path, package, program, _source(argument.get("source")))


def program_around(ls: RexServer, path: Path, offset: int) -> Program | None:
    """The program whose item contains a byte offset of an open file."""
    crate = ls.files.crate(path)
    if crate is None:
        return None
    for program in crate.programs(path):
        if program.span.start <= offset <= program.span.end:
            return program
    return None


def _package(ls: RexServer, path: Path) -> Path:
    package = ls.files.crates.package_of(path)
    if package is None:
        manifest = ls.files.crates.packages.nearest(path)
        if manifest is None:
            raise RequestFailed(
                REQUEST_FAILED, f"{path.name} has no Cargo.toml above it, `rex new NAME` makes one"
            )
        if not manifest.extension_targets and not manifest.problems:
            raise RequestFailed(
                REQUEST_FAILED,
                f"{path.name} is no part of an extension: its package does not depend on `rex`",
            )
        return manifest.root
    if not (package / "Cargo.toml").is_file():
        raise RequestFailed(
            REQUEST_FAILED, f"{path.name} has no Cargo.toml above it, `rex new NAME` makes one"
        )
    return package


def _program_at(ls: RexServer, path: Path, position: Any) -> str | None:
    document = ls.files.document(path)
    line = position.get("line") if isinstance(position, Mapping) else None
    character = position.get("character") if isinstance(position, Mapping) else None
    if not isinstance(line, int) or not isinstance(character, int) or line < 0 or character < 0:
        raise RequestFailed(INVALID_PARAMS, f"expected a position, found {position!r:.100}")
    if document is None:
        return None
    try:
        offset = document.offset(Position(line, character), ls.encoding)
    except EditRejected as error:
        raise RequestFailed(INVALID_PARAMS, str(error)) from None
    found = program_around(ls, path, offset)
    return None if found is None else found.name


def _source(given: Any) -> Source | None:
    if given is None:
        return None
    kind = given.get("kind") if isinstance(given, Mapping) else None
    if kind not in KINDS:
        raise RequestFailed(
            INVALID_PARAMS, f"expected source to have a kind of {', '.join(KINDS)}, found {given!r}"
        )
    return Source(str(given.get("label", kind)), kind, dict(given))
