# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Verdicts in words."""

from __future__ import annotations

from typing import Any

import pytest

from rex_lsp.deploy.events import Event
from rex_lsp.deploy.words import Narrator


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, ""),
        ({"redirect": {"ifindex": 7, "flags": 0, "errno": 0}}, " to interface 7"),
        (
            {"redirect": {"ifindex": 7, "flags": 1, "errno": 95}},
            " to interface 7, not sent: error 95",
        ),
        ({"redirect": None}, " without an interface, dropped"),
        (
            {"copies": [{"ifindex": 8, "flags": 0, "length": 60}]},
            ", a copy to interface 8",
        ),
    ],
)
def test_where_a_packet_goes_is_said(more: dict[str, Any], words: str) -> None:
    raw = {"event": "verdict", "program": "p", "index": 3, "length": 60, "name": "TC_ACT_X"}
    told = Narrator().words(Event.from_json({**raw, **more}))
    assert told == f"p: packet 3, 60 bytes: TC_ACT_X{words}"
