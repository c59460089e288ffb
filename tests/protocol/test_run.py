# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Build, load, attach, run, detach from the editor, against the real runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from .projects import CLEAN, extension
from .raw import Json, Raw, at

pytestmark = pytest.mark.usefixtures("runtime_dir")

DUP = "perl -MPOSIX -e POSIX::dup(1)"
SOURCE = f'\n[[package.metadata.rex.source]]\nname = "one dup"\ncommand = "{DUP}"\n'
PANICS = CLEAN.replace(
    "    rex_printk!",
    "    let table = [1, 2, 3];\n    let _ = table[(cpu as usize) + 5];\n    rex_printk!",
)
WAIT_SECONDS = 240.0


async def command(server: Raw, name: str, uri: str, **more: object) -> Json:
    params = {"command": f"rex.{name}", "arguments": [{"uri": uri, **more}]}
    result: Json = await server.request("workspace/executeCommand", params, wait=WAIT_SECONDS)
    return result


def codes(diagnostics: list[Json]) -> list[str]:
    return [one["code"] for one in diagnostics]


async def lens_titles(server: Raw, uri: str) -> list[str]:
    """The lenses that do something; `test_stack_lens.py` has those that say something."""
    lenses = await server.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    commands = [lens["command"] for lens in lenses]
    return [one["title"] for one in commands if one["command"] not in ("rex.stack", "rex.panics")]


@pytest.fixture
async def editor(tmp_path: Path) -> object:
    """A trusted server on an extension with a declared source; made after ``runtime_dir``."""
    extension(tmp_path, extra=SOURCE)
    server = await Raw.start()
    await server.initialize(tmp_path, trusted=True)
    yield server
    await server.kill()


async def test_from_source_to_trace_and_back(editor: Raw, tmp_path: Path) -> None:
    uri = editor.open(tmp_path / "src" / "main.rs")
    assert await lens_titles(editor, uri) == ["▶ Run", "Attach", "Build"]

    built = await command(editor, "build", uri)
    assert built["ok"], built
    (artifact,) = built["artifacts"]
    assert Path(artifact["elf"]).is_file()
    assert Path(artifact["image"]).is_file()
    assert await lens_titles(editor, uri) == ["▶ Run", "Attach", "Load"]

    loaded = await command(editor, "load", uri)
    assert loaded["ok"], loaded
    (object_,) = loaded["objects"]
    assert [p["program"] for p in object_["programs"]] == ["probe"]
    assert [m["name"] for m in object_["maps"]] == ["COUNTS"]
    assert "loaded: Unload" in await lens_titles(editor, uri)

    attached = await command(editor, "attach", uri, program="probe")
    assert [(a["attach"], a["state"]) for a in attached["attached"]] == [
        ("syscalls/sys_enter_dup", "armed")
    ]
    titles = await lens_titles(editor, uri)
    assert titles == ["▶ Run", "armed on syscalls/sys_enter_dup: Detach"]
    # Attaching twice is once.
    assert (await command(editor, "attach", uri, program="probe"))["attached"] == []

    ran = await command(editor, "run", uri, program="probe")
    assert ran["ok"], ran
    assert ran["status"] == 0
    assert ran["events"]["trace"] >= 1
    lines = [m["message"] for m in editor.of("window/logMessage") if m["type"] == 4]
    assert any(line.startswith("probe: ") and "dup on CPU 0" in line for line in lines)
    traced = [m for m in editor.of("rex/trace") if m["event"] == "trace"]
    assert traced[0]["program"] == "probe"
    assert "dup on CPU" in traced[0]["message"]
    # What was attached before the run still is.
    assert any("armed" in title for title in await lens_titles(editor, uri))

    detached = await command(editor, "detach", uri, program="probe")
    assert detached == {"ok": True, "detached": ["probe"]}
    assert (await command(editor, "unload", uri))["unloaded"] == 1
    assert await lens_titles(editor, uri) == ["▶ Run", "Attach", "Load"]
    editor.change(uri, 2, {"range": at(0, 0), "text": "// changed\n"})
    assert "Build (source changed)" in await lens_titles(editor, uri)
    assert await editor.stop() == 0


async def test_run_leaves_nothing_behind(editor: Raw, tmp_path: Path) -> None:
    uri = editor.open(tmp_path / "src" / "main.rs")
    ran = await command(editor, "run", uri)
    assert ran["ok"], ran
    assert ran["events"]["trace"] >= 1
    assert await lens_titles(editor, uri) == ["▶ Run", "Attach", "Load"]


async def test_a_panic_is_shown_on_its_line_until_that_line_changes(
    editor: Raw, tmp_path: Path
) -> None:
    main = tmp_path / "src" / "main.rs"
    main.write_text(PANICS)
    line = next(n for n, text in enumerate(PANICS.split("\n")) if "table[" in text)
    uri = editor.open(main)
    assert await editor.published(uri, version=1) == []
    ran = await command(editor, "run", uri)
    assert ran["ok"] is False
    assert [(s["event"], s["program"]) for s in ran["stopped"]] == [("panic", "probe")]
    message = await editor.until(
        lambda m: (
            m.get("method") == "textDocument/publishDiagnostics"
            and "rex::panicked" in codes(m["params"]["diagnostics"])
        )
    )
    (panic,) = (d for d in message["params"]["diagnostics"] if d["code"] == "rex::panicked")
    assert panic["code"] == "rex::panicked"
    assert panic["source"] == "rex-runtime"
    assert panic["severity"] == 1
    assert panic["range"]["start"]["line"] == line
    assert "index out of bounds" in panic["message"]
    assert any("call trace" in r["message"] for r in panic["relatedInformation"])
    editor.change(uri, 2, {"range": at(line, 12, line, 13), "text": "_"})
    assert "rex::panicked" not in codes(await editor.published(uri, version=2))


