# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Typing-tier diagnostics over the protocol: push, pull, encodings, edits, what is an extension."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from .projects import CLEAN, LEAK, LEAK_LINE, PLAIN, extension, manifest, plain
from .raw import Json, Raw, at, merged

PULL: Json = {
    "textDocument": {"diagnostic": {"relatedInformation": True}},
    "workspace": {"diagnostics": {"refreshSupport": True}},
}


def codes(items: list[Json]) -> list[str]:
    return [item["code"] for item in items]


async def pulled(server: Raw, uri: str, previous: str | None = None) -> Json:
    params: Json = {"textDocument": {"uri": uri}, "identifier": "rex"}
    if previous is not None:
        params["previousResultId"] = previous
    report: Json = await server.request("textDocument/diagnostic", params)
    return report


async def test_a_leak_is_published_where_it_is(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path, LEAK)
    await server.initialize(tmp_path)
    uri = server.open(main)
    (leak,) = await server.published(uri, version=1)
    assert leak["code"] == "rex::leak"
    assert leak["source"] == "rex"
    assert leak["severity"] == 1
    assert leak["range"]["start"]["line"] == LEAK_LINE
    assert leak["codeDescription"]["href"].endswith("leak.md")


async def test_a_fixed_leak_goes_and_the_version_is_told(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path, LEAK)
    await server.initialize(tmp_path)
    uri = server.open(main)
    assert await server.published(uri, version=1)
    server.change(uri, 2, {"range": at(LEAK_LINE, 0, LEAK_LINE + 1, 0), "text": ""})
    assert await server.published(uri, version=2) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_positions_are_in_the_negotiated_encoding(
    server: Raw, tmp_path: Path, encoding: str
) -> None:
    main = extension(tmp_path)
    result = await server.initialize(tmp_path, {"general": {"positionEncodings": [encoding]}})
    assert result["capabilities"]["positionEncoding"] == encoding
    before = '    let _ = ("é😀", '
    text = CLEAN.replace("    let cpu", f"{before}core::mem::forget(obj));\n    let cpu")
    uri = server.open(main, text)
    (leak,) = await server.published(uri, version=1)
    width = {
        "utf-8": len(before.encode()),
        "utf-16": len(before.encode("utf-16-le")) // 2,
        "utf-32": len(before),
    }[encoding]
    assert leak["range"]["start"] == {"line": LEAK_LINE, "character": width}
    # An edit after the wide characters lands where the client means.
    server.change(uri, 2, {"range": at(LEAK_LINE, width, LEAK_LINE, width + 17), "text": "drop"})
    assert await server.published(uri, version=2) == []


async def test_the_clients_order_of_encodings_counts_and_utf16_is_the_default(
    tmp_path: Path,
) -> None:
    for offered, chosen in (
        (["utf-32", "utf-8"], "utf-32"),
        (["latin-1", "utf-8"], "utf-8"),
        (["latin-1"], "utf-16"),
        ([], "utf-16"),
    ):
        server = await Raw.start()
        try:
            result = await server.initialize(None, {"general": {"positionEncodings": offered}})
            assert result["capabilities"]["positionEncoding"] == chosen
        finally:
            await server.kill()


async def test_pull_serves_open_files_and_nothing_is_pushed_for_them(
    server: Raw, tmp_path: Path
) -> None:
    main = extension(tmp_path, LEAK)
    result = await server.initialize(tmp_path, PULL)
    assert result["capabilities"]["diagnosticProvider"]["identifier"] == "rex"
    uri = server.open(main)
    report = await pulled(server, uri)
    assert report["kind"] == "full"
    assert codes(report["items"]) == ["rex::leak"]
    assert (await pulled(server, uri, report["resultId"])) == {
        "kind": "unchanged",
        "resultId": report["resultId"],
    }
    server.replace(uri, 2, CLEAN)
    report = await pulled(server, uri, report["resultId"])
    assert report["items"] == []
    assert server.of("textDocument/publishDiagnostics") == []


