# SPDX-License-Identifier: GPL-2.0-only
"""Writes `traffic.pcap`, ten packets of each kind the program tells apart.

Addresses are those reserved for documentation (RFC 5737, RFC 3849). The program counts
protocol 1 once, 6 twice, 17 four times and 255 three times, port 53 twice, port 9 twice
and port 80 once, drops the two datagrams to port 9 and passes the rest.

    python3 make_traffic.py [--check]
"""

from __future__ import annotations

import ipaddress
import struct
import sys
from pathlib import Path

FILE = Path(__file__).resolve().parent / "traffic.pcap"
ETHERNET = bytes.fromhex("020000000002 020000000001")
SOURCE = ipaddress.IPv4Address("192.0.2.1")
TARGET = ipaddress.IPv4Address("198.51.100.2")


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(protocol: int, payload: bytes, options: bytes = b"") -> bytes:
    """An Ethernet frame with an IPv4 packet."""
    length = 20 + len(options)
    header = struct.pack(
        ">BBHHHBBH4s4s",
        0x40 | length // 4,
        0,
        length + len(payload),
        1,
        0,
        64,
        protocol,
        0,
        SOURCE.packed,
        TARGET.packed,
    )
    header += options
    header = header[:10] + checksum(header).to_bytes(2, "big") + header[12:]
    return ETHERNET + b"\x08\x00" + header + payload


def udp(port: int, data: bytes) -> bytes:
    """A UDP datagram without checksum."""
    return struct.pack(">HHHH", 40000, port, 8 + len(data), 0) + data


def tcp(port: int) -> bytes:
    """A TCP segment that opens a connection."""
    return struct.pack(">HHIIHHHH", 40000, port, 1, 0, 0x5002, 64240, 0, 0)


def packets() -> list[bytes]:
    """The frames, in order."""
    ping = struct.pack(">BBHHH", 8, 0, 0, 1, 1) + bytes(32)
    arp = ETHERNET + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + bytes(28)
    target6 = ipaddress.IPv6Address("2001:db8::1").packed
    ipv6 = (
        ETHERNET
        + b"\x86\xdd"
        + struct.pack(">IHBB", 0x60000000, 8, 59, 64)
        + target6 * 2
        + bytes(8)
    )
    return [
        ipv4(6, tcp(80)),
        ipv4(17, udp(53, b"who is there")),
        ipv4(17, udp(9, b"thrown away")),
        arp,
        ipv4(1, ping),
        ipv6,
        ipv4(6, tcp(443), options=bytes(4)),
        ETHERNET + b"\x08\x00" + bytes(16),
        ipv4(17, udp(9, b"thrown away as well")),
        ipv4(17, udp(53, b"nobody")),
    ]


def pcap() -> bytes:
    """The file: one packet a millisecond."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for index, packet in enumerate(packets()):
        out += struct.pack("<IIII", 1_700_000_000, 1000 * index, len(packet), len(packet)) + packet
    return out


def main() -> int:
    """Writes the file, or compares it."""
    if sys.argv[1:] == ["--check"]:
        return 0 if FILE.read_bytes() == pcap() else 1
    FILE.write_bytes(pcap())
    return 0


if __name__ == "__main__":
    sys.exit(main())
