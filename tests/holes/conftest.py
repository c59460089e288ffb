# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Packages that hold the programs, and what `rex` says about them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.build.crates import MANIFEST
from tests.cli.command import rex
from tests.holes.programs import DIRECTORY, Program, programs
from tests.samples.conftest import runtime_dir

__all__ = ["runtime_dir"]

# A crate that somebody answers for may keep a destructor from running, and no rule looks
# into it: what programs do with it shows what the runtime does on its own.
KEEPER = """\
#![no_std]
pub fn keep<T>(value: T) { core::mem::forget(value) }
"""
ALLOWED = """\
keeper = { path = "../keeper" }

[[package.metadata.rex.allow-dependencies]]
name = "keeper"
reason = "forgets what it is given, for the tests of the runtime"
"""


@dataclass(frozen=True)
class Said:
    """What `rex check` or `rex build` answered about a package of programs."""

    status: int
    diagnostics: list[dict[str, Any]]
    images: dict[str, Path]
    root: Path

    def errors(self, name: str) -> list[str]:
        """The errors in the file of a program, as `code: message`."""
        return [
            f"{d['code']}: {d['message']}"
            for d in self.diagnostics
            if d["severity"] == "error" and Path(d["path"]).stem == name
        ]

    def findings(self, name: str) -> list[str]:
        """All that is said about the file of a program, as `code: message`."""
        found = [d for d in self.diagnostics if Path(d["path"]).stem == name]
        return [f"{d['code']}: {d['message']}" for d in found]


def ask(verb: str, root: Path) -> Said:
    """`rex VERB` on a package."""
    answered = rex(verb, root, "--format", "json")
    document = answered.json("diagnostics")
    images = {a["name"]: Path(a["image"]) for a in document.get("artifacts", [])}
    return Said(answered.status, document["diagnostics"], images, root)


def write_package(root: Path, chosen: Iterable[Program]) -> Path:
    """A package in which each program is a binary of its own."""
    (root / "src/bin").mkdir(parents=True)
    (root / "Cargo.toml").write_text(MANIFEST.format(name=root.name) + ALLOWED, encoding="utf-8")
    manifest = MANIFEST.format(name="keeper").partition("[dependencies]")[0]
    write_library(root.parent / "keeper", manifest, KEEPER)
    for included in DIRECTORY.glob("*.txt"):
        shutil.copy(included, root / "src/bin")
    for program in chosen:
        path = root / "src/bin" / f"{program.name}.rs"
        path.write_text(program.crate(), encoding="utf-8")
    return root


def write_library(root: Path, manifest: str, source: str) -> None:
    """A library package."""
    (root / "src").mkdir(parents=True, exist_ok=True)
    (root / "Cargo.toml").write_text(manifest, encoding="utf-8")
    (root / "src/lib.rs").write_text(source, encoding="utf-8")


@pytest.fixture(scope="session")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Said]:
    """`asked(verb, *hows)`: what is said about the hostile programs that those close, once."""
    every = programs()
    known: dict[tuple[str, ...], Said] = {}

    def answer(verb: str, *hows: str) -> Said:
        key = (verb, *hows)
        if key not in known:
            chosen = [p for p in every if p.how in hows]
            root = tmp_path_factory.mktemp("holes") / "_".join(hows)
            known[key] = ask(verb, write_package(root, chosen))
        return known[key]

    return answer


@pytest.fixture(scope="session")
def benign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One extension with every harmless program as a module."""
    root = tmp_path_factory.mktemp("holes") / "harmless"
    (root / "src").mkdir(parents=True)
    (root / "Cargo.toml").write_text(MANIFEST.format(name="harmless"), encoding="utf-8")
    modules = "\n".join(p.module() for p in programs() if not p.hostile)
    source = f"#![no_std]\n#![no_main]\n#![allow(unused, non_upper_case_globals)]\n{modules}"
    (root / "src/main.rs").write_text(source, encoding="utf-8")
    return root
