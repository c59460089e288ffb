# SPDX-License-Identifier: Apache-2.0 OR MIT
"""From sources to images with the real cargo and rustc."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rex_lsp.build import BuildResult, build, check
from rex_lsp.build.locations import kernel_crate
from rex_lsp.rules.finding import Severity
from tests.build.crates import MANIFEST, SOURCE, answered, with_body, write_crate


def said(result: BuildResult) -> list[str]:
    """Every message of error severity."""
    return [
        f"{path.name}: {f.message}"
        for path, found in result.findings.items()
        for f in found
        if f.severity is Severity.ERROR
    ]


def symbols(elf: Path) -> str:
    """What binutils finds in an ELF."""
    return subprocess.run(["nm", "-C", str(elf)], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One crate that several tests build again, so that the kernel crate is compiled once."""
    return write_crate(tmp_path_factory.mktemp("shared"))


async def test_a_build_gives_an_elf_and_an_image(shared: Path) -> None:
    result = await build(shared)
    assert said(result) == []
    assert result.ok
    assert result.elf == shared / "target/rex/sample.elf"
    assert result.image == shared / "target/rex/sample.rex"
    assert result.image.read_bytes().startswith(b"REXIMG\0\x01")
    headers = subprocess.run(
        ["readelf", "-hSW", str(result.elf)], check=True, capture_output=True, text=True
    ).stdout
    assert "EXEC (Executable file)" in headers
    assert ".rela.text" in headers
    disassembly = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", str(result.elf)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "<rex_cpu>" in disassembly
    assert "<__x86_return_thunk>" in disassembly
    assert "\tret" not in disassembly
    assert sorted(p.name for p in shared.iterdir()) == ["Cargo.toml", "src", "target"]


async def test_the_same_sources_give_the_same_image_anywhere(tmp_path: Path) -> None:
    images = []
    for place in ("a", "much/deeper/b"):
        crate = write_crate(tmp_path / place)
        result = await build(crate)
        assert result.image is not None
        images.append(result.image.read_bytes())
        shutil.rmtree(crate)
    assert images[0] == images[1]
    assert str(tmp_path).encode() not in images[0]


@pytest.mark.parametrize(
    "dependency",
    [
        'rex.path = "../nowhere/rex"',
        'rex = { version = "99", default-features = true }',
        'rex = { git = "file:///nowhere" }',
        'kernel = { package = "rex", version = "1" }',
        "[dependencies.rex]\npath = '../../rex'",
        "[target.'cfg(target_os = \"none\")'.dependencies]\nrex = '*'",
    ],
)
async def test_rex_is_ours_however_it_is_spelled(shared: Path, dependency: str) -> None:
    manifest = MANIFEST.format(name="sample").replace('rex = "*"', dependency)
    source = SOURCE.replace("rex::", "kernel::") if "kernel" in dependency else SOURCE
    write_crate(shared, {"Cargo.toml": manifest, "src/main.rs": source})
    try:
        result = await build(shared)
        assert said(result) == []
        assert result.image is not None
        assert str(kernel_crate()) in (shared / "target/rex/shadow/sample/Cargo.toml").read_text()
    finally:
        write_crate(shared)


