# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The second half of the demo: build, attach, run, watch a panic, detach."""

from __future__ import annotations

from pathlib import Path

from .client import Json
from .listening import listening, show_traces
from .steps_edit import hello
from .story import Step, Story

BUG = """\
    let table = [1u32, 2, 4, 8];
    let slot = obj.bpf_get_smp_processor_id() as usize + 9;
    rex_printk!("weight {}\\n", table[slot])?;
"""


async def build(story: Story) -> str:
    """Build from the editor; the progress is the server's."""
    document = hello(story)
    story.screen.said("Build")
    shown: list[str] = []

    def progress(method: str, params: Json) -> None:
        value = params.get("value", {})
        text = value.get("message") or value.get("title")
        if method == "$/progress" and text and text not in shown:
            shown.append(text)
            percent = value.get("percentage")
            story.screen.quiet(text if percent is None else f"{percent:3d} %  {text}")

    with listening(story, progress):
        answer = await story.command("rex.build", document)
    assert answer["ok"], answer
    assert shown, "expected progress while it built"
    assert answer["errors"] == 0, answer
    (artifact,) = answer["artifacts"]
    elf, image = Path(artifact["elf"]), Path(artifact["image"])
    assert elf.read_bytes()[:4] == b"\x7fELF", elf
    assert image.read_bytes()[:8] == b"REXIMG\0\x01", image
    sizes = f"{elf.stat().st_size // 1024} kB to read, {image.stat().st_size} bytes to load"
    story.screen.good(f"{elf.name} and {image.name}: {sizes}")
    return f"{image.name}, {image.stat().st_size} bytes"


async def attach(story: Story) -> str:
    """Attach: the program waits for a system call, and the lens says so."""
    document = hello(story)
    lenses = await story.lens_saying(document, "Run")
    story.screen.quiet(f"lenses: {'  |  '.join(lenses)}")
    story.screen.said("Attach")
    answer = await story.command("rex.attach", document)
    assert answer["ok"], answer
    (link,) = answer["attached"]
    story.screen.good(f"{link['program']} ({link['type']}) is {link['state']} on {link['attach']}")
    lenses = await story.lens_saying(document, "armed")
    story.screen.quiet(f"lenses: {'  |  '.join(lenses)}")
    return f"armed on {link['attach']}"


async def run(story: Story) -> str:
    """Run a real child: each dup it makes is seen by the program."""
    document = hello(story)
    story.screen.said("Run, with the declared source: perl -MPOSIX -e 'POSIX::dup(1) for 1..2'")
    already = len(story.traces)
    with listening(story, show_traces(story)):
        answer = await story.command("rex.run", document)
    assert answer["ok"], answer
    assert answer["status"] == 0, answer
    lines = [one for one in story.traces[already:] if one["event"] == "trace"]
    assert len(lines) == 2, f"expected a trace line for each dup of the child, found {lines}"
    for one in lines:
        assert f"Rust triggered from PID {answer['pid']} on CPU" in one["message"], one
    story.screen.good(f"child {answer['pid']} ended with status {answer['status']}")
    return f"{len(lines)} trace lines from process {answer['pid']}"


async def panic(story: Story) -> str:
    """A bug that no rule can see: the runtime stops the program and says where."""
    document = hello(story)
    story.screen.said("type a bug: an index past the end of a table, and save")
    at = {"line": document.line_of("-> Result {") + 1, "character": 0}
    before = document.lines
    story.client.edit(document, [{"range": {"start": at, "end": at}, "newText": BUG}])
    story.screen.diff(before, document.lines)
    story.client.save(document)
    story.screen.said("Run")
    with listening(story, show_traces(story)):
        answer = await story.command("rex.run", document)
    assert not answer["ok"], answer
    assert [one["event"] for one in answer["stopped"]] == ["panic"], answer
    found = await story.diagnostics(document, "the panic", _panics)
    (stopped,) = _panics(found)
    story.screen.diagnostic(document, stopped)
    line = document.line_of("table[slot]")
    assert stopped["range"]["start"]["line"] == line, stopped
    assert stopped["severity"] == 1, stopped
    assert stopped["source"] == "rex-runtime", stopped
    assert "index out of bounds" in stopped["message"], stopped
    story.screen.good(f"child status {answer['status']}: the child did not notice")
    assert answer["status"] == 0, answer
    return f"panic shown at main.rs:{line + 1}"


async def detach(story: Story) -> str:
    """Mend the bug, attach once more, detach: nothing of the extension is left."""
    document = hello(story)
    story.screen.said("take the bug out: what was said about it goes with it")
    start = document.line_of("let table = ")
    span = {
        "start": {"line": start, "character": 0},
        "end": {"line": start + BUG.count("\n"), "character": 0},
    }
    story.client.edit(document, [{"range": span, "newText": ""}])
    await story.diagnostics(document, "no panic any more", lambda now: not now)
    await story.save(document)
    story.screen.said("Attach")
    answer = await story.command("rex.attach", document)
    assert answer["ok"], answer
    lenses = await story.lens_saying(document, "armed")
    story.screen.quiet(f"lenses: {'  |  '.join(lenses)}")
    story.screen.said("Detach, and unload")
    answer = await story.command("rex.detach", document)
    assert answer["detached"] == ["rex_prog1"], answer
    answer = await story.command("rex.unload", document)
    assert answer["unloaded"] == 1, answer
    lenses = await story.lens_saying(document, "Load")
    assert not [title for title in lenses if "armed" in title or "stopped" in title], lenses
    story.screen.good(f"lenses: {'  |  '.join(lenses)}")
    return "nothing attached, nothing loaded"


def _panics(found: list[Json]) -> list[Json]:
    return [one for one in found if one["code"] == "rex::panicked"]


STEPS = (
    Step("build", "Build", ("save",), build),
    Step("attach", "Attach", ("build",), attach),
    Step("run", "Run a real child process", ("attach",), run),
    Step("panic", "See an extension panic", ("run",), panic),
    Step("detach", "Detach", ("panic",), detach),
)
