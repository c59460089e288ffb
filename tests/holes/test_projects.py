# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Manifests, settings and surroundings that would get around the compiler's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.build.crates import MANIFEST, SOURCE, write_crate
from tests.cli.command import Ran, rex
from tests.samples.shapes import CARGO_CONFIG

WRITE = "core::ptr::write_volatile(8 as *mut u64, 1)"
SCRIPT = 'fn main() { println!("%s"); }\n'
UNSAFE = SOURCE + f"pub fn poke() {{ unsafe {{ {WRITE} }} }}\n"
KERNEL = 'kernel = { package = "rex", version = "*" }\n'
LIBRARY = '[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2024"\n{rest}'
ALLOW = '\n[[package.metadata.rex.allow-dependencies]]\nname = "{name}"\nreason = "to be tried"\n'


def manifest(rest: str = "", name: str = "sample") -> str:
    """The manifest of an extension with something behind it."""
    return MANIFEST.format(name=name) + rest


def library(name: str, source: str, rest: str = "") -> Mapping[str, str]:
    """Files of a library beside the extension."""
    return {
        f"{name}/Cargo.toml": LIBRARY.format(name=name, rest=rest),
        f"{name}/src/lib.rs": source,
    }


@dataclass(frozen=True)
class Project:
    """One extension package; `refused` is part of what `rex build` says, empty if it builds."""

    name: str
    refused: str
    files: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


def build(project: Project, directory: Path) -> Ran:
    """`rex build` on the package."""
    write_crate(directory, dict(project.files))
    return rex("build", directory, env=project.env)


