# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Declared event sources: what they mean, and words for those that are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rex_lsp.build import toml_text
from rex_lsp.deploy.sources import declared, fitting, template

HERE = Path("/p")


def metadata(text: str) -> dict[str, Any]:
    table = toml_text.parse(text.encode())
    found: dict[str, Any] = table["package"]["metadata"]["rex"]
    return found


def test_every_kind_of_source() -> None:
    sources, problems = declared(
        metadata(
            """
            [[package.metadata.rex.source]]
            name = "list"
            command = ["ls", "-l"]
            env = { LANG = "C" }
            [[package.metadata.rex.source]]
            name = "text"
            command = "sh -c 'echo a b'"
            [[package.metadata.rex.source]]
            name = "packets"
            pcap = "in.pcap"
            write = "out.pcap"
            [[package.metadata.rex.source]]
            name = "wire"
            iface = "lo"
            [[package.metadata.rex.source]]
            name = "made up"
            events = "events.json"
            [[package.metadata.rex.source]]
            name = "clock"
            timer = { hz = 99, count = 10 }
            """
        ),
        HERE,
    )
    assert problems == []
    assert [source.request for source in sources] == [
        {"kind": "command", "argv": ["ls", "-l"], "cwd": "/p", "env": {"LANG": "C"}},
        {"kind": "command", "argv": ["sh", "-c", "echo a b"], "cwd": "/p"},
        {"kind": "pcap", "path": "/p/in.pcap", "write": "/p/out.pcap"},
        {"kind": "iface", "name": "lo"},
        {"kind": "events", "path": "/p/events.json"},
        {"kind": "timer", "hz": 99, "count": 10},
    ]
    assert [s.name for s in fitting(sources, ["xdp"])] == ["packets", "wire", "made up"]
    assert [s.name for s in fitting(sources, ["perf_event"])] == ["made up", "clock"]
    assert [s.name for s in fitting(sources, ["tracepoint"])] == ["list", "text", "made up"]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('name = "a"', "expected exactly one of command, pcap, iface, events, timer, found none"),
        ('name = "a"\npcap = "p"\niface = "i"', "found pcap, iface"),
        ('iface = "lo"', "expected a name"),
        ('name = "a"\ncommand = []', "expected command to be a list"),
        ('name = "a"\ncommand = [1]', "expected command to be a list"),
        ('name = "a"\npcap = 5', "expected pcap to be a text"),
        ('name = "a"\ntimer = 0', "whole hz and count"),
    ],
)
def test_a_wrong_source_is_told_with_its_number(table: str, words: str) -> None:
    text = f"[[package.metadata.rex.source]]\n{table}\n"
    sources, (problem,) = declared(metadata(text), HERE)
    assert sources == []
    assert words in problem
    assert "source 1" in problem


def test_one_bracket_too_few_is_told() -> None:
    text = '[package.metadata.rex.source]\nname = "a"\niface = "lo"\n'
    _, (problem,) = declared(metadata(text), HERE)
    assert "two brackets" in problem


@pytest.mark.parametrize("kind", ["xdp", "tc", "perf_event", "tracepoint", "kprobe"])
def test_templates_are_declarations_that_fit(kind: str) -> None:
    sources, problems = declared(metadata(template(kind)), HERE)
    assert problems == []
    assert fitting(sources, [kind])
