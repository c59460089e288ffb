# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The first half of the demo: start, see what is wrong, mend it, ask the compiler."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable

from . import planted
from .client import Json
from .documents import TextFile
from .story import SAMPLES, Step, Story

SOURCE = """\
[[package.metadata.rex.source]]
name = "two dups"
command = ["perl", "-MPOSIX", "-e", "POSIX::dup(1) for 1..2"]
"""

TYPE_ERROR = "    let cpu: u64 = obj.bpf_get_smp_processor_id();"


def hello(story: Story) -> TextFile:
    """The open main file of the sample that most steps work on."""
    return next(d for d in story.client.documents.values() if d.path.parts[-3] == "hello")


async def start(story: Story) -> str:
    """Start the server; nothing of the project has run yet."""
    (story.directory / "work").mkdir()
    begun = time.monotonic()
    answer = await story.start(story.directory / "work")
    milliseconds = (time.monotonic() - begun) * 1000
    info, capabilities = answer["serverInfo"], answer["capabilities"]
    assert capabilities["positionEncoding"] == "utf-16", capabilities["positionEncoding"]
    story.screen.good(
        f"{info['name']} {info['version']} is up, process {story.client.pid}, "
        f"positions in {capabilities['positionEncoding']}"
    )
    return f"server up in {milliseconds:.0f} ms"


async def diagnose(story: Story) -> str:
    """Open a sample with a fault of every kind in it."""
    package = story.copy_sample("hello", SOURCE)
    main = package / "src/main.rs"
    main.write_text(planted.plant(main.read_text(encoding="utf-8")), encoding="utf-8")
    story.screen.said(f"open hello/src/main.rs, with {len(planted.CODES)} faults planted in it")
    begun = time.monotonic()
    document = story.client.open(main)
    found = await story.diagnostics(
        document, "every planted fault", lambda now: _codes(now) >= planted.CODES
    )
    milliseconds = (time.monotonic() - begun) * 1000
    for one in found:
        story.screen.diagnostic(document, one)
    assert _codes(found) == planted.CODES, f"expected only what was planted, found {_codes(found)}"
    for code, line in {**planted.IN_ROOT, **planted.IN_PROGRAM}.items():
        lines = {one["range"]["start"]["line"] for one in found if one["code"] == code}
        assert lines == {document.line_of(line)}, f"{code} at {lines}, planted at {line!r}"
    leak = next(one for one in found if one["code"] == "rex::leak")
    assert "forget" in document.slice(leak["range"]), document.slice(leak["range"])
    assert all(one["source"] == "rex" for one in found), found
    return f"{len(found)} findings {milliseconds:.0f} ms after the file was opened"


async def fix(story: Story) -> str:
    """Apply every quick fix on offer, then type the rest."""
    document = hello(story)
    fixed: set[str] = set()
    while True:
        offer = await _next_fix(story, document, fixed)
        if offer is None:
            break
        code, title, edits = offer
        before = document.lines
        story.screen.said(f"quick fix for {code}: {title}")
        story.client.edit(document, edits)
        story.screen.diff(before, document.lines)
        fixed.add(code)
        await story.diagnostics(document, f"no {code}", _without(code))
    expected = {"rex::unstable_feature", "rex::std_or_alloc", "rex::leak", planted.SIGNATURE}
    assert expected <= fixed, f"expected quick fixes for {expected - fixed}"
    story.screen.said("the rest by hand")
    before = document.lines
    clean = SAMPLES / "hello/src/main.rs"
    _type(story, document, clean.read_text(encoding="utf-8"))
    story.screen.diff(before, document.lines)
    await story.diagnostics(document, "nothing left", lambda now: not now)
    story.screen.good("no findings left")
    return f"{len(fixed)} quick fixes applied, nothing left"


async def save(story: Story) -> str:
    """What only the compiler can know appears on save, and goes on the next."""
    document = hello(story)
    good = document.text
    anchor = document.line_of("-> Result {") + 1
    story.screen.said("type a line with a wrong type, and save")
    at = {"line": anchor, "character": 0}
    story.client.edit(document, [{"range": {"start": at, "end": at}, "newText": f"{TYPE_ERROR}\n"}])
    begun = time.monotonic()
    await story.save(document)
    found = await story.diagnostics(document, "the compiler's finding", bool)
    seconds = time.monotonic() - begun
    for one in found:
        story.screen.diagnostic(document, one)
    errors = [one for one in found if one["severity"] == 1]
    assert [one["source"] for one in errors] == ["rustc"], found
    assert errors[0]["code"] == "E0308", errors
    assert errors[0]["range"]["start"]["line"] == anchor, errors
    story.screen.said("take it out, and save")
    _type(story, document, good)
    await story.save(document)
    await story.diagnostics(document, "nothing after the save", lambda now: not now)
    story.screen.good("rustc and clippy agree: nothing to say")
    return f"rustc's E0308 {seconds:.1f} s after the save"


async def _next_fix(
    story: Story, document: TextFile, fixed: set[str]
) -> tuple[str, str, list[Json]] | None:
    for one in await story.diagnostics(document, "diagnostics", lambda now: True):
        if one["code"] not in fixed:
            offer = await story.quick_fix(document, one)
            if offer is not None:
                return one["code"], *offer
    return None


def _type(story: Story, document: TextFile, wanted: str) -> None:
    """Edit the buffer into ``wanted``, by whole lines."""
    before, after = document.text.splitlines(True), wanted.splitlines(True)
    edits: list[Json] = []
    for kind, first, last, start, end in difflib.SequenceMatcher(None, before, after).get_opcodes():
        if kind != "equal":
            span = {
                "start": {"line": first, "character": 0},
                "end": {"line": last, "character": 0},
            }
            edits.append({"range": span, "newText": "".join(after[start:end])})
    story.client.edit(document, edits)
    assert document.text == wanted


def _without(code: str) -> Callable[[list[Json]], bool]:
    return lambda found: code not in _codes(found)


def _codes(found: list[Json]) -> set[str]:
    return {one["code"] for one in found}


STEPS = (
    Step("start", "Start the language server", (), start),
    Step("diagnose", "Open an extension with planted faults", ("start",), diagnose),
    Step("fix", "Apply the quick fixes", ("diagnose",), fix),
    Step("save", "Save, and hear the compiler", ("fix",), save),
)