UNSAFE_WORD = "rex::unsafe_code"
HOSTILE = (
    Project("lints_deleted", UNSAFE_WORD, {"src/main.rs": UNSAFE}),
    Project(
        "lints_allowed",
        UNSAFE_WORD,
        {"src/main.rs": UNSAFE, "Cargo.toml": manifest('[lints.rust]\nunsafe_code = "allow"\n')},
    ),
    Project(
        "lints_of_a_workspace",
        UNSAFE_WORD,
        {
            "src/main.rs": UNSAFE,
            "Cargo.toml": manifest(
                "[lints]\nworkspace = true\n[workspace]\n"
                '[workspace.lints.rust]\nunsafe_code = "allow"\n'
            ),
        },
    ),
    Project(
        "flags_in_the_environment",
        UNSAFE_WORD,
        {"src/main.rs": UNSAFE},
        {
            "RUSTFLAGS": "--cap-lints=allow",
            "CARGO_ENCODED_RUSTFLAGS": "--cap-lints=allow",
            "CARGO_BUILD_RUSTFLAGS": "--cap-lints=allow",
            "CARGO_TARGET_X86_64_UNKNOWN_NONE_RUSTFLAGS": "--cap-lints=allow",
            "REX_WRAP_LINTS": "",
            "RUSTC_BOOTSTRAP": "1",
        },
    ),
    Project(
        "wrapper_in_the_environment",
        UNSAFE_WORD,
        {"src/main.rs": UNSAFE},
        {
            "RUSTC_WRAPPER": "/bin/true",
            "RUSTC_WORKSPACE_WRAPPER": "/bin/true",
            "CARGO_BUILD_RUSTC_WRAPPER": "/bin/true",
            "RUSTC": "/bin/true",
        },
    ),
    Project(
        "settings_of_the_project",
        UNSAFE_WORD,
        {
            "src/main.rs": UNSAFE,
            ".cargo/config.toml": '[build]\nrustc-wrapper = "/bin/true"\n'
            'rustflags = ["--cap-lints=allow"]\n[env]\n'
            'REX_WRAP_LINTS = { value = "", force = true }\n',
            "rust-toolchain.toml": '[toolchain]\nchannel = "nightly"\n',
        },
    ),
    Project(
        "profile_of_its_own",
        UNSAFE_WORD,
        {
            "src/main.rs": UNSAFE,
            "Cargo.toml": manifest(
                '[profile.rex]\ninherits = "dev"\npanic = "unwind"\n'
                "[profile.release]\ndebug = false\n"
            ),
        },
    ),
    Project(
        "kernel_crate_patched",
        UNSAFE_WORD,
        {
            "src/main.rs": UNSAFE,
            "Cargo.toml": manifest('[patch.crates-io]\nrex = { path = "mine" }\n'),
            **library("mine", "#![no_std]\n"),
        },
    ),
    Project(
        "another_crate_called_rex",
        "`rex`",
        {
            "Cargo.toml": manifest().replace(
                'rex = "*"\n', KERNEL + 'rex = { path = "mine", package = "mine" }\n'
            ),
            **library(
                "mine",
                "#![no_std]\npub use kernel::*;\n",
                f"[dependencies]\n{KERNEL}",
            ),
        },
    ),
    Project("extension_called_rex", "`rex`", {"Cargo.toml": manifest(name="rex")}),
    Project(
        "extension_with_a_binary_called_rex",
        "`rex`",
        {"Cargo.toml": manifest('[[bin]]\nname = "rex"\npath = "src/main.rs"\n')},
    ),
    Project(
        "features_by_the_environment",
        "rex::unstable_feature",
        {
            "src/main.rs": "#![feature(core_intrinsics)]\n" + SOURCE,
        },
        {"RUSTC_BOOTSTRAP": "1"},
    ),
    Project(
        "build_script",
        "rex::dependency",
        {"build.rs": "fn main() {}\n"},
    ),
    Project(
        "build_script_that_renames_the_package",
        "CARGO_MANIFEST_DIR",
        {
            "build.rs": 'fn main() { println!("cargo::rustc-env=CARGO_MANIFEST_DIR=/nowhere"); }\n',
            "Cargo.toml": manifest(ALLOW.format(name="sample")),
        },
    ),
    Project(
        "build_script_that_takes_lints_away",
        "REX_WRAP_LINTS",
        {
            "build.rs": 'fn main() { println!("cargo::rustc-env=REX_WRAP_LINTS="); }\n',
            "Cargo.toml": manifest(ALLOW.format(name="sample")),
            "src/main.rs": UNSAFE,
        },
    ),
    Project(
        "build_script_that_links",
        "the image cannot be linked",
        {
            "build.rs": 'fn main() { println!("cargo::rustc-link-lib=static=c"); }\n',
            "Cargo.toml": manifest(ALLOW.format(name="sample")),
        },
    ),
    Project(
        "build_script_that_passes_linker_flags",
        "defsym",
        {
            "build.rs": SCRIPT % "cargo::rustc-link-arg-bins=--defsym=rex_trace=0",
            "Cargo.toml": manifest(ALLOW.format(name="sample")),
        },
    ),
    Project(
        "dependency_with_unsafe",
        "rex::dependency",
        {
            "Cargo.toml": manifest('mine = { path = "mine" }\n'),
            **library(
                "mine",
                f"#![no_std]\npub fn poke() {{ unsafe {{ {WRITE} }} }}\n",
            ),
        },
    ),
    Project(
        "dependency_with_a_macro_that_becomes_unsafe",
        "rex::dependency",
        {
            "Cargo.toml": manifest('mine = { path = "mine" }\n'),
            "src/main.rs": SOURCE + "pub fn poke() { mine::poke!() }\n",
            **library(
                "mine",
                "#![no_std]\n#[macro_export]\n"
                f"macro_rules! poke {{ () => {{ unsafe {{ {WRITE} }} }} }}\n",
            ),
        },
    ),
    Project(
        "dependency_with_a_macro_around_a_word",
        "unsafe",
        {
            "Cargo.toml": manifest('mine = { path = "mine" }\n'),
            "src/main.rs": SOURCE + f"pub fn poke() {{ mine::around!(unsafe {WRITE}) }}\n",
            **library(
                "mine",
                "#![no_std]\n#[macro_export]\n"
                "macro_rules! around { ($word:ident $e:expr) => { $word { $e } } }\n",
            ),
        },
    ),
    Project(
        "proc_macro",
        "rex::dependency",
        {
            "Cargo.toml": manifest('mine = { path = "mine" }\n'),
            **library(
                "mine",
                "use proc_macro::TokenStream;\n#[proc_macro]\n"
                'pub fn go(_: TokenStream) -> TokenStream { "unsafe {}".parse().unwrap() }\n',
                "[lib]\nproc-macro = true\n",
            ),
        },
    ),
    Project(
        "leak_in_a_dependency",
        "rex::dependency",
        {
            "Cargo.toml": manifest('mine = { path = "mine" }\n'),
            **library(
                "mine", "#![no_std]\npub fn keep<T>(value: T) { core::mem::forget(value) }\n"
            ),
        },
    ),
)
HARMLESS = (
    Project(
        "settings_that_say_nothing_here",
        "",
        {
            ".cargo/config.toml": CARGO_CONFIG,
            "clippy.toml": "",
            "rust-toolchain.toml": '[toolchain]\nchannel = "nightly"\n',
        },
    ),
    Project(
        "renamed_kernel_crate",
        "",
        {
            "Cargo.toml": manifest().replace(
                'rex = "*"', 'kernel = { package = "rex", version = "*" }'
            ),
            "src/main.rs": SOURCE.replace("use rex::", "use kernel::"),
        },
    ),
    Project(
        "safe_dependency",
        "",
        {
            "Cargo.toml": manifest('mine = { path = "mine" }\n'),
            "src/main.rs": SOURCE + "pub const ONE: u8 = mine::one();\n",
            **library("mine", "#![no_std]\npub const fn one() -> u8 { 1 }\n"),
        },
    ),
    Project(
        "without_debug_messages",
        "",
        {
            "Cargo.toml": manifest().replace(
                'rex = "*"', 'rex = { version = "*", default-features = false }'
            ),
            "src/main.rs": SOURCE.replace("(obj:", "(_:")
            .replace("obj.bpf_get_smp_processor_id(), ctx", "1, ctx")
            .replace("ctx: &'static", "_: &'static"),
        },
    ),
    Project(
        "build_script_for_a_cfg",
        "",
        {
            "build.rs": SCRIPT
            % r"cargo::rustc-check-cfg=cfg(fast)\ncargo::rustc-cfg=fast\ncargo::rustc-env=WORD=x",
            "Cargo.toml": manifest(ALLOW.format(name="sample")),
            "src/main.rs": SOURCE + '#[cfg(fast)] pub const WORD: &str = env!("WORD");\n',
        },
    ),
)


@pytest.mark.parametrize("project", HOSTILE, ids=lambda project: project.name)
def test_a_hostile_project_is_refused(project: Project, tmp_path: Path) -> None:
    ended = build(project, tmp_path / "project")
    assert ended.status != 0, ended.out
    assert project.refused in ended.out + ended.err
    assert not list(tmp_path.glob("project/target/rex/*.rex"))


@pytest.mark.parametrize("project", HARMLESS, ids=lambda project: project.name)
def test_a_harmless_project_is_built(project: Project, tmp_path: Path) -> None:
    ended = build(project, tmp_path / "project")
    assert (ended.status, ended.err.count("error")) == (0, 0), ended.out + ended.err
    assert list(tmp_path.glob("project/target/rex/*.rex"))
