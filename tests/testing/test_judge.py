# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Patterns, typed values and the judgement, without a runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_lsp.deploy.events import Event
from rex_lsp.testing import capture, layout
from rex_lsp.testing.case import Case, Line, Spot, Stop, read_package
from rex_lsp.testing.judge import failures
from rex_lsp.testing.observed import MapAfter, Observed
from rex_lsp.testing.patterns import Pattern

U32 = {"name": "u32", "size": 4, "kind": "integer", "signed": False}
I64 = {"name": "i64", "size": 8, "kind": "integer", "signed": True}
STATE = {"name": "State", "size": 1, "kind": "enum", "variants": {"Off": 0, "On": 255}}
NAME = {
    "name": "[u8; 8]",
    "size": 8,
    "kind": "array",
    "count": 8,
    "element": {"name": "u8", "size": 1, "kind": "integer", "signed": False},
}
ENTRY = {
    "name": "Entry",
    "size": 24,
    "kind": "struct",
    "fields": [
        {"name": "state", "offset": 0, "type": STATE},
        {"name": "delta", "offset": 8, "type": I64},
        {"name": "name", "offset": 16, "type": NAME},
    ],
}


def event(kind: str, **raw: Any) -> Event:
    return Event.from_json({"event": kind, "t_ns": 0, "program": "p", "object": 1, **raw})


def judged(tmp_path: Path, text: str, seen: Observed) -> list[str]:
    (tmp_path / "tests").mkdir(exist_ok=True)
    (tmp_path / "tests/t.toml").write_text(f"[[test]]\nname = 't'\n{text}", encoding="utf-8")
    (case,) = read_package(tmp_path)
    return failures(case, seen, tmp_path)


def ended(*events: Event, **exit_: Any) -> Observed:
    return Observed([*events], exit=event("exit", source=1, **{"status": 0, **exit_}))


def lines(*messages: str) -> Observed:
    return ended(*(event("trace", message=f"[c::p] {m}\n", pid=7, cpu=0) for m in messages))


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("a {number} b", "a -12 b", True),
        ("a {number} b", "a x b", False),
        ("{hex}", "0xdeadBEEF", True),
        ("{time} ns", "12.5 ns", True),
        ("pid {pid}", "pid 7", True),
        ("pid {pid}", "pid 8", False),
        ("{{{any}}}", "{x}", True),
        ("a.c", "abc", False),
        ("{N:number} {N}", "4 4", True),
        ("{N:number} {N}", "4 5", False),
    ],
)
def test_placeholders(pattern: str, text: str, fits: bool) -> None:
    assert (Pattern(pattern).match(text, {}, {"pid": 7}) is not None) == fits


def test_what_is_remembered_is_used_in_later_lines(tmp_path: Path) -> None:
    trace = 'trace = ["from {N:number}", "{N}", "{N+1}", "{N-1}"]'
    assert judged(tmp_path, trace, lines("from 7", "7", "8", "6")) == []
    assert judged(tmp_path, trace, lines("from 7", "7", "9", "6")) != []


@pytest.mark.parametrize(
    ("keys", "found", "good"),
    [
        ('trace = ["a", "b"]', ("a", "b"), True),
        ('trace = ["a", "b"]', ("b", "a"), False),
        ('trace = ["a"]', ("a", "a"), False),
        ("trace = []", ("a",), False),
        ('trace = ["[c::p] a"]', ("a",), True),
        ('trace = ["[c::q] a"]', ("a",), False),
        ('trace = [{ text = "a", count = 2 }, "b"]', ("a", "a", "b"), True),
        ('trace = [{ text = "a", program = "q" }]', ("a",), False),
        ('trace = [{ regex = "a+" }]', ("aaa",), True),
        ('trace = ["b", "a"]\ntrace_order = "any"', ("a", "b"), True),
        ('trace = ["b", "b"]\ntrace_order = "any"', ("a", "b"), False),
        ('trace = ["a", "c"]\ntrace_order = "within"', ("a", "b", "c"), True),
        ('trace = ["c", "a"]\ntrace_order = "within"', ("a", "b", "c"), False),
    ],
)
def test_lines_of_the_trace(tmp_path: Path, keys: str, found: tuple[str], good: bool) -> None:
    assert (judged(tmp_path, keys, lines(*found)) == []) == good


def test_the_diff_keeps_what_fits(tmp_path: Path) -> None:
    (said,) = judged(tmp_path, 'trace = ["a {number}", "b"]', lines("a 1", "c"))
    assert said.splitlines()[2:] == ["   a 1", "  -b", "  +c"]


def verdicts(*names: str) -> Observed:
    numbers = {"XDP_DROP": 1, "XDP_PASS": 2, "XDP_TX": 3}
    return ended(
        *(
            event("verdict", index=i, verdict=numbers[name], name=name, length=60)
            for i, name in enumerate(names)
        )
    )


