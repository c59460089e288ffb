# SPDX-License-Identifier: Apache-2.0 OR MIT
"""One session of the demo: a directory of extensions, a server, and the steps done so far."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rex_lsp.build.locations import kernel_crate

from .client import Client, Json, edits_by_uri, server_command
from .documents import TextFile
from .screen import Screen

LIMIT_SECONDS = 300.0
SAMPLES = Path(__file__).resolve().parents[2] / "kernel_crate/samples"


@dataclass(frozen=True)
class Step:
    """One step: what it is called, what it needs done before, and what it does.

    ``act`` checks what it sees with assertions and returns one line for the summary.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    act: Callable[[Story], Awaitable[str]]


@dataclass
class Outcome:
    """What became of a step; ``summary`` is empty where it failed."""

    step: Step
    seconds: float
    summary: str
    problem: BaseException | None = None


@dataclass
class Story:
    """The session that all steps share.

    ``traces`` are the events of programs, ``ended`` the finished progresses with their ends.
    """

    screen: Screen
    steps: Mapping[str, Step]
    directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="rex-demo-")))
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    traces: list[Json] = field(default_factory=list)
    ended: list[tuple[str, str]] = field(default_factory=list)
    mark: str = field(default_factory=lambda: str(uuid.uuid4()))
    exit_code: int | None = None
    _client: Client | None = None
    _titles: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        """The running session; there is one after the step ``start``."""
        assert self._client is not None
        return self._client

    async def reach(self, name: str) -> Outcome:
        """Do a step, and what it needs before, unless it is done already."""
        if name in self.outcomes:
            return self.outcomes[name]
        step = self.steps[name]
        for need in step.needs:
            before = await self.reach(need)
            if before.problem is not None:
                problem = AssertionError(f"the step before it, {need}, did not succeed")
                return self._note(Outcome(step, 0.0, "", problem))
        self.screen.heading(list(self.steps).index(name) + 1, step.title)
        begun = time.monotonic()
        try:
            summary = await step.act(self)
        except Exception as problem:
            return self._note(Outcome(step, time.monotonic() - begun, "", problem))
        return self._note(Outcome(step, time.monotonic() - begun, summary))

    def _note(self, outcome: Outcome) -> Outcome:
        self.outcomes[outcome.step.name] = outcome
        return outcome

    async def start(self, folder: Path) -> Json:
        """Start the server for a folder, as an editor does."""
        runtime = self.directory / "run"
        runtime.mkdir(mode=0o700)
        environment = {
            **os.environ,
            "XDG_RUNTIME_DIR": str(runtime),
            "REX_DEMO_MARK": self.mark,
        }
        self._client = await Client.start(server_command(), environment)
        self._client.listeners.append(self._heard)
        return await self._client.initialize(folder, trusted=True)

    async def end(self) -> None:
        """Stop everything that was started and remove the directory."""
        if self._client is not None and self.exit_code is None:
            self.exit_code = await self._client.stop()
        await self._end_processes()
        shutil.rmtree(self.directory, ignore_errors=True)

    def processes(self) -> dict[int, str]:
        """All processes of this session, by their environment, with their command lines."""
        found: dict[int, str] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if self.mark.encode() in (entry / "environ").read_bytes():
                        words = (entry / "cmdline").read_bytes().split(b"\0")
                        found[int(entry.name)] = b" ".join(words).decode(errors="replace").strip()
        return found

    async def _end_processes(self) -> None:
        # The runtime's daemon waits half a minute for a next client; nobody comes here.
        for sign in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + 2
            while (left := self.processes()) and time.monotonic() < deadline:
                for pid in left:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, sign)
                await asyncio.sleep(0.02)

    # What a person does in an editor.

    def copy_sample(self, name: str, source: str) -> Path:
        """Copy a sample of the kernel crate beside the others and declare its event source."""
        target = self.directory / "work" / name
        shutil.copytree(SAMPLES / name, target)
        # One workspace, as a person has who keeps several extensions: the kernel crate is
        # compiled once for all of them.
        workspace = target.parent / "Cargo.toml"
        workspace.write_text('[workspace]\nmembers = ["*"]\nresolver = "3"\n', encoding="utf-8")
        manifest = target / "Cargo.toml"
        text = manifest.read_text(encoding="utf-8")
        text = re.sub(r'path = "[^"]*/rex"', f'path = "{kernel_crate() / "rex"}"', text)
        text = re.sub(r"(?ms)^\[\[package\.metadata\.rex\.source\]\].*?(?=^\[|\Z)", "", text)
        manifest.write_text(f"{text.rstrip()}\n\n{source}", encoding="utf-8")
        return target

    async def command(self, name: str, document: TextFile, **more: Any) -> Json:
        """Run a server command for a file and return its answer."""
        argument = {"uri": document.uri, **more}
        answer: Json = await self.client.request(
            "workspace/executeCommand",
            {"command": name, "arguments": [argument]},
            timeout=LIMIT_SECONDS,
        )
        return answer

    async def diagnostics(
        self, document: TextFile, what: str, fits: Callable[[list[Json]], Any], timeout: float = 30
    ) -> list[Json]:
        """Wait for published diagnostics of the present text that fit, in order of place."""

        def found() -> list[Json] | None:
            now = self.client.published(document)
            return [{}] if now == [] and fits([]) else now if now and fits(now) else None

        shown = await self.client.wait(f"{what} in {document.path.name}", found, timeout)
        return sorted((one for one in shown if one), key=_place)

    async def save(self, document: TextFile) -> None:
        """Save, and wait until the compiler has had its say."""

        def checks() -> int:
            return sum("checking" in title and how == "done" for title, how in self.ended)

        before = checks()
        self.client.save(document)
        await self.client.wait("the end of the check on save", lambda: checks() > before, 240)

    async def lenses(self, document: TextFile) -> list[str]:
        """The titles of the lenses of a file."""
        params = {"textDocument": {"uri": document.uri}}
        lenses: list[Json] = await self.client.request("textDocument/codeLens", params)
        return [lens["command"]["title"] for lens in lenses]

    async def lens_saying(self, document: TextFile, word: str) -> list[str]:
        """The lenses, once one of them has ``word``."""
        deadline = time.monotonic() + 10
        while True:
            titles = await self.lenses(document)
            if any(word in title for title in titles):
                return titles
            assert time.monotonic() < deadline, f"expected a lens with {word!r}, found {titles}"
            await asyncio.sleep(0.05)

    async def quick_fix(self, document: TextFile, found: Json) -> tuple[str, list[Json]] | None:
        """The title and the edits of the first quick fix for a diagnostic, or None."""
        actions: list[Json] = await self.client.request(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": document.uri},
                "range": found["range"],
                "context": {"diagnostics": [found], "only": ["quickfix"]},
            },
        )
        mine = [one for one in actions if _codes(one) in (set(), {found.get("code")})]
        if not mine:
            return None
        action = mine[0]
        if "edit" not in action:
            action = await self.client.request("codeAction/resolve", action)
        return action["title"], edits_by_uri(action["edit"])[document.uri]

    def _heard(self, method: str, params: Json) -> None:
        if method == "rex/trace":
            self.traces.append(params)
        elif method == "$/progress":
            value = params["value"]
            if value["kind"] == "begin":
                self._titles[params["token"]] = value["title"]
            elif value["kind"] == "end":
                title = self._titles.pop(params["token"], "")
                self.ended.append((title, value.get("message", "")))


def _place(found: Json) -> tuple[int, int]:
    start = found["range"]["start"]
    return start["line"], start["character"]


def _codes(action: Json) -> set[str]:
    return {one.get("code", "") for one in action.get("diagnostics") or []}
