# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Which toolchains are taken, which refused and why, and the one-time core library."""

from __future__ import annotations

import asyncio
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rex_lsp.build import Cancelled, CannotBuild, ToolchainMissing, discover, ensure_sysroot
from rex_lsp.build.process import clean_environment
from rex_lsp.build.sysroot import sysroot_dir
from rex_lsp.build.toolchain import survey


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "rex"


def program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def candidate(
    prefix: Path, release: str = "1.96.0", *, clippy: str | None = None, source: str | None = ""
) -> Path:
    """A prefix whose programs answer like rustc `release` and a clippy of `clippy`."""
    version = f"rustc {release} (abc 2026-01-01)"
    answer = f"echo '{version}'\necho 'release: {release}'\necho 'commit-hash: abc'"
    program(prefix / "bin/rustc", answer)
    program(prefix / "bin/cargo", "echo cargo")
    program(prefix / "bin/clippy-driver", f"echo '{clippy or version}'")
    if source is not None:
        tree = prefix / "lib/rustlib/src/rust"
        (tree / "library/core/src").mkdir(parents=True)
        (tree / "library/core/src/lib.rs").write_text("")
        if source:
            (tree / "src").mkdir()
            (tree / "src/version").write_text(source)
    return prefix


async def test_this_machine_has_one() -> None:
    toolchain = await discover()
    answer = subprocess.run([str(toolchain.rustc), "-vV"], check=True, capture_output=True).stdout
    assert f"commit-hash: {toolchain.commit}" in answer.decode()
    assert "rustup" not in str(toolchain.rustc.resolve().name)
    assert (toolchain.core / "core/src/lib.rs").is_file()


async def test_refusals_say_why(cache: Path, tmp_path: Path) -> None:
    proxy = candidate(tmp_path / "proxy")
    (proxy / "bin/rustc").rename(proxy / "bin/rustup")
    (proxy / "bin/rustc").symlink_to("rustup")
    broken = candidate(tmp_path / "broken")
    program(broken / "bin/rustc", "echo 'error: no such thing' >&2; exit 1")
    headless = candidate(tmp_path / "headless")
    (headless / "bin/clippy-driver").unlink()
    prefixes = {
        "absent": tmp_path / "absent",
        "proxy": proxy,
        "broken": broken,
        "old": candidate(tmp_path / "old", "1.63.0"),
        "no clippy": headless,
        "other clippy": candidate(tmp_path / "other", clippy="rustc 1.95.0 (def 2025-01-01)"),
        "no source": candidate(tmp_path / "no-source", source=None),
        "other source": candidate(tmp_path / "other-source", source="1.95.0"),
    }
    found, refusals = await survey(list(prefixes.items()))
    why = {refusal.name: refusal.why for refusal in refusals}
    assert found == []
    assert "no " in why["absent"]
    assert "rustup's proxy" in why["proxy"]
    assert "error: no such thing" in why["broken"]
    assert "1.63.0, expected 1.96.0 or newer" in why["old"]
    assert "no clippy-driver" in why["no clippy"]
    assert "another commit" in why["other clippy"]
    assert "no core source" in why["no source"]
    assert "core source is of 1.95.0" in why["other source"]
    with pytest.raises(ToolchainMissing) as caught:
        await discover(list(prefixes.items()))
    assert any("apt-get install" in step for step in caught.value.repair)
    assert any("rustup" in step for step in caught.value.repair)


async def test_stable_before_nightly_and_new_before_old(cache: Path, tmp_path: Path) -> None:
    prefixes = [
        ("nightly", candidate(tmp_path / "a", "1.99.0-nightly")),
        ("old", candidate(tmp_path / "b", "1.96.0")),
        ("new", candidate(tmp_path / "c", "1.97.1")),
    ]
    found, refusals = await survey(prefixes)
    assert [t.release for t in found] == ["1.97.1", "1.96.0", "1.99.0-nightly"]
    assert refusals == []


