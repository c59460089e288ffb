# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Manifests read without cargo; `cargo metadata` is the oracle for targets."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from rex_lsp.build.manifest import read_manifest
from rex_lsp.build.toolchain import discover
from tests.build.crates import write_crate

HEAD = '[package]\nname = "p"\nversion = "0.1.0"\nedition = "2024"\n'


@pytest.mark.parametrize(
    ("dependencies", "expected"),
    [
        ('[dependencies]\nrex = "*"\n', "rex"),
        ('[dependencies]\nrex.path = "../rex"\n', "rex"),
        ('[dependencies.rex]\npath = "../../rex"\n', "rex"),
        ('[dependencies]\nkernel = { package = "rex", path = "../rex" }\n', "kernel"),
        ('[dependencies]\nmy-rex = { package = "rex", git = "file:///x" }\n', "my_rex"),
        ('[target.\'cfg(target_os = "none")\'.dependencies]\nrex = "*"\n', "rex"),
        ('[target.x86_64-unknown-none.dependencies.rex]\nversion = "*"\n', "rex"),
        ('[dev-dependencies]\nrex = "*"\n', None),
        ('[dependencies]\nrex-like = "*"\nrex = { package = "regex", version = "1" }\n', None),
        ("", None),
    ],
)
def test_the_rex_dependency_in_every_spelling(
    tmp_path: Path, dependencies: str, expected: str | None
) -> None:
    write_crate(tmp_path, {"Cargo.toml": HEAD + dependencies})
    manifest = read_manifest(tmp_path)
    assert manifest.problems == []
    assert manifest.rex_name == expected
    assert bool(manifest.extension_targets) == (expected is not None)


def test_a_workspace_dependency_is_resolved(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text(
        '[workspace]\nmembers = ["crates/*"]\nexclude = ["crates/other"]\n'
        '[workspace.package]\nedition = "2021"\nversion = "3.0.0"\n'
        '[workspace.dependencies]\nkernel = { package = "rex", path = "vendored/rex" }\n'
    )
    member = write_crate(
        tmp_path / "crates/one",
        {
            "Cargo.toml": '[package]\nname = "one"\nedition.workspace = true\n'
            "version.workspace = true\n[dependencies]\nkernel = { workspace = true }\n"
        },
    )
    outside = write_crate(tmp_path / "crates/other", name="other")
    manifest = read_manifest(member)
    assert (manifest.edition, manifest.version) == ("2021", "3.0.0")
    assert manifest.workspace_root == tmp_path
    assert manifest.rex_name == "kernel"
    dependency = manifest.dependencies[0]
    assert dependency.path == (tmp_path / "vendored/rex").resolve()
    assert read_manifest(outside).workspace_root is None
    assert member in read_manifest(tmp_path).members
    assert outside in read_manifest(tmp_path).members


@pytest.mark.parametrize(
    ("text", "message", "marked"),
    [
        ("[package\n", "not valid TOML", "\n"),
        ('name = "x"\n', "neither [package] nor [workspace]", ""),
        ('[package]\nversion = "1.0.0"\n', "no name", "[package]"),
        (HEAD + '[[bin]]\nname = "q"\n', "[[bin]] `q` has no file", "[[bin]]"),
        (HEAD + '[lib]\npath = "nowhere.rs"\n', "[lib] has no file nowhere.rs", "[lib]"),
        (HEAD + "[dependencies]\nx.workspace = true\n", "`x` is not in", "x.workspace = true"),
    ],
)
def test_what_is_wrong_has_its_place(tmp_path: Path, text: str, message: str, marked: str) -> None:
    write_crate(tmp_path, {"Cargo.toml": text})
    problem = read_manifest(tmp_path).problems[0]
    start, end = problem.span
    assert message in problem.message
    assert text.encode()[start:end].decode() == marked


def test_a_missing_manifest_says_what_to_do(tmp_path: Path) -> None:
    (problem,) = read_manifest(tmp_path).problems
    assert "no Cargo.toml" in problem.message
    assert "rex new" in problem.message


@pytest.mark.parametrize(
    ("manifest", "files"),
    [
        (HEAD, ["src/main.rs"]),
        (
            HEAD,
            ["src/main.rs", "src/lib.rs", "src/bin/a.rs", "src/bin/b/main.rs", "src/bin/c/x.rs"],
        ),
        (HEAD + "autobins = false\n", ["src/main.rs", "src/lib.rs"]),
        (HEAD + '[[bin]]\nname = "other"\npath = "code/m.rs"\n', ["src/main.rs", "code/m.rs"]),
        (HEAD + '[[bin]]\nname = "p"\npath = "src/main.rs"\n', ["src/main.rs", "src/bin/a.rs"]),
        (HEAD + '[lib]\ncrate-type = ["staticlib"]\nname = "s"\n', ["src/lib.rs"]),
        (HEAD + "[lib]\nproc-macro = true\n", ["src/lib.rs"]),
        (HEAD.replace("2024", "2015") + '[[bin]]\nname = "a"\n', ["src/bin/a.rs", "src/bin/b.rs"]),
    ],
)
async def test_targets_are_those_cargo_finds(
    tmp_path: Path, manifest: str, files: list[str]
) -> None:
    (tmp_path / "Cargo.toml").write_text(manifest)
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    toolchain = await discover()
    listing = subprocess.run(
        [
            str(toolchain.cargo),
            "metadata",
            "--no-deps",
            "--format-version=1",
            "--offline",
            f"--manifest-path={tmp_path / 'Cargo.toml'}",
        ],
        env=toolchain.environment(),
        cwd="/",
        check=True,
        capture_output=True,
    ).stdout
    expected = {
        (kind, target["name"], Path(target["src_path"]))
        for target in json.loads(listing)["packages"][0]["targets"]
        for kind in target["kind"]
    }
    found = {(t.kind, t.name, t.path) for t in read_manifest(tmp_path).targets}
    assert found == expected


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("", ["a", "b"]),
        ('[package.metadata.rex]\ntargets = ["b"]\n', ["b"]),
        ("[package.metadata.rex]\nextension = false\n", []),
    ],
)
def test_the_manifest_can_name_its_extensions(
    tmp_path: Path, metadata: str, expected: list[str]
) -> None:
    for name in ("a", "b"):
        path = tmp_path / f"src/bin/{name}.rs"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "Cargo.toml").write_text(HEAD + metadata + '[dependencies]\nrex = "*"\n')
    assert [t.name for t in read_manifest(tmp_path).extension_targets] == expected
