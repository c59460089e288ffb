# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Capture files: packets out of pcap and pcapng, and into pcap.

Formats: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng (enhanced and simple packet
blocks). Times and options are left aside.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

_ETHERNET = 1
_SECTION, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 3, 6
_PCAP = (0xA1B2C3D4, 0xA1B23C4D)


class NotACapture(Exception):
    """Bytes that are neither pcap nor pcapng."""


def frames(data: bytes, interface: int | None = None) -> list[bytes]:
    """The packets of a file in order, or those of one interface of a pcapng file.

    Raises:
        NotACapture: see there; a file that ends within a packet too.
    """
    for order in "<>":
        try:
            magic = struct.unpack_from(order + "I", data)[0]
            if magic in _PCAP:
                return _pcap(data, order)
            if magic == _SECTION and struct.unpack_from(order + "I", data, 8)[0] == 0x1A2B3C4D:
                return _pcapng(data, order, interface)
        except struct.error as error:
            raise NotACapture("cut short") from error
    raise NotACapture("neither pcap nor pcapng")


def pcap(packets: Iterable[bytes]) -> bytes:
    """A pcap file (Ethernet, microseconds) with one packet a millisecond."""
    out = [struct.pack("<IHHiIII", _PCAP[0], 2, 4, 0, 0, 65535, _ETHERNET)]
    for index, packet in enumerate(packets):
        seconds, rest = divmod(index, 1000)
        head = (1_700_000_000 + seconds, 1000 * rest, len(packet), len(packet))
        out += [struct.pack("<IIII", *head), packet]
    return b"".join(out)


def _pcap(data: bytes, order: str) -> list[bytes]:
    found = []
    at = 24
    while at < len(data):
        length = struct.unpack_from(order + "I", data, at + 8)[0]
        found.append(_cut(data, at + 16, length))
        at += 16 + length
    return found


def _pcapng(data: bytes, order: str, interface: int | None) -> list[bytes]:
    found = []
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from(order + "II", data, at)
        if length < 12:
            raise NotACapture("a block without a length")
        if kind == _ENHANCED:
            number = struct.unpack_from(order + "I", data, at + 8)[0]
            if interface in (None, number):
                size = struct.unpack_from(order + "I", data, at + 20)[0]
                found.append(_cut(data, at + 28, size))
        elif kind == _SIMPLE and not interface:
            found.append(_cut(data, at + 12, struct.unpack_from(order + "I", data, at + 8)[0]))
        at += length
    return found


def _cut(data: bytes, start: int, length: int) -> bytes:
    if start + length > len(data):
        raise NotACapture("cut short")
    return data[start : start + length]
