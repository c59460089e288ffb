# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Every sample builds, has no finding, and does what its comment says when it is driven."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rex_lsp.build import read_manifest
from rex_lsp.testing.capture import frames
from tests.cli.command import rex
from tests.samples.conftest import copy_sample
from tests.samples.packets import BMC, ROUTER, SAMPLES, checksum
from tests.samples.shapes import CARGO_CONFIG


def ran(directory: Path, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """`rex run`: its status, its events, what it said on stderr."""
    ended = rex("run", directory, "--format", "json", *arguments)
    return ended.status, [json.loads(line) for line in ended.out.splitlines()], ended.err


SAMPLE_NAMES = sorted(path.parent.name for path in SAMPLES.glob("*/Cargo.toml"))


@pytest.fixture(scope="module")
def results(workshop: Path, runtime_dir: Path) -> dict[str, list[dict[str, Any]]]:
    """What `rex test` says of every sample, by the name of its package."""
    told = rex("test", workshop, "--format", "json")
    by_package: dict[str, list[dict[str, Any]]] = {}
    here: list[dict[str, Any]] = []
    for line in told.out.splitlines():
        event = json.loads(line)
        if event["type"] == "suite" and event["event"] == "started":
            here = by_package.setdefault(event["package"], [])
        elif event["type"] == "test" and event["event"] != "started":
            here.append(event)
    assert by_package, told.err
    return by_package


@pytest.mark.parametrize("sample", SAMPLE_NAMES)
def test_what_a_sample_does(sample: str, results: dict[str, list[dict[str, Any]]]) -> None:
    package = read_manifest(SAMPLES / sample).package
    ended = results[str(package)]
    assert ended, f"{sample} has no tests/*.toml"
    wrong = [f"{one['name']}: {one.get('message')}" for one in ended if one["event"] != "ok"]
    assert not wrong, "\n".join(wrong)


def test_no_sample_has_an_error_or_a_warning(workshop: Path) -> None:
    """The one that recurses on purpose is told that its depth is checked as it runs."""
    checked = rex("check", workshop, "--format", "json")
    found = [
        (finding["path"], finding["code"], finding["severity"])
        for finding in json.loads(checked.out)["diagnostics"]
    ]
    assert found == [("recursive/src/main.rs", "rex::recursion", "information")]
    assert checked.status == 0


def test_the_recorded_packets_are_those_of_the_generator() -> None:
    argv = [sys.executable, str(Path(__file__).with_name("packets.py")), "--check"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_replies_of_the_cache(workshop: Path, runtime_dir: Path, tmp_path: Path) -> None:
    """What goes back has its headers turned around, and lengths and checksums that are right."""
    out = tmp_path / "out.pcapng"
    directory = workshop / "bmc"
    status, _, said = ran(
        directory,
        *("--pcap", str(directory / "traffic.pcap"), "--write", str(out)),
    )
    assert status == 0, said
    seen = frames(out.read_bytes())
    for index in (2, 5, 11):
        asked, reply = BMC[index], seen[index]
        assert reply[42:50] == asked[42:50]
        assert (reply[:6], reply[6:12]) == (asked[6:12], asked[:6])
        assert (reply[26:30], reply[30:34]) == (asked[30:34], asked[26:30])
        assert (reply[34:36], reply[36:38]) == (asked[36:38], asked[34:36])
        assert int.from_bytes(reply[16:18], "big") == len(reply) - 14
        assert int.from_bytes(reply[38:40], "big") == len(reply) - 34
        # A header with its checksum in it sums up to nothing.
        assert checksum(reply[14:34]) == 0


def test_answers_of_the_replica_have_a_checksum(
    workshop: Path, runtime_dir: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.pcapng"
    directory = workshop / "electrode"
    status, _, said = ran(
        directory,
        *("--features", "fast_reply"),
        *("--pcap", str(directory / "traffic.pcap"), "--write", str(out)),
    )
    assert status == 0, said
    reply = frames(out.read_bytes())[0]
    assert checksum(reply[14:34]) == 0


def test_packets_behind_the_router(workshop: Path, runtime_dir: Path, tmp_path: Path) -> None:
    """One hop less, other addresses, other ports; and every checksum still right."""
    out = tmp_path / "out.pcapng"
    directory = workshop / "xdp_router"
    status, events, said = ran(
        directory,
        *("--pcap", str(directory / "traffic.pcap"), "--write", str(out)),
    )
    assert status == 0, said
    redirects = [event["redirect"]["ifindex"] for event in events if event.get("redirect")]
    assert redirects == [2, 2, 3]
    moved = (4, 5, 7, 8)
    copied = {event["index"]: event["copies"] for event in events if event.get("copies")}
    assert copied == {
        index: [{"ifindex": 9, "flags": 0, "length": len(ROUTER[index])}] for index in moved
    }
    marked = {event["index"]: event["mark"] for event in events if "mark" in event}
    assert marked == dict.fromkeys(moved, 0x53)

    seen = frames(out.read_bytes(), interface=0)
    assert frames(out.read_bytes(), interface=1) == [ROUTER[index] for index in moved]
    for index, network in ((0, 14), (1, 18), (3, 14)):
        before, after = ROUTER[index], seen[index]
        own = bytes([2, 0, 0, 0, 0x30 if index == 3 else 0x20])
        assert after[:12] == own + b"\2" + own + b"\1"
        assert after[network + 8] == before[network + 8] - 1
        assert after[12 : network + 8] == before[12 : network + 8]
        assert after[network + 12 :] == before[network + 12 :]
        assert checksum(after[network : network + 4 * (after[network] & 15)]) == 0
    for index, transport, check in ((4, 34, 6), (5, 38, 16), (7, 34, 6), (8, 62, 6)):
        before, after = ROUTER[index], seen[index]
        assert after[: transport + 2] == before[: transport + 2]
        assert after[transport + 2 : transport + 4] == (5353).to_bytes(2, "big")
        sums = [int.from_bytes(f[transport + check :][:2], "big") for f in (before, after)]
        # As much less as the port is more; a datagram without a checksum stays so.
        assert (sums[1] - sums[0] + (0 if index == 7 else 5300)) % 0xFFFF == 0
        assert (sums[1] == 0) == (index == 7)
    for index in (2, 6, 9, 10):
        assert seen[index] == ROUTER[index]


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ("target_func", "`kprobe_target_func`"),
        ("seccomp_filter", "`__seccomp_filter`"),
        ("unnamed_target", "program `err_injector` names no kprobe to attach to"),
    ],
)
def test_what_the_target_has_not_is_refused_by_name(
    shape: str, wanted: str, workshop: Path, runtime_dir: Path
) -> None:
    ended = rex("run", workshop / shape, "--", "true")
    assert ended.status == 2
    assert wanted in ended.err
    assert "attached" not in ended.out


def test_an_unnamed_target_is_given_when_it_is_attached(workshop: Path, runtime_dir: Path) -> None:
    directory = workshop / "unnamed_target"
    assert rex("load", directory).status == 0
    try:
        attached = rex("attach", directory, "--to", "__x64_sys_dup", "--", "true")
        assert attached.status == 0, attached.err
        assert "attached err_injector to __x64_sys_dup" in attached.err
    finally:
        assert rex("unload", directory).status == 0


def test_a_package_of_its_own_beside_its_own_cargo_settings(
    tmp_path: Path, runtime_dir: Path
) -> None:
    """Upstream's lock file, linker, flags and build-std say how upstream builds; not here."""
    directory = copy_sample("hello", tmp_path / "samples" / "hello")
    (directory / ".cargo").mkdir()
    (directory / ".cargo/config.toml").write_text(CARGO_CONFIG, encoding="utf-8")
    lock = (directory / "Cargo.lock").read_text(encoding="utf-8")
    paste = '\n[[package]]\nname = "paste"\nversion = "1.0.15"\nsource = "%s"\nchecksum = "%s"\n'
    lock = lock.replace(' "rex-macros",', ' "paste",\n "rex-macros",')
    lock += paste % ("registry+https://github.com/rust-lang/crates.io-index", "57" * 32)
    (directory / "Cargo.lock").write_text(lock, encoding="utf-8")
    status, events, said = ran(directory)
    assert status == 0, said
    assert sum(event["event"] == "trace" for event in events) == 2
    assert (directory / "Cargo.lock").read_text(encoding="utf-8") == lock
