# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the commands do, step by step, with progress and honest results."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, TypeAlias

from rex_lsp.build import builder
from rex_lsp.build.errors import CannotBuild
from rex_lsp.deploy.errors import ConnectionLost, RuntimeFailed, RuntimeUnreachable
from rex_lsp.deploy.objects import Loaded, Program
from rex_lsp.project.jobs import Superseded
from rex_lsp.project.store import Tier
from rex_lsp.rules.finding import Severity
from rex_lsp.server.attach_problems import report_unknown_target
from rex_lsp.server.checks import in_client_paths, with_repair
from rex_lsp.server.progress import CancelledByPerson, WorkDone
from rex_lsp.server.runs import drive
from rex_lsp.server.server import ERROR, INFO, RexServer
from rex_lsp.server.sessions import Session
from rex_lsp.server.targets import Selection

Json: TypeAlias = dict[str, Any]

_TITLES = {
    "build": "building",
    "load": "loading",
    "attach": "attaching",
    "run": "running",
    "detach": "detaching",
    "unload": "unloading",
}


class _Stopped(Exception):
    """A step did not succeed; ``result`` is the command's answer."""

    def __init__(self, result: Json) -> None:
        super().__init__(result.get("message", ""))
        self.result = result


async def perform(ls: RexServer, verb: str, selection: Selection, token: str | int | None) -> Json:
    """Do ``verb`` for the selection; never raises for what a person can mend."""
    title = f"rex: {_TITLES[verb]} {selection.program or selection.package.name}"
    try:
        async with ls.progresses.show(title, token) as progress:
            return await _STEPS[verb](ls, selection, progress)
    except _Stopped as stopped:
        return stopped.result
    except CancelledByPerson:
        return {"ok": False, "cancelled": True, "message": "cancelled"}
    except Superseded:
        return {"ok": False, "cancelled": True, "message": "a newer request took its place"}
    except CannotBuild as problem:
        ls.tell(with_repair(problem), ERROR)
        return {"ok": False, "message": problem.message, "repair": list(problem.repair)}
    except RuntimeFailed as failed:
        report_unknown_target(ls, selection, failed)
        ls.tell(str(failed), ERROR)
        return {
            "ok": False,
            "message": failed.message,
            "kind": failed.kind,
            "repair": [failed.repair] if failed.repair else [],
            "near": list(failed.near),
        }
    except (RuntimeUnreachable, ConnectionLost) as problem:
        ls.tell(str(problem), ERROR)
        return {"ok": False, "message": str(problem), "repair": []}


async def _build(ls: RexServer, selection: Selection, progress: WorkDone) -> Json:
    result = await _built(ls, selection.package, progress)
    await ls.measuring.settled(selection.package)
    return {
        "ok": True,
        "artifacts": [
            {"name": one.name, "elf": str(one.elf), "image": str(one.image)}
            for one in result.artifacts
        ],
        **_counts(result),
    }


async def _load(ls: RexServer, selection: Selection, progress: WorkDone) -> Json:
    session = await _loaded(ls, selection, progress, fresh=True)
    objects = [_describe(loaded) for loaded in _wanted(session, selection)]
    return {"ok": True, "objects": objects}


async def _attach(ls: RexServer, selection: Selection, progress: WorkDone) -> Json:
    session = await _loaded(ls, selection, progress)
    links = await _attached(ls, session, selection, progress)
    return {"ok": True, "attached": [_link(program) for program in links]}


async def _run(ls: RexServer, selection: Selection, progress: WorkDone) -> Json:
    session = await _loaded(ls, selection, progress)
    armed_before = [p for loaded in session.loaded.values() for p in loaded.armed]
    new = await _attached(ls, session, selection, progress)
    try:
        return await drive(ls, session, selection, progress)
    finally:
        # A run leaves nothing behind but what was attached before it.
        if not armed_before:
            await asyncio.shield(asyncio.ensure_future(ls.sessions.unload(session)))
        elif new:
            runner = await ls.sessions.runner()
            await runner.detach(new)
            ls.publisher.refresh_lenses()


async def _detach(ls: RexServer, selection: Selection, progress: WorkDone) -> Json:
    session = ls.sessions.of(selection.package)
    programs = [
        program
        for loaded in _wanted(session, selection)
        for program in loaded.armed
        if selection.program in (None, program.name)
    ]
    if programs:
        runner = await ls.sessions.runner()
        await runner.detach(programs)
    ls.publisher.refresh_lenses()
    return {"ok": True, "detached": [program.name for program in programs]}


