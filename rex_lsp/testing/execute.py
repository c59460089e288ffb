# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Runs one test: load, initial entries, attach, source to its end, maps, unload."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rex_lsp.build.manifest import Manifest
from rex_lsp.deploy import sources
from rex_lsp.deploy.client import Runtime
from rex_lsp.deploy.errors import RuntimeFailed
from rex_lsp.deploy.events import Event
from rex_lsp.deploy.objects import Loaded
from rex_lsp.deploy.runner import Runner
from rex_lsp.deploy.sources import Source
from rex_lsp.testing import capture
from rex_lsp.testing.case import Case
from rex_lsp.testing.judge_maps import key_bytes
from rex_lsp.testing.layout import BadValue, encode, map_types
from rex_lsp.testing.observed import MapAfter, Observed


class CannotRun(Exception):
    """A test that cannot be run as it is written; the message says why."""


@dataclass(slots=True)
class Image:
    """An image of the package with the types of its maps, read when they are first needed."""

    path: Path
    elf: Path
    _types: dict[str, Any] | None = field(default=None)

    @property
    def types(self) -> dict[str, Any]:
        """`key` and `value` types by map."""
        if self._types is None:
            self._types = map_types(self.elf)
        return self._types


Shown = Callable[[Event | str], None]


async def execute(
    case: Case, manifest: Manifest, images: Sequence[Image], target: str, shown: Shown
) -> Observed:
    """What happens when a test is run on a connection of its own.

    `shown` gets every event, and what the command prints, as it comes.

    Raises:
        CannotRun: the test names what the package does not have.
        RuntimeUnreachable: no daemon could be reached or started.
        ConnectionLost: the daemon went away.
    """
    runtime = await Runtime.connect(client="rex test")
    seen = Observed()

    def take(event: Event) -> None:
        seen.events.append(event)
        shown(event)

    runner = Runner(runtime, take, target=target)

    def printed(stream: str, text: str) -> None:
        seen.output[stream] += text
        shown(text)

    runtime.on_output = printed
    try:
        with tempfile.TemporaryDirectory(prefix="rex-test-") as scratch:
            try:
                await _drive(case, manifest, images, runner, seen, Path(scratch))
            except RuntimeFailed as refusal:
                seen.refused = str(refusal)
    except BadValue as bad:
        raise CannotRun(str(bad)) from bad
    finally:
        await asyncio.shield(asyncio.ensure_future(runner.close()))
    return seen


async def _drive(
    case: Case,
    manifest: Manifest,
    images: Sequence[Image],
    runner: Runner,
    seen: Observed,
    scratch: Path,
) -> None:
    loaded = [(await runner.load(image.path, directory=manifest.root), image) for image in images]
    driven = _driven(case, [one for one, _ in loaded])
    source = _source(case, manifest, driven, scratch)
    if case.wants_packets:
        if "path" not in source.request or source.kind != "pcap":
            raise CannotRun("`output` and `packet` need a source of `pcap` or `packets`")
        seen.packets_before = capture.frames(Path(source.request["path"]).read_bytes())
        source.request["write"] = str(scratch / "out.pcapng")
    for one, image in loaded:
        await _write_maps(case, runner.runtime, one, image)
    for one in driven:
        await _attach(case, runner, one)
    fitting = [one for one in driven if source.fits(p.kind for p in one.programs.values())]
    if not fitting:
        kinds = sorted({p.kind for one in driven for p in one.programs.values()})
        raise CannotRun(
            f"a {source.kind} source cannot drive a program of type {', '.join(kinds) or 'none'}"
        )
    number, _ = await runner.start(fitting[0], source)
    try:
        seen.exit = await asyncio.wait_for(runner.finished(fitting[0], number), case.timeout)
    except asyncio.TimeoutError:
        seen.timed_out = True
        await runner.stop(number)
    for one, image in loaded:
        await _read_maps(case, runner.runtime, one, image, seen)
    for one, _ in loaded:
        await runner.unload(one)
    written = source.request.get("write")
    if case.wants_packets and not seen.timed_out:
        seen.packets = capture.frames(Path(str(written)).read_bytes(), interface=0)


