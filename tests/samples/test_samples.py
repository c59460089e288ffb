# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Every sample builds, has no finding, and does what its comment says when it is driven."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rex_lsp.build import read_manifest
from rex_lsp.deploy.client import Runtime
from rex_lsp.deploy.runner import Runner
from rex_lsp.deploy.sources import declared
from tests.cli.command import rex
from tests.samples.conftest import copy_sample
from tests.samples.packets import BMC, PREPARE_OK, SAMPLES, checksum, frames
from tests.samples.shapes import CARGO_CONFIG

N = r"\d+"
PASS, DROP, TX = "XDP_PASS", "XDP_DROP", "XDP_TX"
OK, SHOT = "TC_ACT_OK", "TC_ACT_SHOT"
THROUGH = (PASS, OK)

Entries = dict[str, str]


@dataclass(frozen=True)
class Case:
    """How a sample is driven and what must come of it.

    `traces` are regular expressions for whole messages in order, without the function in
    front; `{N}` is the number that the first `(?P<N>…)` found. `maps` has entries by hex
    key, which must all be there.
    """

    sample: str
    arguments: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    stop: str | None = None
    maps: dict[str, Entries] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For the report."""
        return " ".join((self.sample, *self.arguments))


def u32(*values: int) -> str:
    """Numbers as they stand in a map, in hex."""
    return b"".join(value.to_bytes(4, "little") for value in values).hex()


def u64(*values: int) -> str:
    """Numbers as they stand in a map, in hex."""
    return b"".join(value.to_bytes(8, "little") for value in values).hex()


CASES = (
    Case("atomic", traces=(f"Time elapsed: {N} {N}",) * 2),
    Case(
        "bmc",
        verdicts=(*THROUGH * 2, TX, *THROUGH * 2, TX, *THROUGH * 5, TX),
        # Gets, sets, hits, misses and updates of the CPU the source ran on.
        maps={"map_stats": {u32(0): u32(5, 2, 4, 2, 3)}},
    ),
    Case("electrode", verdicts=(*THROUGH * 10, PASS, SHOT)),
    Case(
        "electrode",
        ("--features", "fast_reply,fast_quorum_prune"),
        verdicts=(
            *(TX, *THROUGH, *THROUGH, TX),
            *(DROP, DROP, *THROUGH, DROP),
            *(*THROUGH, *THROUGH, PASS, SHOT),
        ),
        maps={
            "map_ctr_state": {u32(0): u32(0, 0) + u64(0, 2)},
            "map_msg_last_op": {u32(0): u64(7)},
            "map_quorum": {u32(7): u64(0, 7, 0b1110), u32(8): u64(0, 0, 0)},
            "batch_context": {u32(0): u32(1)},
        },
    ),
    Case(
        "error_injector",
        traces=(f"dup\\(0\\) of PID {N} fails with errno 22",),
    ),
    Case("hello", traces=(f"Rust triggered from PID {N} on CPU .+\\.",) * 2),
    Case("map_bench", traces=(f"Time elapsed: {N}",) * 2),
    Case(
        "map_test",
        traces=(
            "Map Testing 1 Start with key 0",
            "Not found\\.",
            f"Rust program triggered from PID (?P<N>{N})",
            "Found Val={N}\\.",
            "Map Testing 2 Start with key 0",
            "Rust program triggered from PID {N}",
            "Found Val={N}\\.",
            "delete refused: true, outside: true",
        ),
        maps={"MAP_HASH": {}},
    ),
    Case(
        "map_test_2",
        traces=(
            "Not found\\.",
            f"Rust program triggered from PID (?P<N>{N})",
            "Found Val={N}\\.",
            "Rust program triggered from PID {N}",
            "Found Val={N}\\.",
            "Rust program triggered from PID {N}",
            "Top of stack: {N+1}\\.",
            "Next top of stack: {N}\\.",
            "Rust program triggered from PID {N}",
            "Front of queue: {N}\\.",
            "Next front of queue: {N+1}\\.",
            "Rust program triggered from PID {N}",
            "Available bytes in ringbuf: 0\\.",
            "Available bytes in ringbuf: 40\\.",
        ),
    ),
    Case(
        "recursive",
        traces=tuple(f"Time: {N} depth {depth} product 0x[0-9a-f]+" for depth in (0, 5, 32)),
    ),
    Case(
        "spinlock_cleanup_benchmark",
        traces=(f"Spinlock allocation and cleanup: {N} ns",) * 2,
        verdicts=(PASS, PASS),
        # Two increments; the lock word behind them is free.
        maps={"MAP_ARRAY": {u32(0): u64(2, 0)}},
    ),
    Case(
        "spinlock_test",
        traces=("lock taken and released",),
        stop="panic: test",
        maps={"MAP_ARRAY": {u32(0): u64(2, 0)}},
    ),
    Case("startup_overhead_benchmark"),
    Case(
        "syscall_tp",
        ("--source", "one file"),
        maps={"enter_open_map": {u32(0): u32(3)}, "exit_open_map": {u32(0): u32(2)}},
    ),
    Case(
        "syscount",
        ("--source", "a few calls"),
        maps={
            "SYSCALL_COUNTS": {u32(0): u64(2), u32(32): u64(1)},
            "SYSCALL_ERRORS": {u32(0): u64(1)},
        },
    ),
    Case(
        "trace_event",
        # Nobody samples stacks here, and the program is told so.
        traces=("CPU-0 period 20000000 ip 0 without a stack: -95",) * 5,
    ),
    Case(
        "tracex5",
        ("--source", "calls"),
        traces=(
            "write\\(fd=1, buf=2000, size=512\\)",
            "read\\(fd=3, buf=1000, size=512\\)",
            "mmap",
            "syscall=105 \\(one of get/set uid/pid/gid\\)",
        ),
    ),
    Case(
        "xdp_count",
        verdicts=(PASS, PASS, DROP, PASS, PASS, PASS, PASS, PASS, DROP, PASS),
        traces=("dropped a datagram from 192\\.0\\.2\\.1",) * 2,
    ),
    Case(
        "xdp_test",
        verdicts=THROUGH * 3,
        traces=tuple(
            line
            for protocol in ("UDP", "UDP", "TCP", "TCP")
            for line in (
                "IP saddr 192\\.0\\.2\\.1",
                "IP daddr 198\\.51\\.100\\.2",
                f"{protocol} packet!",
            )
        ),
    ),
)


def ran(directory: Path, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """`rex run`: its status, its events, what it said on stderr."""
    ended = rex("run", directory, "--format", "json", *arguments)
    return ended.status, [json.loads(line) for line in ended.out.splitlines()], ended.err


def expect_traces(found: list[str], wanted: tuple[str, ...]) -> None:
    """Compares messages; `{N}` and `{N+1}` in what is wanted stand for a number found before."""
    texts = [re.sub(r"^\[[\w:]+\] ", "", message) for message in found]
    number = None
    for text, pattern in zip(texts, wanted, strict=True):
        filled = pattern
        if number is not None:
            filled = pattern.replace("{N}", str(number)).replace("{N+1}", str(number + 1))
        matched = re.fullmatch(filled, text)
        assert matched, f"expected {filled}, found {text} among {texts}"
        if "N" in matched.groupdict():
            number = int(matched["N"])


async def maps_after(case: Case, directory: Path) -> dict[str, list[dict[str, str]]]:
    """Runs the image that `rex run` built once more and reads the maps that the case names."""
    manifest = read_manifest(directory)
    sources, problems = declared(manifest.metadata_rex, directory)
    assert not problems
    named = dict(zip(case.arguments[::2], case.arguments[1::2], strict=True))
    source = next(s for s in sources if s.name == named.get("--source", s.name))
    image = directory.parent / "target/rex" / f"{manifest.package}.rex"
    runtime = await Runtime.connect()
    runner = Runner(runtime, lambda event: None)
    try:
        loaded = await runner.load(image, directory=directory)
        await runner.attach(loaded, named.get("--program"))
        number, _ = await runner.start(loaded, source)
        await runner.finished(loaded, number)
        found = {}
        for name in case.maps:
            answer = await runtime.call("map", {"object": loaded.object, "name": name})
            found[name] = answer["entries"]
        return found
    finally:
        await runner.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_what_a_sample_does(case: Case, workshop: Path, runtime_dir: Path) -> None:
    directory = workshop / case.sample
    status, events, said = ran(directory, *case.arguments)
    stops = [e for e in events if e["event"] in {"panic", "terminated", "stack", "fault", "leak"}]
    assert [f"{e['event']}: {e['message']}" for e in stops] == ([case.stop] if case.stop else [])
    assert status == (1 if case.stop else 0), said
    expect_traces([e["message"] for e in events if e["event"] == "trace"], case.traces)
    assert tuple(e["name"] for e in events if e["event"] == "verdict") == case.verdicts
    if case.maps:
        for name, entries in (await maps_after(case, directory)).items():
            values = {entry["key"]: entry["value"] for entry in entries}
            wanted = case.maps[name]
            assert {key: values.get(key, "")[: len(wanted[key])] for key in wanted} == wanted
            if not wanted:
                assert not values


def test_every_sample_is_run_and_has_no_finding(workshop: Path) -> None:
    assert {case.sample for case in CASES} == {p.parent.name for p in SAMPLES.glob("*/Cargo.toml")}
    checked = rex("check", workshop)
    assert (checked.status, checked.out) == (0, "no problems found\n")


def test_the_recorded_packets_are_those_of_the_generator() -> None:
    argv = [sys.executable, str(Path(__file__).with_name("packets.py")), "--check"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_replies_of_the_cache(workshop: Path, runtime_dir: Path, tmp_path: Path) -> None:
    """The packet that goes back is a whole memcached reply with headers turned around."""
    out = tmp_path / "out.pcapng"
    directory = workshop / "bmc"
    status, _, said = ran(
        directory,
        *("--pcap", str(directory / "traffic.pcap"), "--write", str(out)),
    )
    assert status == 0, said
    seen = frames(out.read_bytes())
    answered = (2, 5, 11)
    passed = [index for index in range(len(BMC)) if index not in answered]
    assert [seen[index] for index in passed] == [BMC[index] for index in passed]
    for index, text in (
        (2, b"VALUE lion 0 4\r\nroar\r\nEND\r\n"),
        (5, b"VALUE lion 0 4\r\nroar\r\nVALUE mouse 7 6\r\nsqueak\r\nEND\r\n"),
        (11, b"VALUE fox 1 3\r\nyip\r\nEND\r\n"),
    ):
        asked, reply = BMC[index], seen[index]
        assert reply[42:50] == asked[42:50]
        assert reply[50:] == text
        assert (reply[:6], reply[6:12]) == (asked[6:12], asked[:6])
        assert (reply[26:30], reply[30:34]) == (asked[30:34], asked[26:30])
        assert (reply[34:36], reply[36:38]) == (asked[36:38], asked[34:36])
        assert int.from_bytes(reply[16:18], "big") == len(reply) - 14
        assert int.from_bytes(reply[38:40], "big") == len(reply) - 34
        # A header with its checksum in it sums up to nothing.
        assert checksum(reply[14:34]) == 0


def test_answers_of_the_replica(workshop: Path, runtime_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    directory = workshop / "electrode"
    status, _, said = ran(
        directory,
        *("--features", "fast_reply"),
        *("--pcap", str(directory / "traffic.pcap"), "--write", str(out)),
    )
    assert status == 0, said
    reply = frames(out.read_bytes())[0]
    assert int.from_bytes(reply[46:50], "big") == PREPARE_OK
    assert reply[34:38] == (12345).to_bytes(2, "big") + (40000).to_bytes(2, "big")
    assert checksum(reply[14:34]) == 0


def test_recursion_ends_at_the_stack_limit(
    workshop: Path, runtime_dir: Path, tmp_path: Path
) -> None:
    deep = tmp_path / "deep.jsonl"
    deep.write_text('{"kprobe": "__do_sys_dup", "args": [100000]}\n', encoding="utf-8")
    status, events, _ = ran(workshop / "recursive", "--events", str(deep))
    assert status == 1
    (stop,) = [event for event in events if event["event"] == "stack"]
    assert Path(stop["file"]).name == "main.rs"
    assert "factorial" in stop["frames"][0]["function"]


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