@pytest.mark.parametrize(
    ("keys", "good"),
    [
        ('verdicts = ["XDP_PASS", "XDP_DROP"]', True),
        ("verdicts = [2, 1]", True),
        ('verdicts = ["XDP_PASS|XDP_TX", "XDP_DROP"]', True),
        ('verdicts = ["XDP_PASS"]', False),
        ('verdicts = ["XDP_PASS", "XDP_PASS"]', False),
        ('verdicts = { p = ["XDP_PASS", "XDP_DROP"], q = [] }', True),
        ('verdicts = { q = ["XDP_PASS"] }', False),
        ("verdict_counts = { XDP_PASS = 1, XDP_DROP = 1, XDP_TX = 0 }", True),
        ("verdict_counts = { XDP_PASS = 1 }", False),
    ],
)
def test_verdicts(tmp_path: Path, keys: str, good: bool) -> None:
    assert (judged(tmp_path, keys, verdicts("XDP_PASS", "XDP_DROP")) == []) == good


@pytest.mark.parametrize(
    ("keys", "good"),
    [
        ("", False),
        ('stops = [{ kind = "panic" }]', True),
        ('stops = [{ kind = "fault" }]', False),
        ('stops = [{ kind = "panic", message = "index {number} out of range" }]', True),
        ('stops = [{ kind = "panic", message = "index" }]', False),
        ('stops = [{ kind = "panic", at = "src/main.rs:2" }]', True),
        ('stops = [{ kind = "panic", at = "src/main.rs:3" }]', False),
        ('stops = [{ kind = "panic", code = "table[at]" }]', True),
        ('stops = [{ kind = "panic", code = "other" }]', False),
        ('stops = [{ kind = "panic", program = "q" }]', False),
        ('stops = [{ kind = "panic" }, { kind = "panic" }]', False),
    ],
)
def test_stops(tmp_path: Path, keys: str, good: bool) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/main.rs").write_text("fn f() {\n    table[at]\n}\n", encoding="utf-8")
    stop = event("panic", message="index 9 out of range", file="src/main.rs", line=2, column=5)
    assert (judged(tmp_path, keys, ended(stop)) == []) == good


@pytest.mark.parametrize(
    ("keys", "exit_", "good"),
    [
        ("", {"status": 0}, True),
        ("", {"status": 3}, False),
        ("exit = 3", {"status": 3}, True),
        ("", {"status": 137, "signal": 9}, False),
        ("exit = { signal = 9 }", {"status": 137, "signal": 9}, True),
        ("exit = { signal = 9 }", {"status": 9}, False),
    ],
)
def test_how_the_source_ends(tmp_path: Path, keys: str, exit_: dict[str, int], good: bool) -> None:
    assert (judged(tmp_path, keys, ended(**exit_)) == []) == good


@pytest.mark.parametrize(
    ("keys", "good"),
    [
        ('stdout = "pid {number}\\n"', True),
        ('stdout = "pid"', False),
        ('stdout = { contains = ["id 1", "2"] }', True),
        ('stdout = { contains = ["id 2"] }', False),
        ('stdout = { regex = "^pid" }', True),
        ('stdout = { regex = "^id" }', False),
        ('stderr = ""', True),
    ],
)
def test_what_the_command_prints(tmp_path: Path, keys: str, good: bool) -> None:
    seen = ended()
    seen.output["stdout"] = "pid 12\n"
    assert (judged(tmp_path, keys, seen) == []) == good


@pytest.mark.parametrize(
    ("keys", "good"),
    [
        ("index = 0\nunchanged = true", True),
        ("index = 1\nunchanged = true", False),
        ("index = 1\nunchanged = false", True),
        ("index = 0\nlength = 3", True),
        ("index = 0\nlength = 2", False),
        ('index = 1\nat = 1\ntext = "bc"', True),
        ('index = 1\nat = 1\nhex = "62 64"', False),
        ("index = 2", False),
    ],
)
def test_packets(tmp_path: Path, keys: str, good: bool) -> None:
    seen = ended()
    seen.packets_before, seen.packets = [b"abc", b"abd"], [b"abc", b"abc"]
    assert (judged(tmp_path, f"[[test.packet]]\n{keys}", seen) == []) == good


@pytest.mark.parametrize(("last", "good"), [(b"abd", True), (b"abx", False)])
def test_packets_as_in_a_file(tmp_path: Path, last: bytes, good: bool) -> None:
    seen = ended()
    seen.packets = [b"abc", b"abd"]
    (tmp_path / "out.pcap").write_bytes(capture.pcap([b"abc", last]))
    assert (judged(tmp_path, 'output = "out.pcap"', seen) == []) == good


def entry(state: str, delta: int, name: str) -> bytes:
    return layout.encode(ENTRY, {"state": state, "delta": delta, "name": name})


