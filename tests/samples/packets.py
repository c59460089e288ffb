# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The packets that `bmc`, `electrode`, `rate_limiter` and `xdp_router` are shown with.

They are `traffic.pcap` there.

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


def routed(
    protocol: int,
    to: str,
    segment: bytes,
    *,
    ttl: int = 64,
    options: bytes = b"",
    tag: bytes = b"",
    source: str = str(CLIENT),
) -> bytes:
    """An Ethernet frame with an IPv4 packet whose transport checksum is right."""
    target = ipaddress.IPv4Address(to).packed
    words = 5 + len(options) // 4
    length = 4 * words + len(segment)
    header = struct.pack(">BBHHHBBH", 0x40 | words, 0, length, 1, 0, ttl, protocol, 0)
    addresses = ipaddress.IPv4Address(source).packed + target
    header += addresses + options
    header = header[:10] + checksum(header).to_bytes(2, "big") + header[12:]
    pseudo = addresses + struct.pack(">HH", protocol, len(segment))
    return _ETHERNET[:12] + tag + b"\x08\0" + header + _summed(protocol, pseudo, segment)


def routed6(protocol: int, segment: bytes) -> bytes:
    """An Ethernet frame with an IPv6 packet that has a hop-by-hop header."""
    source, target = (ipaddress.IPv6Address(f"2001:db8::{last}").packed for last in (1, 2))
    pseudo = source + target + struct.pack(">II", len(segment), protocol)
    header = struct.pack(">IHBB", 6 << 28, 8 + len(segment), 0, 64) + source + target
    # Its one option is padding.
    header += bytes([protocol, 0, 1, 4, 0, 0, 0, 0])
    return _ETHERNET[:12] + b"\x86\xdd" + header + _summed(protocol, pseudo, segment)


def _summed(protocol: int, pseudo: bytes, segment: bytes) -> bytes:
    at = 16 if protocol == 6 else 6
    padded = pseudo + segment + b"\0" * (len(segment) % 2)
    return segment[:at] + checksum(padded).to_bytes(2, "big") + segment[at + 2 :]


def datagram(port: int, payload: bytes) -> bytes:
    """A UDP datagram, its checksum still 0."""
    return struct.pack(">HHHH", 40000, port, 8 + len(payload), 0) + payload


def opening(port: int) -> bytes:
    """A TCP segment that opens a connection, its checksum still 0."""
    return struct.pack(">HHIIHHHH", 40000, port, 1, 0, 0x5002, 64240, 0, 0)


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
_LOCAL = "192.0.2.9"
ROUTER = [
    routed(17, str(SERVER), datagram(9, b"forwarded")),
    routed(6, str(SERVER), opening(53), options=bytes(8), tag=b"\x81\0\0\5"),
    routed(17, str(SERVER), datagram(9, b"too old"), ttl=1),
    routed(17, "203.0.113.5", datagram(53, b"forwarded elsewhere"), ttl=2),
    routed(17, _LOCAL, datagram(53, b"a question")),
    routed(6, _LOCAL, opening(53), options=bytes(4)),
    routed(17, _LOCAL, datagram(123, b"the time")),
    udp(53, b"a question without a checksum").replace(SERVER.packed, CLIENT.packed),
    routed6(17, datagram(53, b"a long question")),
    _ETHERNET[:12] + b"\x08\x06" + bytes(46),
    _ETHERNET + b"\x45" + bytes(5),
]
FLOOD = [
    *(
        routed(17, str(SERVER), datagram(9, b"one of many"), source=source)
        for source in ("192.0.2.1", "192.0.2.130", "203.0.113.7")
        for _ in range(6)
    ),
    _ETHERNET[:12] + b"\x08\x06" + bytes(46),
]
FILES = {
    SAMPLES / "bmc/traffic.pcap": BMC,
    SAMPLES / "electrode/traffic.pcap": ELECTRODE,
    SAMPLES / "rate_limiter/traffic.pcap": FLOOD,
    SAMPLES / "xdp_router/traffic.pcap": ROUTER,
}


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
