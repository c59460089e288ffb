# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What is an extension: decided from manifests alone."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

from rex_lsp.project.packages import Packages

NONE: frozenset[str] = frozenset()


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def package(name: str, extra: str = '[dependencies]\nrex = "0.2"\n') -> str:
    return f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2024"\n{extra}'


def roots(path: Path) -> list[tuple[str, bool]]:
    found = Packages().roots_for(path, NONE)
    return [(str(root.path.name), root.extension) for root in found]


def test_a_bin_of_a_package_on_rex(tmp_path: Path) -> None:
    write(tmp_path, {"Cargo.toml": package("a"), "src/main.rs": ""})
    assert roots(tmp_path / "src/main.rs") == [("main.rs", True)]


def test_a_renamed_dependency(tmp_path: Path) -> None:
    manifest = package("a", '[dependencies]\nkern = { package = "rex", path = "../rex" }\n')
    write(tmp_path, {"Cargo.toml": manifest, "src/main.rs": ""})
    (root,) = Packages().roots_for(tmp_path / "src/main.rs", NONE)
    assert root.rex_name == "kern"


def test_a_plain_crate_is_none(tmp_path: Path) -> None:
    write(tmp_path, {"Cargo.toml": package("a", ""), "src/main.rs": ""})
    assert roots(tmp_path / "src/main.rs") == []


def test_a_dev_dependency_does_not_count(tmp_path: Path) -> None:
    manifest = package("a", '[dev-dependencies]\nrex = "0.2"\n')
    write(tmp_path, {"Cargo.toml": manifest, "src/main.rs": ""})
    assert roots(tmp_path / "src/main.rs") == []


def test_a_package_can_say_that_it_is_none(tmp_path: Path) -> None:
    manifest = package("a") + "[package.metadata.rex]\nextension = false\n"
    write(tmp_path, {"Cargo.toml": manifest, "src/main.rs": ""})
    assert roots(tmp_path / "src/main.rs") == []


def test_a_workspace_library_in_the_closure_counts_without_program_rules(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "Cargo.toml": '[workspace]\nmembers = ["ext", "shared", "tool"]\n',
            "ext/Cargo.toml": package("ext") + 'shared = { path = "../shared" }\n',
            "ext/src/main.rs": "",
            "shared/Cargo.toml": package("shared", ""),
            "shared/src/lib.rs": "",
            "tool/Cargo.toml": package("tool", ""),
            "tool/src/lib.rs": "",
        },
    )
    assert roots(tmp_path / "shared/src/lib.rs") == [("lib.rs", False)]
    assert roots(tmp_path / "tool/src/lib.rs") == []


def test_features_are_the_default_ones_and_what_they_switch_on(tmp_path: Path) -> None:
    manifest = package("a") + '[features]\ndefault = ["x"]\nx = ["y"]\ny = []\nz = []\n'
    write(tmp_path, {"Cargo.toml": manifest, "src/main.rs": ""})
    (root,) = Packages().roots_for(tmp_path / "src/main.rs", frozenset({"extra"}))
    assert root.features == {"default", "x", "y", "extra"}


def test_a_changed_manifest_is_read_again(tmp_path: Path) -> None:
    write(tmp_path, {"Cargo.toml": package("a", ""), "src/main.rs": ""})
    packages = Packages()
    assert packages.roots_for(tmp_path / "src/main.rs", NONE) == ()
    (tmp_path / "Cargo.toml").write_text(package("a"))
    os.utime(tmp_path / "Cargo.toml", ns=(1, 1))
    assert len(packages.roots_for(tmp_path / "src/main.rs", NONE)) == 1


def test_a_broken_manifest_has_no_roots_and_no_traceback(tmp_path: Path) -> None:
    write(tmp_path, {"Cargo.toml": "[package\n", "src/main.rs": ""})
    packages = Packages()
    assert packages.roots_for(tmp_path / "src/main.rs", NONE) == ()
    assert packages.manifest(tmp_path).problems