async def test_what_the_machine_code_says_comes_with_a_build(editor: Raw, tmp_path: Path) -> None:
    """The estimate goes: the optimiser left nothing of the array."""
    body = "    let wide = [0u64; 1000];\n    let cpu = wide[0] as i32 + cpu;\n    rex_printk!"
    main = tmp_path / "src" / "main.rs"
    main.write_text(PANICS.replace("    rex_printk!", body))
    uri = editor.open(main)
    assert codes(await editor.published(uri, version=1)) == ["rex::stack_frame"]
    assert (await command(editor, "build", uri))["ok"]
    message = await editor.until(
        lambda m: (
            m.get("method") == "textDocument/publishDiagnostics"
            and "rex::may_panic" in codes(m["params"]["diagnostics"])
            and "rex::stack_frame" not in codes(m["params"]["diagnostics"])
        )
    )
    (panic,) = (d for d in message["params"]["diagnostics"] if d["code"] == "rex::may_panic")
    assert (panic["source"], panic["severity"]) == ("rex-image", 4)
    assert "table[" in main.read_text().splitlines()[panic["range"]["start"]["line"]]
    editor.change(uri, 2, {"range": at(0, 0, 0, 0), "text": "//\n"})
    assert "rex::stack_frame" in codes(await editor.published(uri, version=2))


async def test_an_unknown_attach_target_is_told_at_the_program_and_nothing_stays_attached(
    editor: Raw, tmp_path: Path
) -> None:
    text = CLEAN.replace("use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};", "").replace(
        "#[rex_tracepoint]\nfn probe(obj: &tracepoint<SyscallsEnterDupCtx>, "
        "_ctx: &'static SyscallsEnterDupCtx) -> Result {",
        '#[rex_kprobe(function = "__x64_sys_dupp")]\n'
        "fn probe(obj: &kprobe, _ctx: &mut PtRegs) -> Result {",
    )
    text = text.replace(
        "use rex::{Result, rex_map, rex_printk, rex_tracepoint};",
        "use rex::kprobe::kprobe;\nuse rex::pt_regs::PtRegs;\n"
        "use rex::{Result, rex_kprobe, rex_map, rex_printk};",
    )
    main = tmp_path / "src" / "main.rs"
    main.write_text(text)
    uri = editor.open(main)
    (typed,) = await editor.published(uri, version=1)
    assert (typed["code"], typed["source"]) == ("rex::unknown_attach_target", "rex")
    answer = await command(editor, "attach", uri)
    assert answer["ok"] is False
    assert answer["kind"] == "unknown_attach_target"
    assert "__x64_sys_dup" in answer["near"]
    message = await editor.until(
        lambda m: (
            m.get("method") == "textDocument/publishDiagnostics"
            and any(one["source"] == "rex-runtime" for one in m["params"]["diagnostics"])
        )
    )
    assert codes(message["params"]["diagnostics"]).count("rex::unknown_attach_target") == 1
    assert not any("armed" in title for title in await lens_titles(editor, uri))


async def test_a_build_that_fails_is_an_answer_not_an_error(editor: Raw, tmp_path: Path) -> None:
    main = tmp_path / "src" / "main.rs"
    main.write_text(CLEAN.replace("let cpu", "let wrong: u32 = true;\n    let cpu"))
    uri = editor.open(main)
    answer = await command(editor, "run", uri)
    assert answer["ok"] is False
    assert answer["errors"] == 1
    assert "does not build" in answer["message"]


async def test_without_a_source_the_editor_offers_to_declare_one(tmp_path: Path) -> None:
    main = extension(tmp_path)
    server = await Raw.start()
    try:
        server.answers["window/showMessageRequest"] = {"title": "Add one to Cargo.toml"}
        server.answers["workspace/applyEdit"] = {"applied": True}
        await server.initialize(tmp_path, trusted=True)
        uri = server.open(main)
        answer = await command(server, "run", uri)
        assert answer["ok"] is False
        (edit,) = server.of("workspace/applyEdit")
        ((target, edits),) = edit["edit"]["changes"].items()
        assert target == (tmp_path / "Cargo.toml").as_uri()
        assert "[[package.metadata.rex.source]]" in edits[0]["newText"]
    finally:
        await server.kill()


async def test_cancelling_a_run_ends_the_child_and_unloads(editor: Raw, tmp_path: Path) -> None:
    uri = editor.open(tmp_path / "src" / "main.rs")
    argument = {"uri": uri, "source": {"kind": "command", "argv": ["sleep", "600"]}}
    params = {"command": "rex.run", "arguments": [argument]}
    request = editor.post("workspace/executeCommand", params)
    await editor.until(
        lambda m: (
            m.get("method") == "$/progress"
            and m["params"]["value"].get("message", "").startswith("source")
        ),
        wait=WAIT_SECONDS,
    )
    editor.notify("$/cancelRequest", {"id": request})
    answer = await editor.answer(request)
    assert answer["error"]["code"] == -32800
    assert await lens_titles(editor, uri) == ["▶ Run", "Attach", "Load"]


@pytest.mark.parametrize(
    "arguments",
    [None, [], [5], [{}], [{"uri": 5}], [{"uri": "file:///x.rs", "program": 7}]],
)
async def test_arguments_that_do_not_fit_are_refused(editor: Raw, arguments: object) -> None:
    for name in ("rex.build", "rex.run"):
        params = {"command": name, "arguments": arguments}
        error = await editor.refused("workspace/executeCommand", params)
        assert error["code"] in (-32602, -32803)
    error = await editor.refused("workspace/executeCommand", {"command": "rex.explode"})
    assert error["code"] == -32602