async def test_nothing_of_the_projects_configuration_is_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each canary would make a file or fail the build if cargo, rustup or rustc obeyed it."""
    canary = tmp_path / "canary"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {canary}\nexit 1\n")
    program.chmod(0o755)
    configuration = (
        f'[build]\nrustc = "{program}"\nrustc-wrapper = "{program}"\n'
        f'rustc-workspace-wrapper = "{program}"\ntarget = "i686-unknown-linux-gnu"\n'
        f'rustflags = ["--cfg", "canary"]\ntarget-dir = "{canary}"\n'
        f'[target.x86_64-unknown-none]\nlinker = "{program}"\nrunner = "{program}"\n'
        '[profile.rex]\nopt-level = 0\npanic = "unwind"\n'
        '[unstable]\nbuild-std = ["core"]\n[env]\nCANARY = "1"\n'
    )
    crate = write_crate(
        tmp_path / "crate",
        {
            ".cargo/config.toml": configuration,
            "rust-toolchain.toml": '[toolchain]\nchannel = "1.0.0"\npath = "/nowhere"\n',
            "src/main.rs": SOURCE + '#[cfg(canary)]\ncompile_error!("canary");\n'
            'const _: () = assert!(option_env!("CANARY").is_none());\n',
        },
    )
    for name in ("RUSTC", "RUSTC_WRAPPER", "RUSTDOC", "CARGO_BUILD_RUSTC", "RUSTC_LINKER"):
        monkeypatch.setenv(name, str(program))
    monkeypatch.setenv("RUSTFLAGS", "--cfg canary")
    monkeypatch.setenv("CARGO_TARGET_DIR", str(canary))
    monkeypatch.setenv("RUSTUP_TOOLCHAIN", "canary")
    monkeypatch.setenv("CARGO_PROFILE_REX_PANIC", "unwind")
    monkeypatch.chdir(crate)
    result = await build(crate)
    assert said(result) == []
    assert (await check(crate)).ok
    assert not canary.exists()


async def test_a_person_s_own_cargo_home_gives_mirrors_but_no_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "cargo-home"
    home.mkdir()
    (home / "config.toml").write_text(
        '[build]\nrustflags = ["--cfg", "canary"]\nrustc-wrapper = "/nowhere"\n'
        "[profile.release]\nopt-level = 0\nlto = false\n"
        '[target.x86_64-unknown-none]\nlinker = "/nowhere"\n'
    )
    monkeypatch.setenv("CARGO_HOME", str(home))
    crate = write_crate(
        tmp_path / "crate", {"src/main.rs": SOURCE + '#[cfg(canary)]\ncompile_error!("canary");\n'}
    )
    assert said(await build(crate)) == []


async def test_a_staticlib_becomes_a_program(tmp_path: Path) -> None:
    crate = write_crate(
        tmp_path,
        {
            "Cargo.toml": MANIFEST.format(name="as-library")
            + '[lib]\ncrate-type = ["staticlib"]\n',
            "src/lib.rs": SOURCE.replace("#![no_main]\n", ""),
        },
    )
    (crate / "src/main.rs").unlink()
    result = await build(crate)
    assert said(result) == []
    assert [a.name for a in result.artifacts] == ["as_library"]


async def test_a_workspace_with_a_shared_library(tmp_path: Path) -> None:
    """The library uses `rex` too: there must be one kernel crate, and its own lines."""
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["ext", "shared"]\nresolver = "2"\n'
        '[workspace.dependencies]\nrex = { path = "nowhere/rex" }\nshared = { path = "shared" }\n'
        '[workspace.lints.rust]\nunused_variables = "deny"\n',
        "ext/Cargo.toml": '[package]\nname = "ext"\nversion = "0.1.0"\nedition = "2024"\n'
        "[dependencies]\nrex.workspace = true\nshared.workspace = true\n"
        "[lints]\nworkspace = true\n",
        "ext/src/main.rs": with_body("    shared::run(obj)")
        .replace("Result, rex_printk, ", "Result, ")
        .replace("ctx: &'static", "_: &'static"),
        "shared/Cargo.toml": '[package]\nname = "shared"\nversion = "0.1.0"\nedition = "2024"\n'
        "[dependencies]\nrex = { workspace = true }\n",
        "shared/src/lib.rs": "#![no_std]\nuse rex::tracepoint::*;\n"
        "pub fn run(obj: &tracepoint<SyscallsEnterDupCtx>) -> rex::Result {\n"
        "    Ok(obj.bpf_get_smp_processor_id())\n}\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    result = await build(tmp_path / "ext")
    assert said(result) == []
    assert result.elf == tmp_path / "target/rex/ext.elf"
    library = tmp_path / "shared/src/lib.rs"
    library.write_text(library.read_text() + "pub unsafe fn bad() {}\n")
    checked = await check(tmp_path / "ext")
    assert list(checked.findings) == [library]
    assert {f.code for f in checked.findings[library]} & {"unsafe_code", "rex::unsafe_code"}


async def test_a_build_script_finds_its_files_and_no_privilege(tmp_path: Path) -> None:
    crate = write_crate(
        tmp_path,
        {
            "data/number.txt": "41",
            "Cargo.toml": MANIFEST.format(name="sample") + answered(),
            "build.rs": "fn main() {\n"
            '    let text = std::fs::read_to_string("data/number.txt").unwrap();\n'
            "    let n: u32 = text.trim().parse().unwrap();\n"
            '    assert!(std::env::var("RUSTC_BOOTSTRAP").is_err());\n'
            '    println!("cargo::rustc-env=NUMBER={}", n + 1);\n'
            '    println!("cargo::rustc-check-cfg=cfg(made)");\n'
            '    println!("cargo::rustc-cfg=made");\n}\n',
            "src/main.rs": SOURCE
            + 'const _: () = assert!(matches!(env!("NUMBER").as_bytes(), b"42"));\n'
            + '#[cfg(not(made))]\ncompile_error!("no cfg");\n',
        },
    )
    assert said(await build(crate)) == []
    (crate / "build.rs").write_text('fn main() { panic!("no number today"); }\n')
    result = await build(crate)
    assert not result.ok
    (message,) = said(result)
    assert message.startswith("build.rs: the build script failed")
    assert "no number today" in message


async def test_features_reach_the_compiler(tmp_path: Path) -> None:
    crate = write_crate(
        tmp_path,
        {
            "Cargo.toml": MANIFEST.format(name="sample") + "[features]\nextra = []\n",
            "src/main.rs": SOURCE + '#[cfg(feature = "extra")]\ncompile_error!("extra is on");\n',
        },
    )
    assert said(await build(crate)) == []
    assert said(await build(crate, features=["extra"])) == ["main.rs: extra is on"]
    (message,) = said(await build(crate, features=["absent"]))
    assert message.startswith("Cargo.toml: ")
    assert "absent" in message


async def test_a_target_whose_features_are_off_is_said(tmp_path: Path) -> None:
    manifest = MANIFEST.format(name="sample") + (
        '[features]\nextra = []\n[[bin]]\nname = "sample"\nrequired-features = ["extra"]\n'
    )
    crate = write_crate(tmp_path, {"Cargo.toml": manifest})
    result = await build(crate)
    assert not result.ok
    (message,) = said(result)
    assert "`sample` needs the features extra" in message
    assert (await build(crate, features=["extra"])).ok


async def test_a_folder_that_cannot_be_written_is_built_in_the_cache(tmp_path: Path) -> None:
    crate = write_crate(tmp_path / "crate")
    # A file in the place of the directory stops root as well as everybody else.
    (crate / "target").write_text("")
    result = await build(crate)
    assert said(result) == []
    assert result.image is not None
    assert not result.image.is_relative_to(crate)
    shutil.rmtree(result.image.parent)


async def test_cancelling_leaves_no_process(tmp_path: Path) -> None:
    """The build script and a child of it sleep; both are gone 300 ms after the cancel."""
    pids = tmp_path / "pids"
    crate = write_crate(
        tmp_path / "crate",
        {
            "Cargo.toml": MANIFEST.format(name="sample") + answered(),
            "build.rs": "use std::io::Write;\nfn main() {\n"
            '    let child = std::process::Command::new("sleep").arg("60").spawn().unwrap();\n'
            f'    let mut f = std::fs::File::create("{pids}.new").unwrap();\n'
            '    write!(f, "{} {}", std::process::id(), child.id()).unwrap();\n'
            f'    std::fs::rename("{pids}.new", "{pids}").unwrap();\n'
            "    std::thread::sleep(std::time::Duration::from_secs(60));\n}\n",
        },
    )
    for how in ("task", "event"):
        event = asyncio.Event()
        task = asyncio.create_task(build(crate, cancel=event))
        while not pids.exists():
            await asyncio.sleep(0.01)
            assert not task.done(), task
        running = [int(pid) for pid in pids.read_text().split()]
        assert all(alive(pid) for pid in running)
        started = time.monotonic()
        task.cancel() if how == "task" else event.set()
        with pytest.raises((asyncio.CancelledError, Exception)) as caught:
            await task
        while any(alive(pid) for pid in running):
            assert time.monotonic() - started < 0.3
            await asyncio.sleep(0.001)
        assert time.monotonic() - started < 0.3
        assert caught.type.__name__ == ("CancelledError" if how == "task" else "Cancelled")
        pids.unlink()


async def test_a_killed_caller_leaves_no_process(tmp_path: Path) -> None:
    """Not even SIGKILL, which nobody can prepare for, leaves cargo or a build script behind."""
    pids = tmp_path / "pids"
    crate = write_crate(
        tmp_path / "crate",
        {
            "Cargo.toml": MANIFEST.format(name="sample") + answered(),
            "build.rs": "fn main() {\n"
            f'    std::fs::write("{pids}.new", std::process::id().to_string()).unwrap();\n'
            f'    std::fs::rename("{pids}.new", "{pids}").unwrap();\n'
            "    std::thread::sleep(std::time::Duration::from_secs(60));\n}\n",
        },
    )
    caller = subprocess.Popen([sys.executable, "-m", "rex_lsp", "build", str(crate)])
    while not pids.exists():
        await asyncio.sleep(0.01)
        assert caller.poll() is None
    pid = int(pids.read_text())
    assert alive(pid)
    caller.kill()
    caller.wait()
    deadline = time.monotonic() + 1
    while alive(pid):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether the process runs; one that waits to be reaped by init does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def test_a_warm_check_costs_little_over_cargo(shared: Path) -> None:
    """Everything around cargo: manifest, shadow, lock file, reading messages."""
    await check(shared)
    times = []
    for _ in range(3):
        started = time.monotonic()
        assert (await check(shared)).ok
        times.append(time.monotonic() - started)
    assert min(times) < 0.5


async def test_a_changed_kernel_crate_is_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of a reinstalled wheel can be older than what was compiled from the last one."""
    from rex_lsp.build.locations import flag_list, link_script, native

    installation = tmp_path / "native"
    for part in ("rex", "rex-macros"):
        shutil.copytree(kernel_crate() / part, installation / "kernel_crate" / part)
    (installation / "bin").mkdir()
    for program in ("rexrt", "rex-rustc"):
        (installation / "bin" / program).symlink_to(native(program))
    for file in (link_script(), flag_list()):
        shutil.copy(file, installation)
    monkeypatch.setenv("REX_NATIVE_DIR", str(installation))
    crate = write_crate(tmp_path / "crate")
    assert said(await build(crate)) == []
    source = installation / "kernel_crate/rex/src/lib.rs"
    source.write_text(source.read_text() + '\ncompile_error!("changed");\n')
    os.utime(source, (1, 1))
    assert any("changed" in message for message in said(await build(crate)))