async def test_a_replaced_compiler_is_asked_again(cache: Path, tmp_path: Path) -> None:
    prefix = candidate(tmp_path / "t", "1.96.0")
    assert (await discover([("t", prefix)])).release == "1.96.0"
    candidate_again = (prefix / "bin/rustc").read_text().replace("1.96.0", "1.97.0")
    program(prefix / "bin/rustc", candidate_again)
    program(prefix / "bin/clippy-driver", "echo 'rustc 1.97.0 (abc 2026-01-01)'")
    assert (await discover([("t", prefix)])).release == "1.97.0"


def test_the_environment_cannot_redirect_cargo() -> None:
    dirty = {
        "PATH": "/bin",
        "CARGO_HOME": "/h",
        "CARGO_NET_OFFLINE": "true",
        "CARGO_REGISTRIES_MINE_INDEX": "x",
        "RUSTFLAGS": "x",
        "RUSTUP_TOOLCHAIN": "x",
        "RUSTC_WRAPPER": "x",
        "RUSTC_BOOTSTRAP": "1",
        "CARGO_BUILD_TARGET": "x",
        "CARGO_TARGET_DIR": "x",
        "CARGO_PROFILE_RELEASE_LTO": "x",
        "CARGO_ENCODED_RUSTFLAGS": "x",
        "CLIPPY_CONF_DIR": "x",
        "REX_WRAP_LINTS": "x",
        "MAKEFLAGS": "-j",
    }
    assert set(clean_environment(dirty)) == {
        "PATH",
        "CARGO_HOME",
        "CARGO_NET_OFFLINE",
        "CARGO_REGISTRIES_MINE_INDEX",
    }


COMPILER = """\
echo "$@" >> {calls}
for argument; do case $argument in --out-dir=*) out=${{argument#--out-dir=}};; esac; done
sleep {seconds}
touch $out/made
"""


async def test_two_callers_compile_core_once(cache: Path, tmp_path: Path) -> None:
    """The compiler here is a script that counts its calls."""
    calls = tmp_path / "calls"
    program(tmp_path / "rustc", COMPILER.format(calls=calls, seconds=0.2))
    toolchain = replace(await discover(), rustc=tmp_path / "rustc")
    one, two = await asyncio.gather(ensure_sysroot(toolchain), ensure_sysroot(toolchain))
    assert one == two == sysroot_dir(toolchain)
    assert (one / "lib/rustlib/x86_64-unknown-none/lib/made").exists()
    assert len(calls.read_text().splitlines()) == 2, "core and compiler_builtins, once each"


async def test_a_cancelled_compilation_leaves_nothing(cache: Path, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    program(tmp_path / "rustc", COMPILER.format(calls=calls, seconds=60))
    toolchain = replace(await discover(), rustc=tmp_path / "rustc")
    cancel = asyncio.Event()
    task = asyncio.create_task(ensure_sysroot(toolchain, None, cancel))
    while not calls.exists():
        await asyncio.sleep(0.01)
    started = time.monotonic()
    cancel.set()
    with pytest.raises(Cancelled):
        await task
    assert time.monotonic() - started < 0.3
    assert [p.suffix for p in (cache / "sysroot").iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("script", "message", "repair"),
    [
        ("echo 'error: failed to write: No space left on device' >&2; exit 1", "no space", "df -h"),
        ("echo 'error[E0000]: bad core' >&2; exit 1", "error[E0000]: bad core", "rex doctor"),
    ],
)
async def test_a_failed_compilation_says_what_to_do(
    cache: Path, tmp_path: Path, script: str, message: str, repair: str
) -> None:
    program(tmp_path / "rustc", script)
    toolchain = replace(await discover(), rustc=tmp_path / "rustc")
    with pytest.raises(CannotBuild) as caught:
        await ensure_sysroot(toolchain)
    assert message in caught.value.message
    assert any(repair in step for step in caught.value.repair)
    assert not sysroot_dir(toolchain).exists()


async def test_a_cache_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toolchain = await discover()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(CannotBuild) as caught:
        await ensure_sysroot(toolchain)
    assert "cannot write the compiled core library" in caught.value.message
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
