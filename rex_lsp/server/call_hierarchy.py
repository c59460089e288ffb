# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Call hierarchy with stack sizes: the calls of the built image, the deepest path first.

Without an image the calls that the source names are given, and each says so. Source: LSP
3.17, "Prepare Call Hierarchy Request".
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from lsprotocol import types

from rex_lsp.server.convert import position_in, range_out
from rex_lsp.server.jsonrpc import CONTENT_MODIFIED, INVALID_PARAMS, RequestFailed
from rex_lsp.server.server import RexServer
from rex_lsp.server.uris import to_path
from rex_lsp.syntax.changes import EditRejected

if TYPE_CHECKING:
    from rex_lsp.image.view import Call, Line
    from rex_lsp.model.functions import Definition
    from rex_lsp.project.measured import Measured

Json: TypeAlias = dict[str, Any]

_FUNCTION = 12
_STATIC = "no built image: calls as the source names them"


def register(server: RexServer) -> None:
    """Register the three requests."""
    server.feature("textDocument/prepareCallHierarchy")(prepare)
    server.feature("callHierarchy/outgoingCalls")(outgoing)
    server.feature("callHierarchy/incomingCalls")(incoming)


async def prepare(ls: RexServer, params: types.CallHierarchyPrepareParams) -> list[Json] | None:
    """The function at a position: each of its compiled forms, or the written one."""
    path = to_path(params.text_document.uri)
    await ls.files.analysis.settled(path)
    crate, document = ls.files.crate(path), ls.files.buffers.document(path)
    if crate is None or document is None:
        return None
    try:
        offset = document.offset(position_in(params.position), ls.encoding)
    except EditRejected as error:
        raise RequestFailed(INVALID_PARAMS, str(error)) from None
    from rex_lsp.model.functions import function_meant

    definition = function_meant(crate, document, path, offset, ls.files.document)
    if definition is None:
        return None
    await ls.measuring.settled(ls.files.crates.package_of(path))
    one = ls.measuring.known.image_of(path)
    if one is not None and one.view is not None:
        from rex_lsp.project.machine import compiled

        found = compiled(ls.files, ls.measuring.known, one, definition)
        if found:
            return [compiled_item(ls, one, index, definition) for index in found]
        inlined = "no code of its own in the image: inlined or never called"
        return [_written_item(ls, definition, inlined)]
    return [_written_item(ls, definition, _STATIC)]


def outgoing(ls: RexServer, params: types.CallHierarchyOutgoingCallsParams) -> list[Json]:
    """What a function calls, the deepest first."""
    item = params.item
    found = _image_of(ls, item)
    if found is None:
        return _written_outgoing(ls, item)
    one, index = found
    view = one.view
    if view is None:
        return []
    calls: dict[int, list[Call]] = {}
    for call in view.counted(view.functions[index]):
        calls.setdefault(call.target, []).append(call)
    deepest = {t: max(view.at(call) for call in group) for t, group in calls.items()}
    here = to_path(item.uri)
    return [
        {
            "to": compiled_item(ls, one, target, None, _within(ls, item)),
            "fromRanges": _ranges(ls, one, here, calls[target]) or [_json_range(item)],
        }
        for target in sorted(calls, key=lambda t: (-deepest[t], view.functions[t].name))
    ]


def incoming(ls: RexServer, params: types.CallHierarchyIncomingCallsParams) -> list[Json]:
    """Who calls a function, those that leave it the least room first."""
    item = params.item
    found = _image_of(ls, item)
    if found is None:
        return _written_incoming(ls, item)
    one, index = found
    view = one.view
    if view is None:
        return []
    calls: dict[int, list[Call]] = {}
    for caller, call in view.callers(index):
        calls.setdefault(caller, []).append(call)
    order = sorted(calls, key=lambda c: (-max(x.cost for x in calls[c]), view.functions[c].name))
    answer: list[Json] = []
    for caller in order:
        made = compiled_item(ls, one, caller, None, _within(ls, item))
        ranges = _ranges(ls, one, to_path(made["uri"]), calls[caller])
        answer.append({"from": made, "fromRanges": ranges or [made["selectionRange"]]})
    return answer


def compiled_item(
    ls: RexServer,
    one: Measured,
    index: int,
    definition: Definition | None,
    elsewhere: Json | None = None,
) -> Json:
    """A compiled function; one of another crate stands where it was called (`elsewhere`)."""
    from rex_lsp.image.titles import frame_words
    from rex_lsp.image.view import last_name
    from rex_lsp.project.machine import written

    view = one.view
    assert view is not None
    function = view.functions[index]
    definition = definition or written(ls.files, ls.measuring.known, one, index)
    stale = ls.measuring.known.stale(one, "")
    words = frame_words(function)
    if definition is None:
        words += f" · {function.name}"
    item: Json = {
        "name": last_name(function.name),
        "kind": _FUNCTION,
        "detail": f"{words} · {stale}" if stale else words,
        "data": {"image": str(one.image), "stamp": list(one.stamp), "function": index},
    }
    return {**item, **(_place(ls, definition) or elsewhere or _nowhere(ls, one))}