def _driven(case: Case, loaded: Sequence[Loaded]) -> list[Loaded]:
    wanted = {*(case.programs or ()), *case.attach}
    there = {name for one in loaded for name in one.programs}
    for name in sorted(wanted - there):
        known = ", ".join(sorted(there)) or "none"
        raise CannotRun(f"there is no program `{name}` in the package, there is {known}")
    if case.programs is None:
        return [one for one in loaded if one.programs]
    return [one for one in loaded if set(case.programs) & set(one.programs)]


async def _attach(case: Case, runner: Runner, one: Loaded) -> None:
    if case.programs is None and not case.attach:
        await runner.attach(one)
        return
    for name in one.programs:
        if case.programs is None or name in case.programs:
            await runner.attach(one, name, case.attach.get(name))


def _source(case: Case, manifest: Manifest, driven: Sequence[Loaded], scratch: Path) -> Source:
    """The source of a test, in the environment of `rex test` where it is a command."""
    source = _named_source(case, manifest, driven, scratch)
    if source.kind == "command":
        source.request["env"] = {**os.environ, **source.request.get("env", {})}
    path = source.request.get("path")
    if path is not None and not Path(path).is_file():
        raise CannotRun(f"expected a file, but {path} is none")
    return source


def _named_source(
    case: Case, manifest: Manifest, driven: Sequence[Loaded], scratch: Path
) -> Source:
    if isinstance(case.source, dict):
        table = {"name": case.name, **case.source}
        packets = table.pop("packets", None)
        if packets is not None:
            file = scratch / "packets.pcap"
            file.write_bytes(capture.pcap(bytes.fromhex(one) for one in packets))
            table["pcap"] = str(file)
        if isinstance(table.get("events"), list):
            file = scratch / "events.jsonl"
            lines = [json.dumps(event) + "\n" for event in table["events"]]
            file.write_text("".join(lines), encoding="utf-8")
            table["events"] = str(file)
        try:
            return sources.from_table(table, manifest.root)
        except ValueError as error:
            raise CannotRun(f"the source: {error}") from error
    declared, problems = sources.declared(manifest.metadata_rex, manifest.root)
    kinds = {program.kind for one in driven for program in one.programs.values()}
    if case.source is None:
        found = sources.fitting(declared, kinds)
        what = f"a source for a program of type {', '.join(sorted(kinds)) or 'none'}"
    else:
        found = [one for one in declared if one.name == case.source]
        what = f"a source `{case.source}`"
    if len(found) != 1:
        names = ", ".join(one.name for one in found or declared) or "none"
        more = f"; {'; '.join(problems)}" if problems else ""
        raise CannotRun(f"expected {what} in Cargo.toml, found {names}{more}")
    return found[0]


async def _write_maps(case: Case, runtime: Runtime, one: Loaded, image: Image) -> None:
    for table in case.maps:
        name = table["name"]
        if name not in {str(known["name"]) for known in one.maps}:
            continue
        for entry in table.get("initial", ()):
            types = image.types[name]
            value: str | list[str]
            if "per_cpu" in entry:
                value = [encode(types["value"], each).hex() for each in entry["per_cpu"]]
            elif "value_hex" in entry:
                value = entry["value_hex"].replace(" ", "")
            else:
                value = encode(types["value"], entry["value"]).hex()
            key = key_bytes(entry, types).hex()
            params = {"object": one.object, "name": name, "key": key, "value": value}
            await runtime.call("map_update", params)


async def _read_maps(
    case: Case, runtime: Runtime, one: Loaded, image: Image, seen: Observed
) -> None:
    if not case.maps:
        return
    wanted = {table["name"] for table in case.maps}
    for known in one.maps:
        name = str(known["name"])
        if name not in wanted or name in seen.maps:
            continue
        answer = await runtime.call("map", {"object": one.object, "name": name, "consume": True})
        entries = [
            (bytes.fromhex(entry["key"]), bytes.fromhex(entry["value"]))
            for entry in answer["entries"]
        ]
        seen.maps[name] = MapAfter(
            str(answer["type"]), image.types[name], entries, int(answer.get("left_out") or 0)
        )
