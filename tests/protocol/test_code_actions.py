# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Quick fixes applied as an editor applies them, fix-all, and the run commands on offer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .projects import CLEAN, LEAK, LEAK_LINE, extension
from .raw import Json, Raw, at


def applied(text: str, edits: list[Json]) -> str:
    """The text after LSP edits, positions in UTF-16."""
    units = text.encode("utf-16-le")

    def offset(position: Json) -> int:
        lines = text.split("\n")
        before = sum(len(line) + 1 for line in lines[: position["line"]])
        start = len(text[:before].encode("utf-16-le"))
        return start + 2 * int(position["character"])

    for edit in sorted(edits, key=lambda e: offset(e["range"]["start"]), reverse=True):
        start, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
        units = units[:start] + edit["newText"].encode("utf-16-le") + units[end:]
    return units.decode("utf-16-le")


async def actions(server: Raw, uri: str, range_: Json, only: list[str] | None = None) -> list[Json]:
    context: Json = {"diagnostics": []}
    if only is not None:
        context["only"] = only
    params = {"textDocument": {"uri": uri}, "range": range_, "context": context}
    found: list[Json] = await server.request("textDocument/codeAction", params)
    return found


def edits_of(action: Json, uri: str) -> list[Json]:
    (change,) = action["edit"]["documentChanges"]
    assert change["textDocument"]["uri"] == uri
    edits: list[Json] = change["edits"]
    return edits


async def test_a_quick_fix_is_resolved_and_removes_its_diagnostic(
    server: Raw, tmp_path: Path
) -> None:
    main = extension(tmp_path, LEAK)
    await server.initialize(tmp_path)
    uri = server.open(main)
    assert await server.published(uri, version=1)
    offered = await actions(server, uri, at(LEAK_LINE, 8, LEAK_LINE, 8), ["quickfix"])
    assert offered
    assert all(action["kind"] == "quickfix" and "edit" not in action for action in offered)
    assert offered[0]["diagnostics"][0]["code"] == "rex::leak"
    resolved = await server.request("codeAction/resolve", offered[0])
    after = applied(LEAK, edits_of(resolved, uri))
    assert "forget" not in after
    server.replace(uri, 2, after)
    assert await server.published(uri, version=2) == []


async def test_a_client_that_cannot_resolve_gets_the_edit_at_once(
    server: Raw, tmp_path: Path
) -> None:
    main = extension(tmp_path, LEAK)
    over = {
        "textDocument": {"codeAction": {"resolveSupport": {"properties": []}}},
        "workspace": {"workspaceEdit": {"documentChanges": False}},
    }
    await server.initialize(tmp_path, over)
    uri = server.open(main)
    offered = await actions(server, uri, at(LEAK_LINE, 8), ["quickfix"])
    assert "forget" not in applied(LEAK, offered[0]["edit"]["changes"][uri])


async def test_a_fix_for_an_older_text_is_refused(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path, LEAK)
    await server.initialize(tmp_path)
    uri = server.open(main)
    offered = await actions(server, uri, at(LEAK_LINE, 8), ["quickfix"])
    server.change(uri, 2, {"range": at(0, 0), "text": "\n"})
    assert (await server.refused("codeAction/resolve", offered[0]))["code"] == -32801


async def test_positions_of_edits_count_wide_characters(server: Raw, tmp_path: Path) -> None:
    text = CLEAN.replace("    let cpu", '    let _ = ("é😀", core::mem::forget(1));\n    let cpu')
    main = extension(tmp_path, text)
    await server.initialize(tmp_path)
    uri = server.open(main)
    offered = await actions(server, uri, at(LEAK_LINE, 25), ["quickfix"])
    resolved = await server.request("codeAction/resolve", offered[0])
    after = applied(text, edits_of(resolved, uri))
    assert '("é😀", ' in after
    assert "forget" not in after


async def test_fix_all_applies_every_safe_fix_and_comes_only_when_asked_for(
    server: Raw, tmp_path: Path
) -> None:
    body = LEAK.replace("#![no_std]\n#![no_main]\n", "") + "fn more() { core::mem::forget(3); }\n"
    main = extension(tmp_path, body)
    await server.initialize(tmp_path)
    uri = server.open(main)
    before = await server.published(uri, version=1)
    assert {"rex::leak", "rex::missing_no_std"} <= {item["code"] for item in before}
    unasked = await actions(server, uri, at(0, 0, 40, 0))
    assert all(action["kind"] != "source.fixAll.rex" for action in unasked)
    for kind in ("source.fixAll.rex", "source.fixAll", "source"):
        (action,) = await actions(server, uri, at(0, 0), [kind])
        assert action["kind"] == "source.fixAll.rex"
    resolved = await server.request("codeAction/resolve", action)
    after = applied(body, edits_of(resolved, uri))
    server.replace(uri, 2, after)
    left = await server.published(uri, version=2)
    assert "rex::missing_no_std" not in {item["code"] for item in left}


async def test_fix_all_is_one_edit_of_the_version_it_was_offered_for(
    server: Raw, tmp_path: Path
) -> None:
    """Fixes of one text do not overlap; what they leave is fixed by asking again."""
    body = LEAK + "fn more() { core::mem::forget(core::mem::forget(3)); static mut X: u8 = 1; }\n"
    main = extension(tmp_path, body)
    await server.initialize(tmp_path)
    uri = server.open(main)
    (action,) = await actions(server, uri, at(0, 0), ["source.fixAll.rex"])
    resolved = await server.request("codeAction/resolve", action)
    (change,) = resolved["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": uri, "version": 1}
    assert resolved["kind"] == "source.fixAll.rex"
    after = applied(body, change["edits"])
    assert "forget" not in after
    # Not safe: somebody has to look at what becomes of the uses.
    assert "static mut X" in after
    server.replace(uri, 2, after)
    assert (await server.refused("codeAction/resolve", action))["code"] == -32801
    assert await actions(server, uri, at(0, 0), ["source.fixAll.rex"]) == []


async def test_a_client_that_cannot_resolve_gets_fix_all_with_its_edit(
    server: Raw, tmp_path: Path
) -> None:
    over = {"textDocument": {"codeAction": {"resolveSupport": {"properties": []}}}}
    main = extension(tmp_path, LEAK)
    await server.initialize(tmp_path, over)
    uri = server.open(main)
    (action,) = await actions(server, uri, at(0, 0), ["source.fixAll"])
    assert "forget" not in applied(LEAK, edits_of(action, uri))


async def test_a_kind_of_others_gets_nothing(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path, LEAK)
    await server.initialize(tmp_path)
    uri = server.open(main)
    for kind in ("refactor", "source.organizeImports", "quick"):
        assert await actions(server, uri, at(LEAK_LINE, 8), [kind]) == []


@pytest.mark.parametrize("trusted", [True, False])
async def test_run_commands_are_offered_on_a_program_of_a_trusted_workspace(
    server: Raw, tmp_path: Path, trusted: bool
) -> None:
    main = extension(tmp_path)
    await server.initialize(tmp_path, trusted=trusted)
    uri = server.open(main)
    offered = await actions(server, uri, at(12, 4))
    commands: list[Any] = [a["command"]["command"] for a in offered if "command" in a]
    wanted = ["rex.build", "rex.load", "rex.attach", "rex.run", "rex.detach"]
    assert commands == (wanted if trusted else [])
    for action in offered:
        assert action["command"]["arguments"] == [{"uri": uri, "program": "probe"}]