def _written_item(ls: RexServer, definition: Definition, detail: str) -> Json:
    place = _place(ls, definition)
    assert place is not None
    return {"name": definition.name, "kind": _FUNCTION, "detail": detail, "data": None, **place}


def _place(ls: RexServer, definition: Definition | None) -> Json | None:
    document = None if definition is None else ls.files.document(definition.path)
    if definition is None or document is None:
        return None
    return {
        "uri": ls.publisher.uri(definition.path),
        "range": range_out(document, definition.span, ls.encoding),
        "selectionRange": range_out(document, definition.name_span, ls.encoding),
    }


def _within(ls: RexServer, item: types.CallHierarchyItem) -> Json:
    """The place of an item, for what is called there and has no file of its own."""
    at = _json_range(item)
    return {"uri": item.uri, "range": at, "selectionRange": at}


def _nowhere(ls: RexServer, one: Measured) -> Json:
    origin = {"line": 0, "character": 0}
    at = {"start": origin, "end": origin}
    return {"uri": ls.publisher.uri(one.package / "Cargo.toml"), "range": at, "selectionRange": at}


def _json_range(item: types.CallHierarchyItem) -> Json:
    start, end = item.selection_range.start, item.selection_range.end
    return {
        "start": {"line": start.line, "character": start.character},
        "end": {"line": end.line, "character": end.character},
    }


def _ranges(ls: RexServer, one: Measured, path: Path, calls: list[Call]) -> list[Json]:
    """Where the calls stand in one file, each line once."""
    found: dict[tuple[int, int], Json] = {}
    for call in calls:
        line = next((line for line in call.lines if one.path_of(line) == path), None)
        made = None if line is None else line_range(ls, one, line)
        if made is not None:
            found[made["start"]["line"], made["start"]["character"]] = made
    return [found[key] for key in sorted(found)]


def line_range(ls: RexServer, one: Measured, line: Line) -> Json | None:
    """The range of one of an image's own lines in the text of now, from its column on."""
    from rex_lsp.model.functions import line_span

    path = one.path_of(line)
    document = ls.files.document(path)
    now = ls.measuring.known.line_now(one, line)
    if document is None or now is None:
        return None
    span = line_span(document, now, line.column)
    return None if span is None else range_out(document, span, ls.encoding)


def _image_of(ls: RexServer, item: types.CallHierarchyItem) -> tuple[Measured, int] | None:
    """The image and compiled function of an item.

    Raises:
        RequestFailed: the image is another one by now (-32801).
    """
    data = item.data
    if not isinstance(data, dict):
        return None
    index = data.get("function")
    for package in ls.measuring.packages:
        for one in ls.measuring.known.of(package):
            if str(one.image) != data.get("image") or list(one.stamp) != data.get("stamp"):
                continue
            if one.view is not None and isinstance(index, int) and one.view.has(index):
                return one, index
    raise RequestFailed(CONTENT_MODIFIED, "the image is another one by now, ask again")


def _written_outgoing(ls: RexServer, item: types.CallHierarchyItem) -> list[Json]:
    from rex_lsp.model.functions import calls_of

    path, definition = _written(ls, item)
    crate, document = ls.files.crate(path), ls.files.document(path)
    if definition is None or crate is None or document is None:
        return []
    grouped: dict[tuple[Path, int], tuple[Definition, list[Json]]] = {}
    for target, span in calls_of(crate, document, definition, ls.files.document):
        key = (target.path, target.span.start)
        grouped.setdefault(key, (target, []))[1].append(range_out(document, span, ls.encoding))
    return [
        {"to": _written_item(ls, target, _STATIC), "fromRanges": ranges}
        for target, ranges in grouped.values()
    ]


def _written_incoming(ls: RexServer, item: types.CallHierarchyItem) -> list[Json]:
    from rex_lsp.model.functions import calls_of, definitions

    path, wanted = _written(ls, item)
    crate = ls.files.crate(path)
    if wanted is None or crate is None:
        return []
    answer: list[Json] = []
    for file in sorted(crate.files()):
        document = ls.files.document(file)
        if document is None:
            continue
        for caller in definitions(document, file):
            found = calls_of(crate, document, caller, ls.files.document)
            ranges = [
                range_out(document, span, ls.encoding)
                for target, span in found
                if (target.path, target.span) == (wanted.path, wanted.span)
            ]
            if ranges:
                answer.append({"from": _written_item(ls, caller, _STATIC), "fromRanges": ranges})
    return answer


def _written(ls: RexServer, item: types.CallHierarchyItem) -> tuple[Path, Definition | None]:
    from rex_lsp.model.functions import definition_at

    path = to_path(item.uri)
    document = ls.files.document(path)
    if document is None:
        return path, None
    try:
        start = document.offset(position_in(item.selection_range.start), ls.encoding)
    except EditRejected:
        return path, None
    return path, definition_at(document, path, start)
