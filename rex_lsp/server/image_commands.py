# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the lenses about machine code answer when they are chosen: the deepest path, the panics.

Each answers `{ok, title, locations: [{uri, range, text}]}`; an editor shows the list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from rex_lsp.server.call_hierarchy import compiled_item, line_range
from rex_lsp.server.server import RexServer

if TYPE_CHECKING:
    from rex_lsp.project.measured import Measured
    from rex_lsp.server.targets import Selection

Json: TypeAlias = dict[str, Any]


async def answer(ls: RexServer, verb: str, selection: Selection) -> Json:
    """The list for one program, or for all of the file's crate."""
    await ls.measuring.settled(selection.package)
    one = ls.measuring.known.image_of(selection.path)
    if one is None:
        return {"ok": False, "message": "nothing was built yet, `Build` measures it"}
    if one.view is None:
        return {"ok": False, "message": f"{one.image.name} cannot be read: {one.problem}"}
    programs = [n for n in one.view.programs if selection.program in (None, n)]
    if not programs:
        has = ", ".join(one.view.programs) or "none"
        return {
            "ok": False,
            "message": f"no program {selection.program} in the image, it has {has}",
        }
    make = _path if verb == "stack" else _panics
    titles, locations = [], []
    for program in programs:
        title, found = make(ls, one, program)
        titles.append(f"{program}: {title}")
        locations += found
    ls.log("\n".join([*titles, *(f"  {place['text']}" for place in locations)]))
    return {"ok": True, "title": "; ".join(titles), "locations": locations}


def _path(ls: RexServer, one: Measured, program: str) -> tuple[str, list[Json]]:
    """The deepest path: each function's frame, and how much is in use when it is entered."""
    from rex_lsp.image import titles
    from rex_lsp.image.view import WORD

    view = one.view
    assert view is not None
    when = titles.built(one.age, ls.measuring.known.stale(one, program))
    locations: list[Json] = []
    elsewhere: Json | None = None
    depth = 0
    for index, call in view.deepest(view.programs[program].entry):
        depth += WORD if call is None else call.cost
        item = compiled_item(ls, one, index, None, elsewhere)
        elsewhere = {key: item[key] for key in ("uri", "range", "selectionRange")}
        frame = titles.size(view.functions[index].frame)
        text = f"{item['name']}: entered at {titles.size(depth)}, frame {frame}"
        locations.append({"uri": item["uri"], "range": item["selectionRange"], "text": text})
    return titles.stack_title(view, program, when), locations


def _panics(ls: RexServer, one: Measured, program: str) -> tuple[str, list[Json]]:
    """The places where a panic is left, each with what removes it."""
    from rex_lsp.image import titles
    from rex_lsp.rules.may_panic import CAUSES, REPAIRS

    view = one.view
    assert view is not None
    locations: list[Json] = []
    for panic in view.panics_of(program):
        at = None if panic.line is None else line_range(ls, one, panic.line)
        if panic.line is not None and at is not None:
            uri = ls.publisher.uri(one.path_of(panic.line))
            text = f"{CAUSES[panic.cause]}: {REPAIRS[panic.cause]}"
            locations.append({"uri": uri, "range": at, "text": text})
    return titles.panics_title(view, program), locations
