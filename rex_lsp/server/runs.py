# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Run: find the event source, start it, wait for its end, tell what happened."""

from __future__ import annotations

import asyncio
import re
from typing import Any, TypeAlias

from rex_lsp.deploy import sources
from rex_lsp.deploy.events import STOPS, Event
from rex_lsp.deploy.objects import Loaded, Program
from rex_lsp.deploy.sources import Source
from rex_lsp.server.jsonrpc import RequestFailed
from rex_lsp.server.progress import WorkDone
from rex_lsp.server.server import WARNING, RexServer
from rex_lsp.server.sessions import Session
from rex_lsp.server.targets import Selection
from rex_lsp.server.uris import from_path

Json: TypeAlias = dict[str, Any]


async def drive(ls: RexServer, session: Session, selection: Selection, progress: WorkDone) -> Json:
    """Run the source against the attached programs until it ends."""
    programs = [
        (loaded, program)
        for loaded in session.loaded.values()
        for program in loaded.armed
        if selection.program in (None, program.name)
    ]
    source = selection.source or await _choose(ls, selection, [p for _, p in programs])
    if source is None:
        return {
            "ok": False,
            "message": "no event source: declare one in [[package.metadata.rex.source]]",
        }
    loaded = next((o for o, p in programs if source.fits([p.kind])), None)
    if loaded is None:
        kinds = ", ".join(sorted({p.kind for _, p in programs})) or "none that is attached"
        return {"ok": False, "message": f"source {source.describe()} cannot drive {kinds}"}
    return await _follow(ls, loaded, source, progress)


async def _follow(ls: RexServer, loaded: Loaded, source: Source, progress: WorkDone) -> Json:
    runner = await ls.sessions.runner()
    seen: list[Event] = []
    remove = ls.sessions.watch(loaded.object, seen.append)
    number: int | None = None
    try:
        progress.report(f"source {source.describe()}")
        number, pid = await runner.start(loaded, source)
        end = await runner.finished(loaded, number)
    except asyncio.CancelledError:
        if number is not None:
            await asyncio.shield(asyncio.ensure_future(runner.stop(number)))
        raise
    finally:
        remove()
    counts: dict[str, int] = {}
    for event in seen:
        counts[event.kind] = counts.get(event.kind, 0) + 1
    return {
        "ok": not any(event.kind in STOPS for event in seen),
        "source": source.name,
        "pid": pid,
        "status": end.raw.get("status"),
        "signal": end.raw.get("signal"),
        "events": counts,
        "stopped": [event.to_json() for event in seen if event.kind in STOPS],
    }


async def _choose(ls: RexServer, selection: Selection, programs: list[Program]) -> Source | None:
    manifest = ls.files.crates.packages.manifest(selection.package)
    declared, problems = sources.declared(manifest.metadata_rex, selection.package)
    for problem in problems:
        ls.log(f"{manifest.path}: {problem}", WARNING)
    fitting = sources.fitting(declared, [program.kind for program in programs])
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        return await _ask_which(ls, fitting)
    await _offer_declaration(ls, selection, programs)
    return None


async def _ask_which(ls: RexServer, fitting: list[Source]) -> Source | None:
    by_title = {source.describe(): source for source in fitting}
    answer = await _question(ls, "Which event source drives the run?", list(by_title))
    return by_title.get(answer or "")


async def _offer_declaration(ls: RexServer, selection: Selection, programs: list[Program]) -> None:
    write = "Add one to Cargo.toml"
    answer = await _question(ls, "No declared event source fits this program.", [write])
    if answer != write:
        return
    path = selection.package / "Cargo.toml"
    document = ls.files.document(path)
    if document is None:
        return
    end = document.position(len(document), ls.encoding)
    at = {"line": end.line, "character": end.character}
    text = sources.template(programs[0].kind if programs else "tracepoint")
    if not re.search(rb"\n\Z", document.data):
        text = "\n" + text
    edit = {"range": {"start": at, "end": at}, "newText": text}
    await ls.protocol.request(
        "workspace/applyEdit",
        {"label": "Declare an event source", "edit": {"changes": {from_path(path): [edit]}}},
    )


async def _question(ls: RexServer, text: str, titles: list[str]) -> str | None:
    try:
        answer = await ls.protocol.request(
            "window/showMessageRequest",
            {"type": 3, "message": text, "actions": [{"title": title} for title in titles]},
        )
    except RequestFailed:
        return None
    title = answer.get("title") if isinstance(answer, dict) else None
    return title if isinstance(title, str) else None
