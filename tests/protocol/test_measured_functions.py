# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Hover and inlay hints say what a function's machine code needs, while that is true."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from .measured import DEEP, SOURCE, lenses, line_of
from .raw import Json, Raw, at


async def hover(server: Raw, uri: str, text: str, needle: str, inside: int) -> str:
    """The hover `inside` characters after the start of `needle`; "" for none."""
    line = line_of(text, needle)
    character = text.splitlines()[line].index(needle) + inside
    position = {"line": line, "character": character}
    params = {"textDocument": {"uri": uri}, "position": position}
    found = await server.request("textDocument/hover", params)
    return found["contents"]["value"] if found else ""


async def hints(server: Raw, uri: str, first: int = 0, last: int = 1000) -> dict[int, str]:
    """Labels of the inlay hints by line."""
    params = {"textDocument": {"uri": uri}, "range": at(first, 0, last, 0)}
    found: list[Json] = await server.request("textDocument/inlayHint", params)
    return {hint["position"]["line"]: hint["label"] for hint in found}


async def test_a_definition_s_hover_has_frame_path_and_programs(editor: Raw, built: Path) -> None:
    uri = editor.open(built / "src" / "main.rs")
    await lenses(editor, uri)
    room = await hover(editor, uri, SOURCE, "fn room", 4)
    assert re.search(r"frame 3\d\d B · \d+ B below · not checked", room), room
    assert "deepest path: room → small" in room
    assert "reached from plain" in room
    assert re.search(r"built \d+ (s|min) ago", room)
    program = await hover(editor, uri, SOURCE, "fn plain", 4)
    assert "xdp program plain" in program
    assert re.search(r"program: \d+ B of 16 KiB · exact", program)
    # On a definition only: at a call rust-analyzer answers.
    assert await hover(editor, uri, SOURCE, "room(é)", 2) == ""
    deep = editor.open(built / "src" / "deep.rs")
    assert "reached from plain" in await hover(editor, deep, DEEP, "fn small", 4)
    # Lines move, numbers stay; an edit inside says how old they are.
    editor.change(deep, 2, {"range": at(0, 0), "text": "// é😀\n\n"})
    moved = await hover(editor, deep, "// é😀\n\n" + DEEP, "fn small", 4)
    assert "reached from plain" in moved and "stale" not in moved
    editor.change(deep, 3, {"range": at(6, 4), "text": "1 + "})
    assert "stale (edited since build)" in await hover(
        editor, deep, "// é😀\n\n" + DEEP, "fn small", 4
    )


async def test_hints_stand_before_the_body_and_go_with_an_edit(editor: Raw, built: Path) -> None:
    uri = editor.open(built / "src" / "main.rs")
    await lenses(editor, uri)
    shown = await hints(editor, uri)
    room, plain = line_of(SOURCE, "fn room"), line_of(SOURCE, "fn plain")
    assert re.fullmatch(r"frame 3\d\d B · \d+ B below", shown[room])
    assert set(shown) == {
        line_of(SOURCE, f"fn {name}") for name in ("room", "down", "plain", "recursive", "panics")
    }
    assert set(await hints(editor, uri, room, room + 1)) == {room}
    editor.change(uri, 2, {"range": at(plain + 1, 4), "text": "let _x = 1; "})
    assert plain not in await hints(editor, uri)
    assert room in await hints(editor, uri)


async def test_hints_are_what_the_settings_say(built: Path) -> None:
    server = await Raw.start()
    settings = {"inlayHints": {"stack": False, "panics": True}}
    await server.initialize(built, trusted=True, options={"settings": settings})
    uri = server.open(built / "src" / "main.rs")
    await lenses(server, uri)
    line = line_of(SOURCE, "// bounds")
    assert await hints(server, uri) == {line: "may panic: index out of bounds"}
    await server.kill()


@pytest.fixture
def copied(built: Path, tmp_path: Path) -> Path:
    """A package of the test's own, with the image that was built elsewhere from the same text."""
    root = tmp_path / "copy"
    shutil.copytree(built, root, ignore=shutil.ignore_patterns("cargo", "shadow"))
    return root


async def test_an_image_that_is_deleted_or_refused_is_not_spoken_of(
    copied: Path,
) -> None:
    server = await Raw.start()
    await server.initialize(copied, trusted=True)
    uri = server.open(copied / "src" / "main.rs")
    plain = line_of(SOURCE, "fn plain")
    # Nobody can tell what it was built from without cargo's own list.
    assert (await lenses(server, uri))[plain]["rex.stack"].endswith("stale (edited since build)")
    image = copied / "target/rex/probe.rex"
    damaged = bytearray(image.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    image.write_bytes(damaged)
    assert (await lenses(server, uri))[plain]["rex.stack"].startswith("stack unknown: ")
    image.unlink()
    assert "rex.stack" not in (await lenses(server, uri))[plain]
    assert await hints(server, uri) == {}
    assert await hover(server, uri, SOURCE, "fn room", 4) == ""
    await server.kill()


async def test_other_features_make_it_stale(built: Path) -> None:
    server = await Raw.start()
    options = {"settings": {"features": ["extra"]}}
    await server.initialize(built, trusted=True, options=options)
    uri = server.open(built / "src" / "main.rs")
    shown = await lenses(server, uri)
    said = shown[line_of(SOURCE, "fn plain")]["rex.stack"]
    assert said.endswith("stale (built with other features)"), said
    await server.kill()
