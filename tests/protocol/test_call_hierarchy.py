# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The call hierarchy is that of the built image, with sizes; without one, of the source."""

from __future__ import annotations

import re
from pathlib import Path

from .measured import DEEP, SOURCE, line_of
from .projects import extension
from .raw import Json, Raw


async def prepared(server: Raw, uri: str, text: str, needle: str, inside: int) -> list[Json]:
    """The items at a place `inside` characters after the start of `needle` in its line."""
    line = line_of(text, needle)
    character = text.splitlines()[line].index(needle) + inside
    params = {
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
    }
    items: list[Json] = await server.request("textDocument/prepareCallHierarchy", params)
    return items


async def calls(server: Raw, direction: str, item: Json) -> list[Json]:
    found: list[Json] = await server.request(f"callHierarchy/{direction}Calls", {"item": item})
    return found


async def test_the_calls_of_the_image_with_frames_and_depths(editor: Raw, built: Path) -> None:
    main = built / "src" / "main.rs"
    uri = editor.open(main)
    (plain,) = await prepared(editor, uri, SOURCE, "fn plain", 4)
    assert plain["name"] == "plain"
    assert re.fullmatch(r"frame \d+ B · [\d,]+ B below", plain["detail"]), plain
    (call,) = await calls(editor, "outgoing", plain)
    room = call["to"]
    assert (room["name"], room["uri"]) == ("room", uri)
    assert room["selectionRange"]["start"] == {"line": line_of(SOURCE, "fn room"), "character": 3}
    frame = int(re.match(r"frame (\d+) B", room["detail"])[1])  # type: ignore[index]
    assert frame >= 320
    # After é and 😀, in the client's UTF-16.
    (site,) = call["fromRanges"]
    at = line_of(SOURCE, "_face")
    column = SOURCE.splitlines()[at].index("room(") + 1
    assert site["start"] == {"line": at, "character": column}
    (deeper,) = await calls(editor, "outgoing", room)
    assert deeper["to"]["uri"] == (built / "src" / "deep.rs").as_uri()
    assert deeper["to"]["selectionRange"]["start"]["line"] == line_of(DEEP, "fn small")
    (back,) = await calls(editor, "incoming", deeper["to"])
    assert back["from"]["name"] == "room"
    # On a call's name it is the function that is called.
    assert [i["name"] for i in await prepared(editor, uri, SOURCE, "room(é)", 2)] == ["room"]
    (down,) = await prepared(editor, uri, SOURCE, "fn down", 4)
    assert "checked at run time" in down["detail"]


async def test_a_panic_s_way_out_is_no_part_of_it(editor: Raw, built: Path) -> None:
    uri = editor.open(built / "src" / "main.rs")
    (panics,) = await prepared(editor, uri, SOURCE, "fn panics", 4)
    assert await calls(editor, "outgoing", panics) == []


async def test_without_an_image_the_source_s_own_calls(tmp_path: Path) -> None:
    main = extension(tmp_path, SOURCE)
    (tmp_path / "src" / "deep.rs").write_text(DEEP)
    for trusted in (True, False):
        server = await Raw.start()
        await server.initialize(tmp_path, trusted=trusted)
        uri = server.open(main)
        (room,) = await prepared(server, uri, SOURCE, "fn room", 4)
        assert room["detail"].startswith("no built image")
        (call,) = await calls(server, "outgoing", room)
        assert call["to"]["name"] == "small"
        (back,) = await calls(server, "incoming", call["to"])
        assert back["from"]["name"] == "room"
        await server.kill()
