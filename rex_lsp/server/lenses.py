# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Code lenses above programs: at most three to do something, chosen by how far the program is,
and two that say what its machine code does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from lsprotocol import types

from rex_lsp.server.convert import range_out
from rex_lsp.server.server import RexServer
from rex_lsp.server.uris import to_path

if TYPE_CHECKING:
    from rex_lsp.model.program import Program
    from rex_lsp.server.sessions import Session

Json: TypeAlias = dict[str, Any]

MOST = 3


def register(server: RexServer) -> None:
    """Register the request."""
    server.feature("textDocument/codeLens")(code_lens)


async def code_lens(ls: RexServer, params: types.CodeLensParams) -> list[Json]:
    """The lenses of one file; none where nothing may run or there is nothing to build."""
    path = to_path(params.text_document.uri)
    await ls.files.analysis.settled(path)
    crate, document = ls.files.crate(path), ls.files.document(path)
    package = ls.files.crates.package_of(path)
    if not ls.trusted or not ls.settings.get("lens.enable"):
        return []
    if crate is None or document is None or package is None or not _has_manifest(package):
        return []
    await ls.measuring.settled(package)
    session = None if ls.used_sessions is None else ls.used_sessions.known(package)
    lenses: list[Json] = []
    for program in crate.programs(path):
        place = range_out(document, program.name_span, ls.encoding)
        choices = _choices(program, session)[:MOST] + _measured(ls, path, program)
        for title, command in choices:
            argument = {"uri": params.text_document.uri, "program": program.name}
            lenses.append(
                {
                    "range": place,
                    "command": {"title": title, "command": command, "arguments": [argument]},
                }
            )
    return lenses


def _measured(ls: RexServer, path: Path, program: Program) -> list[tuple[str, str]]:
    """What the last image says about the program's stack and panics."""
    one = ls.measuring.known.image_of(path)
    if one is None:
        return []
    from rex_lsp.image import titles

    if one.view is None:
        return [(f"stack unknown: {one.problem}", "rex.stack")]
    if program.name not in one.view.programs:
        return []
    stale = ls.measuring.stale(one, program.name)
    age = one.age
    ls.measuring.refresh_after(titles.steady_for(age))
    panics = titles.panics_title(one.view, program.name)
    return [
        (titles.stack_title(one.view, program.name, titles.built(age, stale)), "rex.stack"),
        (f"{panics} · {stale}" if stale else panics, "rex.panics"),
    ]


def _has_manifest(package: Path) -> bool:
    return (package / "Cargo.toml").is_file()


def _choices(program: Program, session: Session | None) -> list[tuple[str, str]]:
    """Titles and commands, most wanted first."""
    from rex_lsp.deploy.objects import State

    state = State.SOURCE if session is None else session.state(program.name)
    found = None if session is None else session.program(program.name)
    stale = " (source changed)" if session is not None and session.stale else ""
    if found is None:
        if state is State.BUILT and not stale:
            return [("▶ Run", "rex.run"), ("Attach", "rex.attach"), ("Load", "rex.load")]
        return [
            ("▶ Run", "rex.run"),
            ("Attach", "rex.attach"),
            (f"Build{stale}", "rex.build"),
        ]
    if state is State.LOADED:
        return [
            ("▶ Run", "rex.run"),
            ("Attach", "rex.attach"),
            (f"loaded{stale}: Unload", "rex.unload"),
        ]
    _, loaded = found
    if state is State.ARMED:
        said = f", {loaded.traces} lines" if loaded.traces else ""
        return [
            ("▶ Run", "rex.run"),
            (f"armed on {loaded.attach or program.kind}{said}{stale}: Detach", "rex.detach"),
        ]
    return [
        ("▶ Run again", "rex.run"),
        ("stopped: Unload", "rex.unload"),
        (f"Build{stale}", "rex.build"),
    ]
