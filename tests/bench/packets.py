# SPDX-License-Identifier: Apache-2.0 OR MIT
"""An XDP program that passes every packet: in sim, and as eBPF in the kernel's test run."""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import subprocess
from pathlib import Path

from tests.protocol.projects import manifest

from .rows import Row

_REPEAT = 5_000_000
_TIMES = 5
_SOURCE = """\
#![no_std]
#![no_main]

use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_xdp};

#[rex_xdp]
fn pass(_obj: &xdp, _ctx: &mut xdp_md) -> Result {
    Ok(XDP_PASS as i32)
}
"""
_LOAD, _TEST_RUN, _XDP, _PASS = 5, 10, 6, 2
_BPF = 321


def measure(directory: Path, rex: list[str], rexrt: Path) -> list[Row]:
    """Nanoseconds a packet; the kernel's number is missing where bpf(2) is not allowed."""
    (directory / "src").mkdir(parents=True)
    (directory / "Cargo.toml").write_text(manifest("pass"))
    (directory / "src" / "main.rs").write_text(_SOURCE)
    subprocess.run([*rex, "build", str(directory)], check=True, capture_output=True)
    image = next(directory.rglob("*.rex"))
    name = "empty XDP program in sim, a packet, best of five"
    ours = min(_in_sim(rexrt, image) for _ in range(_TIMES))
    try:
        kernel = min(_in_the_kernel() for _ in range(_TIMES))
    except OSError as error:
        beside = f"eBPF could not be run here: {error.strerror}"
        return [Row(name, f"{ours:.0f} ns", beside=beside)]
    budget = "no more than JITed eBPF in the kernel's test run"
    return [Row(name, f"{ours:.0f} ns", "", budget, ours <= kernel, f"eBPF: {kernel:.0f} ns")]


def _in_sim(rexrt: Path, image: Path) -> float:
    """Processor time a packet, the start of the process left out; the kernel's clock of a test
    run leaves out the time of others too."""
    once, many = (
        _computed([str(rexrt), "measure", str(image), "pass", n]) for n in ("1", str(_REPEAT))
    )
    return (many - once) * 1e9 / _REPEAT


def _computed(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime


def _in_the_kernel() -> float:
    """The duration that BPF_PROG_TEST_RUN tells for `return XDP_PASS` (linux/bpf.h)."""
    code = struct.pack("<BBhi", 0xB7, 0, 0, _PASS) + struct.pack("<BBhi", 0x95, 0, 0, 0)
    program, licence = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"GPL")
    loaded = struct.pack(
        "<IIQQIIQII", _XDP, 2, ctypes.addressof(program), ctypes.addressof(licence), 0, 0, 0, 0, 0
    )
    descriptor = _bpf(_LOAD, loaded)[0]
    try:
        packet = ctypes.create_string_buffer(64)
        asked = struct.pack(
            "<IIIIQQII", descriptor, 0, 64, 0, ctypes.addressof(packet), 0, _REPEAT, 0
        )
        return float(struct.unpack_from("<I", _bpf(_TEST_RUN, asked)[1], 36)[0])
    finally:
        os.close(descriptor)


def _bpf(command: int, attributes: bytes) -> tuple[int, bytes]:
    buffer = ctypes.create_string_buffer(attributes, 128)
    result = ctypes.CDLL(None, use_errno=True).syscall(_BPF, command, buffer, len(buffer))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result, buffer.raw