@pytest.mark.parametrize(
    ("keys", "good"),
    [
        ('entries = [{ key = 1, value = { state = "On", delta = -3, name = "cat" } }]', True),
        ("entries = [{ key = 1, value = { delta = -3 } }]", True),
        ("entries = [{ key = 1, value = { delta = 3 } }]", False),
        ('entries = [{ key = 1, value = { state = "Off" } }]', False),
        ('entries = [{ key = 1, value = { state = "Of" } }]', False),
        ("entries = [{ key = 1, value = { detla = 3 } }]", False),
        ("entries = [{ key = 3, value = { delta = 0 } }]", False),
        ("entries = [{ key = 1, value = { delta = -3 } }]\nonly = true", False),
        ("absent = [3]", True),
        ("absent = [2]", False),
        ("count = 2", True),
        ("count = 1", False),
        ('entries = [{ key_hex = "01000000", value = { delta = -3 } }]', True),
    ],
)
def test_entries(tmp_path: Path, keys: str, good: bool) -> None:
    seen = ended()
    entries = [(b"\1\0\0\0", entry("On", -3, "cat")), (b"\2\0\0\0", entry("Off", 0, ""))]
    seen.maps["m"] = MapAfter("hash", {"key": U32, "value": ENTRY}, entries)
    assert (judged(tmp_path, f"[[test.map]]\nname = 'm'\n{keys}", seen) == []) == good


@pytest.mark.parametrize(
    ("keys", "good"),
    [
        ("entries = [{ key = 0, value = 7 }]", True),
        ("entries = [{ key = 0, per_cpu = [4, 3] }]", True),
        ("entries = [{ key = 0, per_cpu = [4] }]", True),
        ("entries = [{ key = 0, per_cpu = [4, 4] }]", False),
        ("entries = [{ key = 0, per_cpu = [4, 3, 0] }]", False),
    ],
)
def test_per_cpu_values_are_summed_or_told_apart(tmp_path: Path, keys: str, good: bool) -> None:
    seen = ended()
    value = b"\4\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0"
    types = {"key": U32, "value": U32}
    seen.maps["m"] = MapAfter("percpu_array", types, [(b"\0\0\0\0", value)])
    assert (judged(tmp_path, f"[[test.map]]\nname = 'm'\n{keys}", seen) == []) == good


def test_a_map_that_is_not_there(tmp_path: Path) -> None:
    (said,) = judged(tmp_path, "[[test.map]]\nname = 'm'\ncount = 0", ended())
    assert said == "map m: there is no such map in the image, there is none"


def test_refusals(tmp_path: Path) -> None:
    seen = Observed(refused="no such function `f`")
    assert judged(tmp_path, "", seen) == ["refused: no such function `f`"]
    assert judged(tmp_path, "refused = 'no such function'", seen) == []
    assert judged(tmp_path, "refused = 'other'", seen) != []
    assert judged(tmp_path, "refused = 'other'", ended()) != []


def test_a_source_that_does_not_end() -> None:
    case = Case("t", Path("t"), 1, timeout=0.5, trace=(Line(Pattern("a")),))
    seen = Observed(timed_out=True)
    assert failures(case, seen, Path()) == ["the source did not end within 0.5 s and was stopped"]


def test_a_leak_is_a_failure_unless_it_is_expected(tmp_path: Path) -> None:
    leak = event("leak", resource="a spin lock", file="src/main.rs", line=2)
    (said,) = judged(tmp_path, "", ended(leak))
    assert said == "unexpected: leak of p: a spin lock\n  at src/main.rs:2"
    assert judged(tmp_path, 'leaks = [{ resource = "a spin lock" }]', ended(leak)) == []


VALUES = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["Off", "On"]),
        "delta": st.integers(-(2**63), 2**63 - 1),
        "name": st.lists(st.integers(0, 255), min_size=8, max_size=8),
    }
)


@given(VALUES)
def test_what_is_encoded_is_decoded(value: dict[str, Any]) -> None:
    data = layout.encode(ENTRY, value)
    assert len(data) == ENTRY["size"]
    assert layout.decode(ENTRY, data) == value
    assert list(layout.differences(ENTRY, value, layout.decode(ENTRY, data))) == []


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (U32, -1, "-1 does not fit `u32`"),
        (U32, "1", "expected a number for `u32`"),
        (NAME, "too long a text", "15 bytes of text do not fit"),
        (NAME, list(range(9)), "9 elements do not fit"),
        (NAME, 3, "expected a list"),
        (STATE, "Maybe", "`State` has no 'Maybe', there are Off, On"),
        (ENTRY, 3, "expected a table for `Entry`"),
        (ENTRY, {"nam": 1}, "`Entry` has no field `nam`, there are state, delta, name"),
    ],
)
def test_values_a_type_has_not(kind: Any, value: Any, said: str) -> None:
    with pytest.raises(layout.BadValue, match=said):
        layout.encode(kind, value)


@given(st.lists(st.binary(max_size=100), max_size=20))
def test_captures_come_back(packets: list[bytes]) -> None:
    assert capture.frames(capture.pcap(packets)) == packets


def test_what_is_no_capture() -> None:
    for data in (b"", b"abcd" * 10, capture.pcap([b"abc"])[:-1]):
        with pytest.raises(capture.NotACapture):
            capture.frames(data)


def test_stops_are_told_in_order() -> None:
    case = Case("t", Path("t"), 1, stops=(Stop("panic", Spot()),))
    seen = ended(event("panic", message="a"), event("fault", message="b"))
    assert failures(case, seen, Path()) == ["unexpected: fault of p: b"]
