# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Makes `packets.pcap`: a short, mixed piece of traffic, the same bytes every time.

`python -m tests.demo.packets` writes the file; a test compares it with what is committed.
Formats: the classic pcap file (magic 0xa1b2c3d4, microseconds, link type Ethernet), RFC
791 (IPv4), 8200 (IPv6), 9293 (TCP), 768 (UDP), 792 (ICMP), 826 (ARP).
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

FILE = Path(__file__).with_name("packets.pcap")

_CLIENT, _SERVER = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 80])
_MAC_A, _MAC_B = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
_IPV4, _IPV6, _ARP = 0x0800, 0x86DD, 0x0806
_TCP, _UDP, _ICMP = 6, 17, 1
_FIRST_SECOND = 1_700_000_000
_STEP_MICROSECONDS = 1500


def _checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    words: tuple[int, ...] = struct.unpack(f"!{len(data) // 2}H", data)
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _ethernet(kind: int, payload: bytes) -> bytes:
    return (_MAC_B + _MAC_A + struct.pack("!H", kind) + payload).ljust(60, b"\0")


def _ipv4(protocol: int, payload: bytes, number: int) -> bytes:
    def header(checksum: int) -> bytes:
        length = 20 + len(payload)
        start = struct.pack("!BBHHHBBH", 0x45, 0, length, number, 0x4000, 64, protocol, checksum)
        return start + _CLIENT + _SERVER

    return _ethernet(_IPV4, header(_checksum(header(0))) + payload)


def _pseudo(protocol: int, length: int) -> bytes:
    return _CLIENT + _SERVER + struct.pack("!BBH", 0, protocol, length)


def _tcp(source: int, dest: int, flags: int, data: bytes) -> bytes:
    def segment(checksum: int) -> bytes:
        head = struct.pack("!HHIIBBHHH", source, dest, 1, 1, 0x50, flags, 64240, checksum, 0)
        return head + data

    bare = segment(0)
    return segment(_checksum(_pseudo(_TCP, len(bare)) + bare))


def _udp(source: int, dest: int, data: bytes) -> bytes:
    length = 8 + len(data)
    bare = struct.pack("!HHHH", source, dest, length, 0) + data
    return (
        struct.pack("!HHHH", source, dest, length, _checksum(_pseudo(_UDP, length) + bare)) + data
    )


def _icmp(sequence: int) -> bytes:
    bare = struct.pack("!BBHHH", 8, 0, 0, 7, sequence) + b"rex"
    return bare[:2] + struct.pack("!H", _checksum(bare)) + bare[4:]


def frames() -> Iterator[tuple[str, bytes]]:
    """Each frame with the name of what it carries, in order."""
    for number in range(6):
        flags = 0x02 if number == 0 else 0x18
        data = b"" if number == 0 else b"GET / HTTP/1.1\r\nHost: caf\xc3\xa9\r\n\r\n"
        yield "tcp", _ipv4(_TCP, _tcp(40000 + number, 80, flags, data), number)
    for number in range(5):
        yield "udp", _ipv4(_UDP, _udp(50000, 53, b"\x12\x34" + bytes(10 + number)), 100 + number)
    for number in range(4):
        yield "discard", _ipv4(_UDP, _udp(50001, 9, bytes(20 * number)), 150 + number)
    for number in range(3):
        yield "icmp", _ipv4(_ICMP, _icmp(number), 200 + number)
    yield (
        "arp",
        _ethernet(
            _ARP,
            struct.pack("!HHBBH", 1, _IPV4, 6, 4, 1) + _MAC_A + _CLIENT + bytes(6) + _SERVER,
        ),
    )
    yield (
        "ipv6",
        _ethernet(_IPV6, struct.pack("!IHBB", 6 << 28, 0, 59, 64) + bytes(15) + b"\1" + bytes(16)),
    )
    # A frame cut in the middle of its IPv4 header.
    yield "short", _ethernet(_IPV4, b"")[:20]


def counts() -> Counter[str]:
    """How many frames of each kind the file has."""
    return Counter(name for name, _ in frames())


def pcap() -> bytes:
    """The whole file."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for number, (_, frame) in enumerate(frames()):
        micros = number * _STEP_MICROSECONDS
        out.append(struct.pack("<IIII", _FIRST_SECOND, micros, len(frame), len(frame)) + frame)
    return b"".join(out)


if __name__ == "__main__":
    FILE.write_bytes(pcap())
    print(f"{FILE}: {sum(counts().values())} frames, {dict(counts())}")
