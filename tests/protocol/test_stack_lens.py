# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the machine code says is shown above programs: fresh, stale, gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .measured import SOURCE, STACK, lenses, line_of
from .projects import extension
from .raw import Json, Raw, at
from .test_run import command

pytestmark = pytest.mark.usefixtures("runtime_dir")
PLAIN = line_of(SOURCE, "fn plain")
RECURSIVE = line_of(SOURCE, "fn recursive")
PANICS = line_of(SOURCE, "fn panics")


async def test_what_was_built_before_the_start_is_shown_without_a_build(
    editor: Raw, built: Path
) -> None:
    uri = editor.open(built / "src" / "main.rs")
    shown = await lenses(editor, uri)
    assert re.fullmatch(STACK, shown[PLAIN]["rex.stack"]), shown
    assert shown[PLAIN]["rex.panics"] == "panic-free"
    recursion = shown[RECURSIVE]["rex.stack"]
    line = line_of(SOURCE, "// recurses") + 1
    assert recursion.startswith(f"stack checked at run time: recursion in down, line {line} · ")
    assert re.search(r"largest frame \d+ B of 4 KiB · built", recursion)
    assert shown[PANICS]["rex.panics"] == "1 panic left"


async def test_an_edit_inside_makes_it_stale_and_taking_it_back_fresh(
    editor: Raw, built: Path
) -> None:
    uri = editor.open(built / "src" / "main.rs")
    await lenses(editor, uri)
    asked = len(editor.said)
    editor.change(uri, 2, {"range": at(PLAIN + 1, 4), "text": "let _x = 1; "})
    await editor.until(lambda m: m.get("method") == "workspace/codeLens/refresh", after=asked)
    shown = await lenses(editor, uri)
    assert shown[PLAIN]["rex.stack"].endswith(" · stale (edited since build)")
    assert shown[PLAIN]["rex.panics"] == "panic-free · stale (edited since build)"
    assert "stale" not in shown[PANICS]["rex.stack"], "another program is what it was"
    editor.change(uri, 3, {"range": at(PLAIN + 1, 4, PLAIN + 1, 16), "text": ""})
    assert "stale" not in (await lenses(editor, uri))[PLAIN]["rex.stack"]
    # A comment between items changes no machine code, an edited module does.
    editor.change(uri, 4, {"range": at(7, 0), "text": "// só 😀\n"})
    assert "stale" not in (await lenses(editor, uri))[PLAIN + 1]["rex.stack"]
    deep = editor.open(built / "src" / "deep.rs")
    editor.change(deep, 2, {"range": at(4, 17), "text": "1"})
    assert "stale" in (await lenses(editor, uri))[PLAIN + 1]["rex.stack"]


async def test_the_deepest_path_and_the_panics_are_listed(editor: Raw, built: Path) -> None:
    uri = editor.open(built / "src" / "main.rs")
    path = await command(editor, "stack", uri, program="plain")
    assert path["ok"], path
    names = [place["text"].split(":")[0] for place in path["locations"]]
    assert names == ["plain", "room", "small"]
    assert path["locations"][1]["range"]["start"] == {
        "line": line_of(SOURCE, "fn room"),
        "character": 3,
    }
    panics = await command(editor, "panics", uri, program="panics")
    (place,) = panics["locations"]
    assert place["range"]["start"]["line"] == line_of(SOURCE, "// bounds")
    assert "use `get`" in place["text"]
    missing = await command(editor, "stack", uri, program="nobody")
    assert "plain" in missing["message"]


async def test_nothing_is_shown_without_trust_or_without_an_image(
    built: Path, tmp_path: Path
) -> None:
    server = await Raw.start()
    await server.initialize(built, trusted=False)
    uri = server.open(built / "src" / "main.rs")
    assert await lenses(server, uri) == {}
    await server.kill()
    server = await Raw.start()
    await server.initialize(tmp_path, trusted=True)
    uri = server.open(extension(tmp_path, SOURCE))
    shown = await lenses(server, uri)
    assert "rex.run" in shown[PLAIN]
    assert "rex.stack" not in shown[PLAIN]
    await server.kill()


async def test_a_client_that_cannot_refresh_sees_it_at_once(built: Path) -> None:
    server = await Raw.start()
    capabilities: Json = {"workspace": {"codeLens": {"refreshSupport": False}}}
    await server.initialize(built, trusted=True, capabilities=capabilities)
    uri = server.open(built / "src" / "main.rs")
    assert "rex.stack" in (await lenses(server, uri))[PLAIN]
    assert server.of("workspace/codeLens/refresh") == []
    await server.kill()
