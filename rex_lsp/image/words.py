# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Facts about an image in a person's words. A number of bytes never stands without what it
means: exact, at most, at least, unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CERTAINTIES = {
    "exact": "exact",
    "at_most": "at most",
    "at_least": "at least",
    "unknown": "unknown",
}
DOUBTS = {
    "recursion": "recursion",
    "indirect_call": "a call through a pointer",
    "alignment": "a stack aligned at run time",
    "frame_differs": "a frame the compiler counts differently",
}


def bytes_of(usage: Mapping[str, Any]) -> str:
    """`1,312 B · exact`; a program whose checks are the bound says so."""
    certainty = CERTAINTIES[usage["certainty"]]
    checked = " · checked at run time" if usage["checked"] else ""
    return f"{usage['bytes']:,} B · {certainty}{checked}"


def place_of(line: Mapping[str, Any] | None) -> str:
    """`src/main.rs:12`, or nothing."""
    return "" if line is None else f"{line['file']}:{line['line']}"


def signature_of(signature: Mapping[str, Any]) -> str:
    """Who signed an image and whether that counts here; empty if nobody did."""
    by = f" by {signature['signer']}" if signature["signer"] else ""
    if signature["state"] == "refused":
        return f"signed{by}, which does not count: {signature['reason']}"
    return f"signed{by}" if signature["state"] == "trusted" else ""


def first_blame(usage: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The doubt that decides: recursion before calls through pointers before the rest."""
    if usage["certainty"] == "exact":
        return None
    order = list(DOUBTS)
    blames = sorted(usage["blame"], key=lambda blame: order.index(blame["doubt"]))
    return blames[0] if blames else None
