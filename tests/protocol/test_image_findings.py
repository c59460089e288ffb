# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the rules see in machine code is in the editor, with fixes that take panics away."""

from __future__ import annotations

from pathlib import Path

from .measured import SOURCE, lenses, line_of
from .projects import extension
from .raw import Json, Raw
from .test_run import command

PANICS = """\
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::xdp::{xdp, xdp_md};
use rex::{Result, rex_xdp};

#[rex_xdp]
fn many(_: &xdp, ctx: &mut xdp_md) -> Result {
    let n = ctx.data_length();
    let mut table = black_box([1u32, 2, 3]);
    let _é = "😀"; let a = table[n]; // bounds
    table[n + 1] += a; // written
    let rest = &table[black_box(n)..]; // range
    let b = rest.len() / black_box(n); // divides
    let c = black_box(Some(a)).unwrap(); // unwraps
    Ok((b as i32) ^ (c as i32))
}
"""
FIXED = ("// bounds", "// written", "// range", "// divides", "// unwraps")


def of_code(found: list[Json], code: str) -> list[Json]:
    return [one for one in found if one["code"] == code]


async def published(server: Raw, uri: str, code: str) -> list[Json]:
    """The diagnostics of a code, when there are any."""

    def says(message: Json) -> bool:
        params = message.get("params") or {}
        here = message.get("method") == "textDocument/publishDiagnostics" and params["uri"] == uri
        return here and bool(of_code(params["diagnostics"], code))

    return of_code((await server.until(says))["params"]["diagnostics"], code)


async def test_an_image_of_earlier_speaks_when_its_file_is_opened(editor: Raw, built: Path) -> None:
    uri = editor.open(built / "src" / "main.rs")
    (panic,) = await published(editor, uri, "rex::may_panic")
    assert panic["source"] == "rex-image"
    assert panic["range"]["start"]["line"] == line_of(SOURCE, "// bounds")
    assert "use `get`" in panic["message"]
    (cycle,) = await published(editor, uri, "rex::recursion")
    assert cycle["range"]["start"]["line"] == line_of(SOURCE, "// recurses")


async def test_the_fixes_of_panics_leave_a_program_panic_free(
    tmp_path: Path, runtime_dir: Path
) -> None:
    main = extension(tmp_path, PANICS)
    server = await Raw.start()
    await server.initialize(tmp_path, trusted=True)
    uri = server.open(main)
    built = await command(server, "build", uri)
    assert built["ok"], built
    found = await published(server, uri, "rex::may_panic")
    lines = {one["range"]["start"]["line"] for one in found}
    assert {line_of(PANICS, mark) for mark in FIXED} <= lines, found
    text = main.read_text().splitlines()
    for one in sorted(found, key=lambda one: -one["range"]["start"]["line"]):
        params = {
            "textDocument": {"uri": uri},
            "range": one["range"],
            "context": {"diagnostics": [one], "only": ["quickfix"]},
        }
        (action, *_) = await server.request("textDocument/codeAction", params)
        action = await server.request("codeAction/resolve", action)
        (edit,) = action["edit"]["documentChanges"][0]["edits"]
        start, end = edit["range"]["start"], edit["range"]["end"]
        assert start["line"] == end["line"]
        units = text[start["line"]].encode("utf-16-le")
        made = units[: start["character"] * 2].decode("utf-16-le") + edit["newText"]
        text[start["line"]] = made + units[end["character"] * 2 :].decode("utf-16-le")
    main.write_text("\n".join(text) + "\n")
    server.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    uri = server.open(main, version=2)
    again = await command(server, "build", uri)
    assert again["ok"], (again, text)
    shown = await lenses(server, uri)
    assert shown[line_of(PANICS, "fn many")]["rex.panics"] == "panic-free", text
    await server.kill()
