# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The packets that the samples `bmc` and `electrode` are shown with: `traffic.pcap` there.

Addresses are those reserved for documentation (RFC 5737).

    python -m tests.samples.packets [--check]
"""

from __future__ import annotations

import ipaddress
import struct
import sys
from pathlib import Path

from rex_lsp.testing.capture import pcap

SAMPLES = Path(__file__).resolve().parent.parent.parent / "kernel_crate" / "samples"

CLIENT = ipaddress.IPv4Address("192.0.2.1")
SERVER = ipaddress.IPv4Address("198.51.100.2")
_ETHERNET = bytes.fromhex("020000000002 020000000001 0800")

MEMCACHED = 11211
PAXOS = 12345
PREPARE, PREPARE_OK, REQUEST = 1, 2, 3


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(port: int, payload: bytes, protocol: int = 17, source: int = 40000) -> bytes:
    """An Ethernet frame with a datagram from the client to `port` of the server."""
    datagram = struct.pack(">HHHH", source, port, 8 + len(payload), 0) + payload
    addresses = CLIENT.packed + SERVER.packed
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(datagram), 1, 0, 64, protocol, 0)
    header = header[:10] + checksum(header + addresses).to_bytes(2, "big") + addresses
    return _ETHERNET + header + datagram


def memcached(text: str, request: int = 1) -> bytes:
    """A line of memcached's text protocol over UDP; its frame header has 8 bytes."""
    return udp(MEMCACHED, struct.pack(">HHHH", request, 0, 1, 0) + text.encode())


def reply(text: str) -> bytes:
    """What a memcached server sends."""
    return udp(40000, bytes(6) + b"\0\0" + text.encode(), source=MEMCACHED)


def paxos(kind: int, operation: int, replica: int = 0, view: int = 0) -> bytes:
    """A message of `electrode`: magic number, kind, view, operation, replica, reserved."""
    return udp(PAXOS, struct.pack(">IIQQII", 0x5041584F, kind, view, operation, replica, 0))


BMC = [
    memcached("get lion\r\n"),
    memcached("set lion 0 0 4\r\nroar\r\n"),
    memcached("get lion\r\n", request=2),
    memcached("get lion mouse\r\n"),
    memcached("set mouse 7 0 6 noreply\r\nsqueak\r\n"),
    memcached("get lion mouse\r\n", request=3),
    memcached("stats\r\n"),
    memcached("set lion 0 0 400\r\ncut short\r\n"),
    udp(MEMCACHED, bytes(20), protocol=6),
    udp(53, b"who is there"),
    reply("VALUE fox 1 3\r\nyip\r\nEND\r\n"),
    memcached("get fox\r\n", request=4),
]
ELECTRODE = [
    paxos(PREPARE, 1),
    paxos(PREPARE, 3),
    paxos(PREPARE, 2, view=4),
    paxos(PREPARE, 2),
    paxos(PREPARE_OK, 7, replica=1),
    paxos(PREPARE_OK, 7, replica=1),
    paxos(PREPARE_OK, 7, replica=2),
    paxos(PREPARE_OK, 7, replica=3),
    paxos(REQUEST, 0),
    udp(PAXOS, b"something else altogether, and long enough"),
    paxos(PREPARE, 9, replica=2**32 - 1),
]
FILES = {SAMPLES / "bmc/traffic.pcap": BMC, SAMPLES / "electrode/traffic.pcap": ELECTRODE}


def main() -> int:
    """Writes the files, or names those that differ."""
    if sys.argv[1:] != ["--check"]:
        for path, packets in FILES.items():
            path.write_bytes(pcap(packets))
        return 0
    stale = [path for path, packets in FILES.items() if path.read_bytes() != pcap(packets)]
    for path in stale:
        print(f"{path} is stale: run python -m tests.samples.packets", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
