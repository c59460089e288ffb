# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex build` and `rex check`: formats, exit statuses, bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.build.crates import MANIFEST, SOURCE, answered, with_body, write_crate
from tests.cli.command import rex

UNSAFE = with_body("    Ok(0)", items="pub fn read() -> u8 { unsafe { core::mem::zeroed() } }\n")


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_crate(tmp_path_factory.mktemp("cli"))


def test_a_clean_crate(crate: Path) -> None:
    built = rex("build", crate)
    assert (built.status, built.err.count("error")) == (0, 0)
    assert "sample.rex" in built.out
    assert (crate / "target/rex/sample.rex").is_file()
    checked = rex("check", crate)
    assert (checked.status, checked.out) == (0, "no problems found\n")
    document = rex("check", ".", "--format", "json", cwd=crate).json("diagnostics")
    assert document == {"version": 1, "diagnostics": []}
    artifacts = rex("build", crate, "--format=json").json("diagnostics")["artifacts"]
    assert artifacts == [
        {
            "name": "sample",
            "elf": str(crate / "target/rex/sample.elf"),
            "image": str(crate / "target/rex/sample.rex"),
        }
    ]


def test_findings_for_people_and_machines(crate: Path) -> None:
    source = SOURCE + 'const GRÖSSE: (&str, u8) = ("𝄞ü", "x");\n'
    write_crate(crate, {"src/main.rs": source})
    try:
        human = rex("check", crate)
        assert human.status == 1
        assert "error[E0308]: mismatched types" in human.out
        assert "--> src/main.rs:11:35" in human.out
        assert "\x1b[" not in human.out
        marks = human.out.splitlines()
        line = next(i for i, text in enumerate(marks) if "const GRÖSSE" in text)
        assert marks[line + 1].rstrip().endswith("^^^ expected `u8`, found `&str`") or (
            marks[line + 1].index("^") - marks[line].index('"x"') == 0
        )
        document = rex("check", crate, "--format=json").json("diagnostics")
        found = next(d for d in document["diagnostics"] if d["code"] == "E0308")
        assert found["path"] == "src/main.rs"
        # The clef is two UTF-16 units, one character for a person.
        assert found["range"] == {
            "start": {"line": 10, "character": 35},
            "end": {"line": 10, "character": 38},
        }
        failed = rex("build", crate, "--format=json")
        assert failed.status == 1
        assert failed.json("diagnostics")["artifacts"] == []
    finally:
        write_crate(crate)


def test_rules_and_compiler_speak_as_one(crate: Path) -> None:
    """The same fault found in two tiers is one finding, under the rule's code."""
    write_crate(crate, {"src/main.rs": UNSAFE})
    try:
        document = rex("check", crate, "--format=json").json("diagnostics")
        codes = [d["code"] for d in document["diagnostics"] if d["severity"] == "error"]
        assert codes == ["rex::unsafe_code"]
        quick = rex("check", crate, "--format=json", "--no-build").json("diagnostics")
        (found,) = [d for d in quick["diagnostics"] if d["severity"] == "error"]
        assert (found["code"], found["source"]) == ("rex::unsafe_code", "rex")
    finally:
        write_crate(crate)


