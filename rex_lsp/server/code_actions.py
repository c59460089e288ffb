# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Code actions: quick fixes, fix-all of the safe ones, and the run commands.

Where the client can resolve, an action carries only which fix it is; the edit is made
when it is chosen.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from lsprotocol import types

from rex_lsp.rules.finding import Applicability
from rex_lsp.rules.fixing import compatible
from rex_lsp.server.convert import overlaps, range_in, text_edits
from rex_lsp.server.jsonrpc import CONTENT_MODIFIED, INVALID_PARAMS, RequestFailed
from rex_lsp.server.server import RexServer
from rex_lsp.server.uris import to_path
from rex_lsp.syntax.changes import EditRejected
from rex_lsp.syntax.positions import Span

if TYPE_CHECKING:
    from rex_lsp.rules.finding import Edit, Finding, Fix
    from rex_lsp.syntax.document import Document

Json: TypeAlias = dict[str, Any]

FIX_ALL = "source.fixAll.rex"
RUN = "rex.run"
_TITLES = (
    ("rex.build", "Build"),
    ("rex.load", "Load"),
    ("rex.attach", "Attach"),
    ("rex.run", "Run"),
    ("rex.detach", "Detach"),
)


def register(server: RexServer) -> None:
    """Register the request and its resolve."""
    server.feature("textDocument/codeAction")(code_action)
    server.feature("codeAction/resolve")(resolve)


async def code_action(ls: RexServer, params: types.CodeActionParams) -> list[Json]:
    """What can be done at a range of an open file."""
    path = to_path(params.text_document.uri)
    only = params.context.only
    if not _any_wanted(only):
        return []
    await ls.files.analysis.settled(path)
    document = ls.files.buffers.document(path)
    if document is None or not ls.client.literal_code_actions:
        return []
    try:
        span = document.span(range_in(params.range), ls.encoding)
    except EditRejected as error:
        raise RequestFailed(INVALID_PARAMS, str(error)) from None
    actions: list[Json] = []
    if _wanted("quickfix", only):
        actions += _quick_fixes(ls, path, document, span)
    if _wanted(FIX_ALL, only):
        actions += _fix_all(ls, path, document)
    if _wanted(RUN, only):
        actions += _commands(ls, path, params.text_document.uri, span)
    return actions


def resolve(ls: RexServer, params: types.CodeAction) -> Json:
    """The edit of an action that was offered without.

    Raises:
        RequestFailed: the text changed since the offer (-32801).
    """
    data = params.data
    if not isinstance(data, dict) or not isinstance(data.get("path"), str):
        raise RequestFailed(INVALID_PARAMS, "expected the data that came with the action")
    path = Path(data["path"])
    document = ls.files.buffers.document(path)
    if document is None or document.version != data.get("version"):
        raise RequestFailed(CONTENT_MODIFIED, "the text changed since this was offered")
    if data.get("fix_all"):
        fixes = _safe_fixes(ls, path)
    else:
        found = _fixes(ls, path)
        index = data.get("index")
        if not isinstance(index, int) or not 0 <= index < len(found):
            raise RequestFailed(CONTENT_MODIFIED, "this fix is not on offer any more")
        fixes = [found[index][1]]
    resolved: Json = {
        "title": params.title,
        "edit": _workspace_edit(ls, path, document, fixes),
    }
    if params.kind is not None:
        resolved["kind"] = params.kind
    if params.is_preferred is not None:
        resolved["isPreferred"] = params.is_preferred
    return resolved


def _any_wanted(only: Any) -> bool:
    return any(_wanted(kind, only) for kind in ("quickfix", FIX_ALL, RUN))


def _wanted(kind: str, only: Any) -> bool:
    """Kinds are dotted and a prefix asks for all below it; fix-all comes only when asked for."""
    if only is None:
        return kind != FIX_ALL
    return any(kind == one or kind.startswith(f"{one}.") or one == "" for one in only)


def _fixes(ls: RexServer, path: Path) -> list[tuple[Finding, Fix]]:
    return [(one.finding, fix) for one in ls.files.shown(path) for fix in one.finding.fixes]


def _safe_fixes(ls: RexServer, path: Path) -> list[Fix]:
    """The safe fixes that go together and change this file alone, as fix-all on save expects."""
    here = [
        (path, one.finding)
        for one in ls.files.shown(path)
        if all(edit.path in (None, path) for fix in one.finding.fixes for edit in fix.edits)
    ]
    return [fix for _, _, fix in compatible(here, {Applicability.SAFE})]


def _quick_fixes(ls: RexServer, path: Path, document: Document, span: Span) -> list[Json]:
    writer = ls.publisher.writer
    shown = ls.files.shown(path)
    actions: list[Json] = []
    index = -1
    for one in shown:
        for fix in one.finding.fixes:
            index += 1
            if not overlaps(one.finding, span):
                continue
            action: Json = {
                "title": fix.title,
                "kind": "quickfix",
                "diagnostics": [writer.write(path, one)],
            }
            if fix.preferred:
                action["isPreferred"] = True
            if ls.client.resolves_edits:
                action["data"] = {"path": str(path), "version": document.version, "index": index}
            else:
                action["edit"] = _workspace_edit(ls, path, document, [fix])
            actions.append(action)
    return actions


def _fix_all(ls: RexServer, path: Path, document: Document) -> list[Json]:
    fixes = _safe_fixes(ls, path)
    if not fixes:
        return []
    action: Json = {"title": f"Apply all {len(fixes)} safe Rex fixes", "kind": FIX_ALL}
    if ls.client.resolves_edits:
        action["data"] = {"path": str(path), "version": document.version, "fix_all": True}
    else:
        action["edit"] = _workspace_edit(ls, path, document, fixes)
    return [action]


def _commands(ls: RexServer, path: Path, uri: str, span: Span) -> list[Json]:
    from rex_lsp.server.targets import program_around

    program = program_around(ls, path, span.start)
    package = ls.files.crates.package_of(path)
    if program is None or package is None or not (package / "Cargo.toml").is_file():
        return []
    argument = {"uri": uri, "program": program.name}
    actions: list[Json] = []
    for command, word in _TITLES:
        title = f"{word} {program.name}"
        action: Json = {
            "title": title,
            "kind": RUN,
            "command": {"title": title, "command": command, "arguments": [argument]},
        }
        if not ls.trusted:
            if not ls.client.has("textDocument.codeAction.disabledSupport"):
                continue
            del action["command"]
            action["disabled"] = {"reason": "the workspace is not trusted"}
        actions.append(action)
    return actions


def _workspace_edit(ls: RexServer, path: Path, document: Document, fixes: list[Fix]) -> Json:
    by_file: dict[Path, list[Edit]] = {}
    for fix in fixes:
        for edit in fix.edits:
            by_file.setdefault(edit.path or path, []).append(edit)
    changes: dict[str, list[Json]] = {}
    versioned: list[Json] = []
    for file, edits in by_file.items():
        target = document if file == path else ls.files.document(file)
        if target is None:
            continue
        edits.sort(key=lambda edit: edit.span)
        written = text_edits(target, edits, ls.encoding)
        uri = ls.publisher.uri(file)
        changes[uri] = written
        version = target.version if ls.files.is_open(file) else None
        versioned.append({"textDocument": {"uri": uri, "version": version}, "edits": written})
    if ls.client.versioned_edits:
        return {"documentChanges": versioned}
    return {"changes": changes}
