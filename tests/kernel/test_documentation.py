# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The crate's own documentation: complete, without warnings, its examples compiled."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rex_lsp.build import discover
from rex_lsp.build.locations import kernel_crate
from tests.cli.command import rex
from tests.kernel.documentation import crates, examples, exported, items, lacks

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = """\
[package]
name = "examples_{number}"
version = "0.1.0"
edition = "2024"

[dependencies]
rex = {{ path = "{rex}" }}
"""
HEAD = "#![no_std]\n#![no_main]\n#![allow(dead_code, non_upper_case_globals)]\n\n"


@pytest.fixture(scope="module")
def index() -> Mapping[str, Any]:
    """The committed index, which another test holds fresh."""
    document = json.loads((ROOT / "rex_lsp/kernel/index.json").read_text(encoding="utf-8"))
    found: Mapping[str, Any] = document["items"]
    return found


def test_every_public_item_says_what_it_must(index: Mapping[str, Any]) -> None:
    wrong = [
        f"{path} lacks {', '.join(missing)}"
        for path, kind, text in items(index)
        if (missing := lacks(path, kind, text, index))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", "words, its helper, its program types, what it answers on failure, an example"),
        ("Does it.\n\nHelper: `rex_x`. XDP programs.", "what it answers on failure, an example"),
        ("Does it.\n\nHelper: `rex_x`. XDP programs. Cannot fail.", "an example"),
        ("Does it.\n\nNo helper. All program types. Cannot fail.\n\n```\nfn f() {}\n```", ""),
    ],
)
def test_what_is_missing_is_named(text: str, missing: str) -> None:
    assert ", ".join(lacks("rex::xdp::f", "function", text, {})) == missing


def write_crates(root: Path, every: Mapping[str, str]) -> None:
    """A workspace with each example as a module of its own."""
    root.mkdir(exist_ok=True)
    (root / "Cargo.toml").write_text('[workspace]\nresolver = "3"\nmembers = ["examples_*"]\n')
    for number, inside in enumerate(crates(every)):
        source = root / f"examples_{number}" / "src"
        source.mkdir(parents=True)
        text = MANIFEST.format(number=number, rex=kernel_crate() / "rex")
        (source.parent / "Cargo.toml").write_text(text, encoding="utf-8")
        modules = []
        for at, (path, code) in enumerate(inside.items()):
            modules.append(f"// {path}\nmod example_{at} {{\n{code}}}\n")
        (source / "main.rs").write_text(HEAD + "\n".join(modules), encoding="utf-8")


def test_every_example_compiles(index: Mapping[str, Any], tmp_path: Path) -> None:
    every = examples(index)
    assert len(every) > 150
    write_crates(tmp_path / "all", every)
    built = rex("build", tmp_path / "all")
    assert built.status == 0, built.err
    broken = {"rex::x": "fn f() -> u32 {\n    rex::kprobe::nothing()\n}\n"}
    write_crates(tmp_path / "broken", broken)
    assert rex("build", tmp_path / "broken").status == 1


def test_names_that_clash_go_to_different_crates() -> None:
    one = "#[rex_map]\nstatic m: RexArrayMap<u64> = RexArrayMap::new(1, 0);\n"
    two = '#[rex_kprobe(function = "f")]\nfn m(obj: &kprobe, _: &mut PtRegs) -> Result {}\n'
    assert (exported(one), exported(two)) == ({"m"}, {"m"})
    assert crates({"a": one, "b": two, "c": "fn m() {}\n"}) == [
        {"a": one, "c": "fn m() {}\n"},
        {"b": two},
    ]


async def test_rustdoc_has_no_warning(tmp_path: Path) -> None:
    toolchain = await discover()
    env = {**os.environ, **toolchain.environment(), "RUSTC_BOOTSTRAP": "1"}
    env["RUSTDOC"] = str(toolchain.rustc.parent / "rustdoc")
    env["RUSTDOCFLAGS"] = "-Dwarnings"
    # Cargo writes a lock file beside the manifest.
    for part in ("rex", "rex-macros"):
        (tmp_path / part).mkdir()
        for name in ("Cargo.toml", "src"):
            (tmp_path / part / name).symlink_to(kernel_crate() / part / name)
    argv = [str(toolchain.cargo), "doc", "--offline", "--no-deps", "--quiet"]
    done = subprocess.run(
        argv,
        cwd=tmp_path / "rex",
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "rex/target/doc/rex/index.html").is_file()
