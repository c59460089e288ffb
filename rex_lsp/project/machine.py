# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Between functions as they are written and functions as they were compiled.

One written function can have several compiled ones (generics) or none (inlined everywhere, or
never called). A program has one of its name: what was written is inlined there as a rule.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rex_lsp.image.view import last_name
from rex_lsp.model.functions import Definition, definition_at, definition_on, definitions
from rex_lsp.syntax.document import Document

if TYPE_CHECKING:
    from rex_lsp.project.measured import Measured, Measurements
    from rex_lsp.project.workspace import Workspace


def compiled(
    files: Workspace, known: Measurements, one: Measured, definition: Definition
) -> list[int]:
    """The compiled functions of a written one, by index, the deepest first."""
    view = one.view
    if view is None:
        return []
    found = set()
    program = view.programs.get(definition.name)
    if program is not None and _is_program(files, one, definition):
        found.add(program.entry)
    for index in view.named(definition.name):
        line = view.functions[index].line
        if line is not None and one.path_of(line) == definition.path:
            now = known.line_now(one, line)
            if now is None or definition.lines[0] <= now <= definition.lines[1]:
                found.add(index)
    return sorted(found, key=lambda index: -view.functions[index].depth)


def written(files: Workspace, known: Measurements, one: Measured, index: int) -> Definition | None:
    """Where a compiled function is written, if that is in the package."""
    view = one.view
    if view is None:
        return None
    line = view.functions[index].line
    if line is None:
        program = next((p for p in view.programs.values() if p.entry == index), None)
        return None if program is None else _program(files, one, program.name)
    path = one.path_of(line)
    document, now = files.document(path), known.line_now(one, line)
    if document is not None and now is not None:
        return definition_on(document, path, now)
    return None if document is None else _edited(document, path, view.functions[index].name)


def _program(files: Workspace, one: Measured, name: str) -> Definition | None:
    """Where a program of an image is written."""
    crate = files.crates.named(one.package, one.crate)
    for path in () if crate is None else crate.files():
        document = files.document(path)
        for program in () if crate is None else crate.programs(path):
            if program.name == name and document is not None:
                return definition_at(document, path, program.name_span.start)
    return None


def _edited(document: Document, path: Path, function: str) -> Definition | None:
    """A function that was edited since: the only one of its name in the file."""
    name = last_name(function)
    found = [one for one in definitions(document, path) if one.name == name]
    return found[0] if len(found) == 1 else None


def _is_program(files: Workspace, one: Measured, definition: Definition) -> bool:
    crate = files.crates.named(one.package, one.crate)
    programs = () if crate is None else crate.programs(definition.path)
    return any(p.name_span == definition.name_span for p in programs)
