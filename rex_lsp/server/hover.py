# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Hover: what a name of the kernel crate is, and how far a program is.

Silent on everything else: rust-analyzer answers there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from lsprotocol import types

from rex_lsp.server.convert import position_in, range_out
from rex_lsp.server.jsonrpc import INVALID_PARAMS, RequestFailed
from rex_lsp.server.server import RexServer
from rex_lsp.server.uris import to_path
from rex_lsp.syntax.changes import EditRejected
from rex_lsp.syntax.positions import Span

if TYPE_CHECKING:
    from rex_lsp.syntax.document import Document

Json: TypeAlias = dict[str, Any]

_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_LOOK_AROUND = 256
_FORMS = 3
"""Compiled forms of one function that are shown; the deepest come first."""


def register(server: RexServer) -> None:
    """Register the request."""
    server.feature("textDocument/hover")(hover)


def hover(ls: RexServer, params: types.HoverParams) -> Json | None:
    """Signature and documentation of the kernel crate's name under the cursor."""
    path = to_path(params.text_document.uri)
    crate, document = ls.files.crate(path), ls.files.buffers.document(path)
    if crate is None or document is None:
        return None
    try:
        offset = document.offset(position_in(params.position), ls.encoding)
    except EditRejected as error:
        raise RequestFailed(INVALID_PARAMS, str(error)) from None
    word = word_at(document, offset)
    if word is None:
        return None
    from rex_lsp.project.names import Names

    names = Names(crate, document, path, word.end)
    entry = _entry(names)
    if entry is not None:
        return _answer(ls, document, word, entry.signature, entry.doc)
    from rex_lsp.server.targets import program_around

    machine = _machine_code(ls, document, path, offset)
    program = program_around(ls, path, offset)
    if program is not None and program.name_span.start <= offset <= program.name_span.end:
        target = program.attach or "chosen when it is attached"
        doc = "\n\n".join(filter(None, (target, machine)))
        return _answer(ls, document, word, f"{program.kind} program {program.name}", doc)
    if not machine:
        return None
    name = document.data[word.start : word.end].decode()
    return _answer(ls, document, word, f"fn {name}", machine)


def _machine_code(ls: RexServer, document: Document, path: Path, offset: int) -> str:
    """What the last image says about the function whose name is at an offset; "" elsewhere."""
    from rex_lsp.model.functions import definition_at

    if not ls.trusted:
        return ""
    ls.measuring.ask(ls.files.crates.package_of(path))
    one = ls.measuring.known.image_of(path)
    definition = None if one is None else definition_at(document, path, offset)
    if one is None or one.view is None or definition is None:
        return ""
    if not definition.name_span.start <= offset <= definition.name_span.end:
        return ""
    from rex_lsp.image.titles import built, function_lines
    from rex_lsp.project.machine import compiled

    found = compiled(ls.files, ls.measuring.known, one, definition)
    when = built(one.age, ls.measuring.known.stale(one, definition.name))
    if not found:
        return f"no machine code of its own: inlined or never called · {when}"
    lines = [line for index in found[:_FORMS] for line in function_lines(one.view, index)]
    return "  \n".join([*lines, when])


def word_at(document: Document, offset: int) -> Span | None:
    """The identifier at an offset."""
    start = max(0, offset - _LOOK_AROUND)
    text = document.data[start : offset + _LOOK_AROUND]
    for found in _WORD.finditer(text):
        span = Span(found.start() + start, found.end() + start)
        if span.start <= offset <= span.end:
            return span
    return None


def _entry(names: Any) -> Any:
    from rex_lsp.kernel import cursor

    place = cursor.place(names.before)
    if isinstance(place, cursor.AfterDot):
        scope = names.scope()
        receiver = scope.type_of(place.receiver)
        return None if receiver is None else scope.member(receiver, place.prefix)
    if isinstance(place, cursor.AfterPath):
        path = names.resolve("::".join((*place.segments, place.prefix)))
    elif isinstance(place, cursor.InAttribute | cursor.AtWord) and place.prefix:
        path = names.resolve(place.prefix)
    else:
        return None
    return None if path is None else names.index.get(path)


def _answer(ls: RexServer, document: Document, word: Span, code: str, doc: str) -> Json:
    text = f"```rust\n{code}\n```"
    if doc:
        text += f"\n\n{doc}"
    kinds = ls.client.get("textDocument.hover.contentFormat")
    markdown = not isinstance(kinds, list) or "markdown" in kinds
    value = text if markdown else f"{code}\n\n{doc}".strip()
    return {
        "contents": {"kind": "markdown" if markdown else "plaintext", "value": value},
        "range": range_out(document, word, ls.encoding),
    }
