# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex run|load|attach|detach|unload|ps|trace` as a person types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from .conftest import PACKAGE, Rex
from .sources import DUP, TRACES, write_extension

Built = Callable[[str], Path]
SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "docs/schemas/run-event.json").read_bytes()
)


def events(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for event in found:
        jsonschema.validate(event, SCHEMA)
    return found


def test_run_prints_one_event_a_line(rex: Rex, built: Built) -> None:
    done = rex("run", str(built("traces")), "--format", "json")
    assert done.returncode == 0, done.stderr
    kinds = [event["event"] for event in events(done)]
    assert kinds[:3] == ["load", "attach", "trace"]
    assert kinds[-1] in ("exit", "detach")
    (trace, *_) = [event for event in events(done) if event["event"] == "trace"]
    assert trace["message"].endswith("dup of 1 on 0 é😀")
    assert trace["program"] == "hello"
    assert json.loads(rex("ps", "--format", "json").stdout)["objects"] == []


def test_the_schema_refuses_what_is_not_an_event() -> None:
    for wrong in (
        {},
        {"event": "boom", "t_ns": 1, "program": "p"},
        {"event": "trace", "t_ns": 1, "program": "p"},
        {"event": "panic", "t_ns": 1, "program": "p", "message": "m"},
        {"event": "exit", "t_ns": -1, "program": "", "source": 1, "status": 0},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)


def test_run_for_people(rex: Rex, built: Built) -> None:
    done = rex("run", str(built("traces")), "--", *DUP)
    assert done.returncode == 0
    assert "loaded traces" in done.stdout
    assert "hello: attached to syscalls/sys_enter_dup" in done.stdout
    assert "dup of 1 on 0 é😀" in done.stdout
    assert "the source ended with status 0" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_program_that_stops_is_exit_status_one(rex: Rex, built: Built) -> None:
    done = rex("run", str(built("panics")), "--format", "json")
    assert done.returncode == 1
    (panic,) = [event for event in events(done) if event["event"] == "panic"]
    assert panic["line"] == 9
    assert panic["message"] == "index out of bounds: the len is 3 but the index is 6"
    told = rex("run", str(built("panics")))
    assert told.returncode == 1
    assert "boom: panicked: index out of bounds" in told.stdout
    assert "src/main.rs:9:5" in told.stdout
    assert "panics::pick" in told.stdout


def test_errors_in_the_source_are_shown_and_exit_status_one(rex: Rex, tmp_path: Path) -> None:
    write_extension(tmp_path / "bad", "bad", TRACES.replace("rex_printk!(", "let x: u8 = (; ("))
    done = rex("run", str(tmp_path / "bad"))
    assert done.returncode == 1
    assert done.stdout == ""
    assert "src/main.rs" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--pcap", "absent.pcap"), "expected a file"),
        (("--write", "out.pcap"), "--write needs --pcap"),
        (("--source", "other"), "no source other is declared, there is one dup"),
        (("--events", "/dev/null", "--iface", "lo"), "expected one source of events"),
        (("--program", "nobody"), "no program nobody in the image, it has hello"),
        (("--target", "moon"), "moon"),
        (("--iface", "lo"), "cannot drive a program of type tracepoint"),
        (("--", "/no/such/program"), "/no/such/program"),
    ],
)
def test_wrong_usage_is_exit_status_two_and_leaves_nothing(
    rex: Rex, built: Built, arguments: tuple[str, ...], words: str
) -> None:
    done = rex("run", str(built("traces")), *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "nothing is loaded" in rex("ps").stdout


def test_ctrl_c_ends_the_child_and_leaves_nothing(rex: Rex, built: Built, tmp_path: Path) -> None:
    mark = f"617{os.getpid()}"
    words = ["run", str(built("traces")), "--format", "json", "--", "sleep", mark]
    process = subprocess.Popen(
        [sys.executable, "-m", "rex_lsp", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + 120
        while not _runs(mark):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert b"Traceback" not in errors
    deadline = time.monotonic() + 10
    while _runs(mark):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert "nothing is loaded" in rex("ps").stdout


def test_what_is_loaded_stays_until_it_is_taken_away(rex: Rex, built: Built) -> None:
    directory = str(built("traces"))
    assert "loaded traces as object" in rex("load", directory).stdout
    assert "attached hello to syscalls/sys_enter_dup" in rex("attach", directory).stderr
    assert "attached already" in rex("attach", directory).stderr
    (found,) = json.loads(rex("ps", "--format", "json").stdout)["objects"]
    assert found["persistent"] is True
    assert [p["state"] for p in found["programs"]] == ["armed"]
    table = rex("ps").stdout.splitlines()
    assert table[0].split()[:3] == ["OBJECT", "NAME", "PROGRAM"]
    assert table[1].split()[1:5] == ["traces", "hello", "tracepoint", "armed"]
    driven = rex("attach", "traces", "--", *DUP)
    assert driven.returncode == 0
    assert "dup of 1" in driven.stdout
    assert "detached hello" in rex("detach", str(found["object"])).stdout
    assert rex("detach", "traces").returncode == 2
    assert "unloaded traces" in rex("unload", "traces").stdout
    again = rex("unload", directory)
    assert again.returncode == 2
    assert "nothing is loaded for" in again.stderr


def test_an_image_can_be_loaded_as_it_is(rex: Rex, built: Built) -> None:
    image = built("traces") / "target" / "rex" / "traces.rex"
    assert "loaded traces" in rex("load", str(image)).stdout
    assert rex("unload", "traces").returncode == 0
    refused = rex("load", "/bin/sh")
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr


def test_trace_follows_what_others_run(rex: Rex, built: Built, tmp_path: Path) -> None:
    directory = str(built("traces"))
    rex("load", directory)
    rex("attach", directory)
    process = subprocess.Popen(
        [sys.executable, "-m", "rex_lsp", "trace", "traces", "--count", "1", "--format", "json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while process.poll() is None:
            assert time.monotonic() < deadline
            rex("attach", directory, "--", *DUP)
        output, _ = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    (line,) = output.splitlines()
    assert json.loads(line)["event"] in ("trace", "exit")
    rex("unload", directory)


def _runs(mark: str) -> bool:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[:2] == [b"sleep", mark.encode()]:
                return True
    return False