def test_no_build_starts_nothing(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    crate = write_crate(
        tmp_path / "crate",
        {"build.rs": f'fn main() {{ std::fs::write({json.dumps(str(canary))}, "").unwrap(); }}\n'},
    )
    ran = rex("check", crate, "--no-build", env={"PATH": "/nonexistent"})
    assert (ran.status, ran.out) == (0, "no problems found\n")
    assert not canary.exists()
    assert not (crate / "target").exists()


@pytest.mark.parametrize(
    ("fail_on", "status"),
    [("error", 0), ("warning", 1), ("information", 1), ("hint", 1), ("never", 0)],
)
def test_fail_on(crate: Path, fail_on: str, status: int) -> None:
    write_crate(crate, {"src/main.rs": SOURCE + "fn unused() {}\n"})
    try:
        ran = rex("check", crate, "--fail-on", fail_on)
        assert ran.status == status
        assert "warning[dead_code]" in ran.out
    finally:
        write_crate(crate)


def test_a_workspace_is_checked_and_a_plain_crate_beside_it_is_not(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[workspace]\nmembers = ["ext", "plain"]\n')
    write_crate(tmp_path / "ext", {"src/main.rs": UNSAFE})
    write_crate(
        tmp_path / "plain",
        {
            "Cargo.toml": '[package]\nname = "plain"\nversion = "0.1.0"\nedition = "2024"\n',
            "src/main.rs": "fn main() { let x: f32 = 1.5; unsafe { std::hint::black_box(x); } }\n",
        },
    )
    document = rex("check", tmp_path, "--format=json").json("diagnostics")
    assert {d["path"] for d in document["diagnostics"]} == {"ext/src/main.rs"}


BAD_INPUT = [
    ({"Cargo.toml": "[package\n"}, 1, "not valid TOML"),
    ({"Cargo.toml": '[package]\nversion = "1"\n'}, 1, "[package] has no name"),
    ({"Cargo.toml": '[package]\nname = "x"\n[lib]\npath = "no.rs"\n'}, 1, "has no file no.rs"),
    ({"Cargo.toml": '[package]\nname = "x"\nedition = "2024"\n'}, 1, "does not depend on `rex`"),
    ({"Cargo.toml": MANIFEST.format(name="a b")}, 1, "a b"),
    (
        {"Cargo.toml": MANIFEST.format(name="x") + 'nothing = { path = "gone" }\n'},
        1,
        "nothing",
    ),
    ({"src/main.rs": "\0\1\2"}, 1, "error"),
    ({"src/main.rs": ""}, 1, "error"),
    ({"src/main.rs": "#![no_std]\n#![no_main]\nfn f( {"}, 1, "error"),
]


@pytest.mark.parametrize(("files", "status", "message"), BAD_INPUT)
@pytest.mark.parametrize("verb", ["build", "check"])
def test_bad_input_is_a_clear_message(
    tmp_path: Path, verb: str, files: dict[str, str], status: int, message: str
) -> None:
    crate = write_crate(tmp_path, files)
    ran = rex(verb, crate)
    assert ran.status == status
    assert message in ran.out
    assert len(ran.out.splitlines()) < 60
    rex(verb, crate, "--format=json").json("diagnostics")


def test_no_directory_and_no_manifest(tmp_path: Path) -> None:
    gone = rex("check", tmp_path / "gone")
    assert (gone.status, "does not exist" in gone.err) == (2, True)
    empty = tmp_path / "empty"
    empty.mkdir()
    ran = rex("build", empty)
    assert (ran.status, "no Cargo.toml" in ran.out) == (1, True)


def test_no_toolchain(crate: Path, tmp_path: Path) -> None:
    """The typing tier speaks all the same; the message names the repair."""
    write_crate(crate, {"src/main.rs": UNSAFE})
    empty = tmp_path / "empty"
    empty.mkdir()
    # Without a linker no toolchain is complete.
    env = {"PATH": str(empty), "RUSTUP_HOME": str(empty), "XDG_CACHE_HOME": str(empty / "c")}
    try:
        ran = rex("check", crate, env=env)
        assert ran.status == 2
        assert "error[rex::unsafe_code]" in ran.out
        assert "no usable Rust toolchain" in ran.err
        assert "apt-get install" in ran.err
        built = rex("build", crate, env=env)
        assert (built.status, "apt-get install" in built.err) == (2, True)
    finally:
        write_crate(crate)


def test_a_disk_that_takes_nothing(tmp_path: Path) -> None:
    """A file size limit of zero stands for the full disk; the words for it are its errno's."""
    crate = write_crate(tmp_path / "crate")
    script = 'ulimit -f 0; exec "$0" -m rex_lsp build "$1"'
    ended = subprocess.run(
        ["bash", "-c", script, sys.executable, str(crate)], capture_output=True, text=True
    )
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert f"to {crate}/target/rex" in ended.stderr
    assert not list((crate / "target/rex").rglob("*.rex"))


def test_an_installation_without_its_parts(crate: Path, tmp_path: Path) -> None:
    ran = rex("build", crate, env={"REX_NATIVE_DIR": str(tmp_path)})
    assert ran.status == 2
    assert "not part of this installation" in ran.err


def test_output_to_a_closed_pipe_is_no_error(crate: Path) -> None:
    command = f'"{sys.executable}" -m rex_lsp rules | head -n 1; exit "${{PIPESTATUS[0]}}"'
    ended = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env=dict(os.environ)
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_interrupt_ends_everything(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    crate = write_crate(
        tmp_path / "crate",
        {
            "Cargo.toml": MANIFEST.format(name="sample") + answered(),
            "build.rs": f"fn main() {{ std::fs::write({json.dumps(str(pid_file))}, "
            "std::process::id().to_string()).unwrap(); "
            "std::thread::sleep(std::time::Duration::from_secs(60)); }\n",
        },
    )
    running = subprocess.Popen(
        # In the background of a shell a test run has inherited that interrupts are ignored.
        ["env", "--default-signal=INT", sys.executable, "-m", "rex_lsp", "build", str(crate)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not (pid_file.exists() and pid_file.read_text()):
        assert time.monotonic() < deadline
        assert running.poll() is None, running.communicate()
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=10)
    assert running.returncode == 130
    assert "Traceback" not in errors
    status = Path("/proc") / pid_file.read_text() / "stat"
    assert not status.exists() or ") Z " in status.read_text()
