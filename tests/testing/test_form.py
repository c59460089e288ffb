# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The form of test files: what is refused, in which words, at which line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rex_lsp.testing.case import BadTests, read_package
from rex_lsp.testing.form import SCHEMA, problems

GOOD: dict[str, Any] = {
    "test": [
        {
            "name": "all_of_it",
            "source": {"command": ["true"], "env": {"A": "b"}},
            "trace": ["a {number}", {"regex": "b+", "count": 2}],
            "trace_order": "any",
            "verdicts": {"filter": ["XDP_PASS", 2]},
            "packet": [{"index": 0, "hex": "00 ff"}],
            "map": [{"name": "m", "entries": [{"key": 1, "value": {"a": [1, 2]}}], "only": True}],
            "stops": [{"kind": "panic", "at": "src/main.rs:3"}],
            "exit": {"signal": 9},
            "stdout": {"contains": ["x"]},
            "timeout": 0.5,
        },
        {"name": "short", "source": "declared", "exit": 3, "stdout": ""},
    ]
}


def changed(**keys: Any) -> dict[str, Any]:
    return {"test": [{"name": "one", **keys}]}


BAD = [
    ({}, "`test` is missing"),
    ({"test": []}, "at least one"),
    (changed(trce=[]), "`trce` is unknown here; did you mean trace"),
    (changed(trace="x"), "expected a list, found"),
    (changed(trace=[3]), "expected a text or a table, found 3"),
    (changed(trace=[{"txt": "x"}]), "`txt` is unknown here; did you mean text"),
    (changed(trace_order="some"), "expected one of exact, any, within"),
    (changed(timeout=0), "expected more than 0"),
    (changed(timeout=True), "expected a number, found true"),
    (changed(exit=-1), "expected at least 0"),
    (changed(stops=[{"kind": "crash"}]), "expected one of panic, terminated, stack, fault"),
    (changed(stops=[{}]), "`kind` is missing"),
    (changed(stops=[{"kind": "panic", "at": "main.rs"}]), "expected FILE:LINE"),
    (changed(packet=[{"index": 0, "hex": "0"}]), "expected bytes"),
    (changed(source={"command": [1]}), "expected a text, found 1"),
    (changed(verdicts={"p": "XDP_PASS"}), "expected a list"),
    (changed(map=[{"entries": []}]), "`name` is missing"),
    ({"test": [{"name": "two words"}]}, "expected letters"),
]


def test_the_schema_is_one_and_accepts_what_we_accept() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(GOOD, SCHEMA)
    assert list(problems(GOOD)) == []


@pytest.mark.parametrize(("document", "said"), BAD, ids=[said for _, said in BAD])
def test_what_is_wrong_is_said(document: dict[str, Any], said: str) -> None:
    assert any(said in words for _, words in problems(document)), list(problems(document))
    # An editor that knows the schema says so too.
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(document)


def refused(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/one.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadTests) as bad:
        read_package(tmp_path)
    return bad.value.problems


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[test]]\nname = 'a'\ntrace = [\n", "tests/one.toml:4: invalid value"),
        ("[[test]]\nname = 'a'\n\n[[test]]\nname = 'b'\ntrae = []\n", "tests/one.toml:6: "),
        (
            "[[test]]\nname = 'a'\n\n[[test.map]]\nname = 'm'\n\n[[test.map]]\nnam = 'm'\n",
            "tests/one.toml:8: `test` 1 `map` 2 `nam`: `nam` is unknown here; did you mean name",
        ),
        ("[[test]]\nname = 'a'\n[[test]]\nname = 'a'\n", "tests/one.toml:3: a second test `a`"),
        (
            "[[test]]\nname = 'a'\ntrace = ['x {numbr}']\n",
            "{numbr} is used, but no {numbr:number} stands in the trace; did you mean {number}?",
        ),
        ("[[test]]\nname = 'a'\ntrace = ['x {M}']\n", "{M} is used, but no {M:number}"),
        ("[[test]]\nname = 'a'\ntrace = ['x { y']\n", "a lone {; write {{ for the character"),
        ("[[test]]\nname = 'a'\ntrace = [{ regex = '(' }]\n", "not a regular expression"),
        ("[[test]]\nname = 'a'\ntrace = [{ count = 2 }]\n", "expected one of `text` and `regex`"),
        (
            "[[test]]\nname = 'a'\nsource = { pcap = 'a', iface = 'b' }\n",
            "expected one kind of source, found pcap, iface",
        ),
        (
            "[[test]]\nname = 'a'\n[[test.map]]\nname = 'm'\nentries = [{ key = 1 }]\n",
            "expected one of `value`, `value_hex` and `per_cpu`",
        ),
    ],
)
def test_messages_have_a_place(tmp_path: Path, text: str, said: str) -> None:
    found = refused(tmp_path, text)
    assert any(said in line for line in found), found


def test_every_file_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"tests/{name}.toml").write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(BadTests) as bad:
        read_package(tmp_path)
    assert {line.split(":")[0] for line in bad.value.problems} == {"tests/a.toml", "tests/b.toml"}


def test_names_and_lines(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    text = "# Two.\n[[test]]\nname = 'a'\n\n[[test]]\nname = 'b'\nexit = { signal = 9 }\n"
    (tmp_path / "tests/calls.toml").write_text(text, encoding="utf-8")
    first, second = read_package(tmp_path)
    assert (first.name, first.line, first.status) == ("calls::a", 2, 0)
    assert (second.name, second.line, second.status, second.signal) == ("calls::b", 5, None, 9)