async def test_without_refresh_a_client_gets_push(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path, LEAK)
    only = merged(PULL, {"workspace": {"diagnostics": {"refreshSupport": False}}})
    result = await server.initialize(tmp_path, only)
    assert "diagnosticProvider" not in result["capabilities"]
    assert codes(await server.published(server.open(main))) == ["rex::leak"]


async def test_a_file_that_is_closed_keeps_nothing_of_the_typing_tier(
    server: Raw, tmp_path: Path
) -> None:
    main = extension(tmp_path, LEAK)
    await server.initialize(tmp_path)
    uri = server.open(main)
    assert await server.published(uri, version=1)
    after = len(server.said)
    server.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert await server.published(uri, after=after) == []


async def test_edits_one_by_one_say_what_a_fresh_open_says(server: Raw, tmp_path: Path) -> None:
    """Typed and taken back in any order, through broken states, with wide characters."""
    main = extension(tmp_path)
    other = extension(tmp_path / "fresh")
    await server.initialize(tmp_path)
    chance = random.Random(20261123)
    broken = ["unsafe {", "}", "/*", '"', "fn ", "(", "#[", "é😀 {"]
    whole = ["core::mem::forget(1);", "\n", " /* é😀 */ ", "unsafe {}", 'let _ = "😀";']
    lines = LEAK.split("\n")
    body = LEAK_LINE + 1
    uri = server.open(main, LEAK)
    version = 1

    def edit(line: int, start: int, end: int, text: str) -> None:
        nonlocal version
        version += 1
        server.change(uri, version, {"range": at(line, start, line, end), "text": text})

    for _ in range(40):
        text = chance.choice(broken)
        line = chance.randrange(len(lines))
        edit(line, 0, 0, text)
        if chance.random() < 0.5:
            await server.published(uri, version=version)
        edit(line, 0, len(text.encode("utf-16-le")) // 2, "")
        kept = chance.choice(whole)
        edit(body, 4, 4, kept)
        lines[body : body + 1] = (lines[body][:4] + kept + lines[body][4:]).split("\n")
        if "\n" in kept:
            edit(body + 1, 0, 0, "    ")
            lines[body + 1] = "    " + lines[body + 1]
    incremental = await server.published(uri, version=version)
    fresh = await server.published(server.open(other, "\n".join(lines)), version=1)
    assert incremental == fresh
    assert {"rex::leak", "rex::unsafe_code"} <= set(codes(fresh))


@pytest.mark.parametrize("seed", range(4))
async def test_broken_code_says_what_a_fresh_open_says_once_nobody_types(
    server: Raw, tmp_path: Path, seed: int
) -> None:
    """Edits that leave the text broken, then a pause."""
    main = extension(tmp_path)
    other = extension(tmp_path / "fresh")
    await server.initialize(tmp_path)
    chance = random.Random(seed)
    pieces = ["unsafe {", "}", "{", "/*", "*/", '"', "fn ", "(", "#[", "mod m {", ";", "\n"]
    lines = (LEAK + "fn more() { unsafe {} }\nfn last() { core::mem::forget(3); }\n").split("\n")
    uri = server.open(main, "\n".join(lines))
    version = 1
    for _ in range(12):
        version += 1
        line = chance.randrange(len(lines))
        column = chance.randrange(len(lines[line]) + 1)
        piece = chance.choice(pieces)
        change = {"range": at(line, column, line, column), "text": piece}
        server.change(uri, version, change)
        lines[line : line + 1] = (lines[line][:column] + piece + lines[line][column:]).split("\n")
    said = await server.published(uri, version=version)
    fresh = await server.published(server.open(other, "\n".join(lines)), version=1)
    if said != fresh:
        await server.until(
            lambda m: (
                m.get("method") == "textDocument/publishDiagnostics"
                and m["params"]["uri"] == uri
                and m["params"]["diagnostics"] == fresh
            ),
            wait=30,
        )


async def test_of_a_long_file_the_beginning_is_shown_before_all_is_found(
    server: Raw, tmp_path: Path
) -> None:
    main = extension(tmp_path)
    filler = "".join(f"fn f{n}(x: u64) -> u64 {{ x + {n} }}\n" for n in range(60_000))
    await server.initialize(tmp_path)
    uri = server.open(main, LEAK + filler + "fn last() { core::mem::forget(2); }\n")
    first = await server.published(uri, version=1)
    assert [item["range"]["start"]["line"] for item in first] == [LEAK_LINE]
    hover = {"textDocument": {"uri": uri}, "position": {"line": 5, "character": 14}}
    assert await server.request("textDocument/hover", hover)
    await server.until(
        lambda m: (
            m.get("method") == "textDocument/publishDiagnostics"
            and len(m["params"]["diagnostics"]) == 2
        ),
        wait=120,
    )


async def test_an_edit_that_cannot_be_applied_drops_the_draft_and_says_so(
    server: Raw, tmp_path: Path
) -> None:
    main = extension(tmp_path, LEAK)
    await server.initialize(tmp_path)
    uri = server.open(main)
    assert await server.published(uri, version=1)
    after = len(server.said)
    server.change(uri, 2, {"range": at(9, 0, 3, 0), "text": "x"})
    assert await server.published(uri, after=after) == []
    log = await server.until(lambda m: m.get("method") == "window/logMessage", after=after)
    assert "cannot be applied" in log["params"]["message"]
    # Later changes of a text that nobody knows are ignored, opening it again mends it.
    server.change(uri, 3, {"range": at(0, 0), "text": "y"})
    server.open(main, LEAK, version=4)
    assert codes(await server.published(uri, version=4)) == ["rex::leak"]
    assert server.of("window/showMessage") == []


async def test_a_change_of_a_file_that_is_not_open_is_ignored(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path, LEAK)
    await server.initialize(tmp_path)
    server.change(main.as_uri(), 2, {"text": "fn x() {}"})
    server.notify("textDocument/didClose", {"textDocument": {"uri": main.as_uri()}})
    uri = server.open(main)
    assert codes(await server.published(uri, version=1)) == ["rex::leak"]
    assert server.of("window/showMessage") == []


async def test_a_plain_crate_is_met_with_silence(server: Raw, tmp_path: Path) -> None:
    main = plain(tmp_path)
    await server.initialize(tmp_path, trusted=True)
    uri = server.open(main, PLAIN)
    assert await server.published(uri, version=1) == []
    cursor = {"textDocument": {"uri": uri}, "position": {"line": 2, "character": 12}}
    assert await server.request("textDocument/completion", cursor) is None
    assert await server.request("textDocument/hover", cursor) is None
    assert await server.request("textDocument/codeLens", {"textDocument": {"uri": uri}}) == []
    server.save(uri)
    assert await server.stop() == 0
    assert [m for m in server.said if m.get("method") == "window/workDoneProgress/create"] == []


async def test_build_scripts_tests_and_examples_are_not_under_the_rules(
    server: Raw, tmp_path: Path
) -> None:
    extension(tmp_path)
    await server.initialize(tmp_path)
    for name in ("build.rs", "tests/it.rs", "examples/e.rs", "benches/b.rs", "src/unused.rs"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(PLAIN)
        assert await server.published(server.open(path), version=1) == [], name


async def test_a_file_without_a_manifest_counts_when_it_uses_rex(
    server: Raw, tmp_path: Path
) -> None:
    with_rex, without = tmp_path / "a.rs", tmp_path / "b.rs"
    with_rex.write_text(LEAK)
    without.write_text("fn f() { core::mem::forget(1); }\n")
    await server.initialize(tmp_path)
    assert codes(await server.published(server.open(with_rex), version=1)) == ["rex::leak"]
    assert await server.published(server.open(without), version=1) == []
    untitled = "untitled:Untitled-1"
    server.notify(
        "textDocument/didOpen",
        {"textDocument": {"uri": untitled, "languageId": "rust", "version": 1, "text": LEAK}},
    )
    assert codes(await server.published(untitled)) == ["rex::leak"]


async def test_two_roots_are_two_worlds(server: Raw, tmp_path: Path) -> None:
    one = extension(tmp_path / "one dir", LEAK)
    two = plain(tmp_path / "two")
    await server.initialize(None, folders=[tmp_path / "one dir", tmp_path / "two"])
    first, second = server.open(one), server.open(two)
    assert codes(await server.published(first, version=1)) == ["rex::leak"]
    assert await server.published(second, version=1) == []
    three = extension(tmp_path / "three", LEAK)
    event = {"added": [{"uri": (tmp_path / "three").as_uri(), "name": "three"}], "removed": []}
    server.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    assert codes(await server.published(server.open(three), version=1)) == ["rex::leak"]


async def test_a_manifest_that_changes_changes_what_is_an_extension(
    server: Raw, tmp_path: Path
) -> None:
    main = plain(tmp_path, LEAK)
    await server.initialize(tmp_path)
    uri = server.open(main)
    assert await server.published(uri, version=1) == []
    after = len(server.said)
    (tmp_path / "Cargo.toml").write_text(manifest("now"))
    change = {"uri": (tmp_path / "Cargo.toml").as_uri(), "type": 2}
    server.notify("workspace/didChangeWatchedFiles", {"changes": [change]})
    assert codes(await server.published(uri, after=after)) == ["rex::leak"]


async def test_a_broken_manifest_is_survived(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path, LEAK)
    (tmp_path / "Cargo.toml").write_text("[package\nname = 3")
    await server.initialize(tmp_path)
    uri = server.open(main)
    assert await server.published(uri, version=1) == []
    (tmp_path / "Cargo.toml").write_text(manifest("mended"))
    after = len(server.said)
    server.save((tmp_path / "Cargo.toml").as_uri())
    assert codes(await server.published(uri, after=after)) == ["rex::leak"]


async def test_another_file_of_the_crate_is_looked_at_again(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path, CLEAN.replace("#[rex_map]", "mod names;\n\n#[rex_map]"))
    names = tmp_path / "src" / "names.rs"
    names.write_text("use super::skip;\nfn f(x: u32) { skip(x); }\n")
    text = main.read_text() + "\nuse core::mem::drop as skip;\n"
    await server.initialize(tmp_path)
    first, second = server.open(main, text), server.open(names)
    assert await server.published(second, version=1) == []
    after = len(server.said)
    server.replace(first, 2, text.replace("mem::drop", "mem::forget"))
    items: list[Json] = []
    while not items:
        items = await server.published(second, after=after)
        after = len(server.said)
    assert codes(items) == ["rex::leak"]


async def test_more_diagnostics_than_the_limit_are_counted(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path)
    await server.initialize(tmp_path, options={"settings": {"diagnostics": {"limit": 10}}})
    text = CLEAN + "".join(f"fn f{n}() {{ core::mem::forget({n}); }}\n" for n in range(25))
    items = await server.published(server.open(main, text), version=1)
    assert len(items) == 11
    assert "15 more" in items[-1]["message"]


async def test_rule_levels_come_from_the_settings(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path)
    text = CLEAN.replace("    let cpu", "    loop {}\n    let cpu")
    await server.initialize(tmp_path)
    uri = server.open(main, text)
    items = await server.published(uri, version=1)
    assert ("rex::unbounded_loop", 2) in [(i["code"], i["severity"]) for i in items]
    after = len(server.said)
    settings = {"rex": {"rules": {"unbounded_loop": "off", "leak": "off"}}}
    server.notify("workspace/didChangeConfiguration", {"settings": settings})
    items = await server.published(uri, after=after)
    assert "rex::unbounded_loop" not in codes(items)
    # A safety rule has no level.
    server.replace(uri, 2, LEAK)
    assert codes(await server.published(uri, version=2)) == ["rex::leak"]
