# SPDX-License-Identifier: Apache-2.0 OR MIT
"""TOML places and the writer, with the standard library's parser as the oracle."""

from __future__ import annotations

from typing import Any

import pytest
import tomllib
from hypothesis import given, settings
from hypothesis import strategies as st

from rex_lsp.build import toml_text

_scalars = st.one_of(
    st.booleans(), st.integers(-(2**53), 2**53), st.text(st.characters(exclude_categories=["Cs"]))
)
_tables = st.recursive(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), _scalars),
    lambda inner: st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        st.one_of(_scalars, inner, st.lists(_scalars), st.lists(inner, max_size=3)),
        max_size=4,
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(_tables)
def test_what_is_written_reads_back(table: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text.write(table)) == table


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b'[package]\nname = "x"\nversion = \n', "version ="),
        ('[package]\nname = "ü"\nedition = ü\n'.encode(), "edition ="),
        (b'[package]\r\nname = "x"\r\nversion = @\r\n', "version ="),
        (b"[package\n", "[package"),
    ],
)
def test_an_error_has_its_place(data: bytes, place: str) -> None:
    with pytest.raises(toml_text.TomlError) as caught:
        toml_text.parse(data)
    line = data.count(b"\n", 0, caught.value.offset)
    lines = data.decode().splitlines()
    assert place in lines[min(line, len(lines) - 1)]
    assert caught.value.message[:1].islower()


def test_bad_utf8_has_its_place() -> None:
    with pytest.raises(toml_text.TomlError) as caught:
        toml_text.parse(b'name = "\xff"')
    assert caught.value.offset == 8


@pytest.mark.parametrize(
    ("table", "key", "expected"),
    [
        ("package", None, b"[package]"),
        ("dependencies", "rex", b'rex = { path = "x" } # ours'),
        ("dependencies", "quoted", b'"quoted" = "1"'),
        ("dependencies", "dotted", b'dotted.version = "1"'),
        ("dependencies", "own", b"[dependencies.own]"),
        ("dependencies", "absent", b""),
        ("target.'cfg(unix)'.dependencies", "libc", b""),
    ],
)
def test_places_of_keys(table: str, key: str | None, expected: bytes) -> None:
    data = (
        b"# [dependencies]\n[package]\nrex = 1\n[dependencies] # here\n  "
        b'rex = { path = "x" } # ours\n"quoted" = "1"\ndotted.version = "1"\n[dependencies.own]\n'
    )
    start, end = toml_text.key_span(data, table, key)
    assert data[start:end] == expected