async def _unload(ls: RexServer, selection: Selection, progress: WorkDone) -> Json:
    session = ls.sessions.of(selection.package)
    return {"ok": True, "unloaded": await ls.sessions.unload(session)}


_STEPS = {
    "build": _build,
    "load": _load,
    "attach": _attach,
    "run": _run,
    "detach": _detach,
    "unload": _unload,
}


async def _built(ls: RexServer, package: Path, progress: WorkDone) -> builder.BuildResult:
    async def work() -> builder.BuildResult:
        return await builder.build(
            package, features=tuple(ls.settings.get("features")), progress=progress
        )

    # A background check would only make the build wait for cargo's lock.
    await ls.jobs.cancel(("check", package))
    result = await ls.jobs.run(("build", package), f"building {package.name}", work)
    ls.files.store.replace_all(
        Tier.COMPILER, package, in_client_paths(ls, result.findings), from_build=True
    )
    if not result.ok:
        counts = _counts(result)
        raise _Stopped(
            {
                "ok": False,
                "message": f"{package.name} does not build: {counts['errors']} errors",
                **counts,
            }
        )
    ls.sessions.built(package, result)
    ls.measuring.ask(package)
    return result


async def _loaded(
    ls: RexServer, selection: Selection, progress: WorkDone, *, fresh: bool = False
) -> Session:
    """The session with the current image loaded; an object that lives on is kept."""
    _warn_unsaved(ls, selection.package)
    result = await _built(ls, selection.package, progress)
    session = ls.sessions.of(selection.package)
    wanted = []
    for artifact in result.artifacts:
        loaded = session.loaded.get(artifact.name)
        dead = loaded is not None and any(one.stopped for one in loaded.programs.values())
        same = loaded is not None and loaded.built_from(artifact.image)
        if fresh or dead or not same:
            wanted.append(artifact)
    if wanted:
        progress.report("loading")
        await ls.sessions.load(session, wanted)
    return session


async def _attached(
    ls: RexServer, session: Session, selection: Selection, progress: WorkDone
) -> list[Program]:
    """Attach what is wanted and not attached yet; returns what was attached now."""
    progress.report("attaching")
    runner = await ls.sessions.runner()
    new: list[Program] = []
    try:
        for loaded in _wanted(session, selection):
            for program in loaded.programs.values():
                if selection.program in (None, program.name) and program.link is None:
                    new += await runner.attach(loaded, program.name)
    except BaseException:
        await asyncio.shield(asyncio.ensure_future(runner.detach(new)))
        raise
    finally:
        ls.publisher.refresh_lenses()
    return new


def _wanted(session: Session, selection: Selection) -> list[Loaded]:
    objects = list(session.loaded.values())
    if selection.program is None:
        return objects
    found = [loaded for loaded in objects if selection.program in loaded.programs]
    if not found and objects:
        names = ", ".join(name for loaded in objects for name in loaded.programs) or "none"
        raise _Stopped(
            {
                "ok": False,
                "message": f"no program {selection.program} in the image, it has {names}",
            }
        )
    return found


def _warn_unsaved(ls: RexServer, package: Path) -> None:
    unsaved = [
        path.name
        for path in ls.files.buffers
        if path.is_relative_to(package) and ls.files.unsaved(path)
    ]
    if unsaved:
        ls.log(f"{', '.join(sorted(unsaved))} has unsaved changes, the build uses the disk", INFO)


def _counts(result: builder.CheckResult) -> Json:
    findings = [finding for found in result.findings.values() for finding in found]
    return {
        "errors": sum(f.severity is Severity.ERROR for f in findings),
        "warnings": sum(f.severity is Severity.WARNING for f in findings),
    }


def _describe(loaded: Loaded) -> Json:
    return {
        "object": loaded.object,
        "name": loaded.name,
        "digest": loaded.digest,
        "programs": [_link(program) for program in loaded.programs.values()],
        "maps": [dict(one) for one in loaded.maps],
    }


def _link(program: Program) -> Json:
    return {
        "program": program.name,
        "type": program.kind,
        "attach": program.attach,
        "link": program.link,
        "state": program.state.value,
    }
