# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The verbs that print or write something small, and the table they stand in."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from rex_lsp.cli.verbs import VERBS
from tests.cli.command import rex
from tests.deploy.daemon import own_runtime_directory


def test_help_lists_every_verb() -> None:
    ran = rex("--help")
    assert ran.status == 0
    listed = re.findall(r"^    (\w+)(?: |$)", ran.out, re.M)
    assert listed == list(VERBS)


@pytest.mark.parametrize("verb", list(VERBS))
def test_every_verb_explains_itself(verb: str) -> None:
    ran = rex(verb, "--help")
    assert ran.status == 0
    assert ran.out.startswith(f"usage: rex {verb}")


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["check", "--nonsense"]])
def test_usage_is_exit_2(arguments: list[str]) -> None:
    ran = rex(*arguments)
    assert ran.status == 2
    assert "usage: rex" in ran.err


def test_version() -> None:
    from rex_lsp import __version__

    assert rex("--version").out == f"rex {__version__}\n"


def test_doctor_on_this_machine() -> None:
    ran = rex("doctor")
    assert ran.status == 0, ran.out
    assert "everything rex needs is here" in ran.out
    document = rex("doctor", "--format=json").json("doctor")
    states = {check["name"]: check["state"] for check in document["checks"]}
    assert states["Rust toolchain"] == "ok"
    assert states["target sim"] == "ok"


def test_doctor_names_what_is_missing_and_its_repair(tmp_path: Path) -> None:
    env = {"PATH": str(tmp_path), "RUSTUP_HOME": str(tmp_path), "REX_NATIVE_DIR": str(tmp_path)}
    ran = rex("doctor", "--format=json", env=env)
    assert ran.status == 1
    missing = {
        c["name"]: c["repair"] for c in ran.json("doctor")["checks"] if c["state"] == "missing"
    }
    assert {"linker", "C compiler", "Rust toolchain", "the rustc wrapper"} <= set(missing)
    assert missing["linker"] == ["apt-get install -y binutils"]
    assert all(missing.values())


@pytest.mark.parametrize("kind", ["tracepoint", "kprobe", "xdp"])
def test_a_new_extension_works_as_it_is(tmp_path: Path, kind: str) -> None:
    made = rex("new", "my-probe", "--kind", kind, cwd=tmp_path)
    assert made.status == 0, made.err
    checked = rex("check", tmp_path / "my-probe", "--fail-on", "warning")
    assert checked.status == 0, checked.out
    built = rex("build", "my-probe", cwd=tmp_path)
    assert built.status == 0, built.out
    assert (tmp_path / "my-probe/target/rex/my-probe.rex").is_file()
    with own_runtime_directory():
        tested = rex("test", "my-probe", cwd=tmp_path)
    assert "test result: ok. 1 passed" in tested.out, tested.out
    again = rex("new", "my-probe", cwd=tmp_path)
    assert (again.status, "not empty" in again.err) == (2, True)


@pytest.mark.parametrize("name", ["9lives", "core", "fn", "a b", "ü", "rex"])
def test_a_name_that_cannot_be_a_crate(tmp_path: Path, name: str) -> None:
    ran = rex("new", name, cwd=tmp_path)
    assert ran.status == 2
    assert list(tmp_path.iterdir()) == []


def test_rules_and_their_pages() -> None:
    document = rex("rules", "--format=json").json("rules")
    codes = [rule["code"] for rule in document["rules"]]
    assert codes == sorted(codes)
    human = rex("rules").out
    assert all(code in human for code in codes)
    page = rex("explain", "leak")
    assert page.status == 0
    assert page.out == rex("explain", "rex::leak").out
    assert page.out.lstrip().startswith("#")
    explained = rex("explain", "leak", "--format=json").json("explain")
    assert explained["page"] == page.out
    assert explained["rule"] == next(r for r in document["rules"] if r["code"] == "rex::leak")
    assert explained["rule"]["fixes"] == [
        {"title": "drop the value instead", "applicability": "safe"},
        {"title": "use the value itself", "applicability": "unsafe"},
    ]
    assert "- drop the value instead (safe: `rex check --fix` applies it)" in page.out
    unknown = rex("explain", "laek")
    assert (unknown.status, "rex::leak" in unknown.err) == (2, True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_name_every_verb(shell: str) -> None:
    script = rex("completions", shell).out
    assert all(verb in script for verb in VERBS)


def test_bash_completes_verbs_and_options() -> None:
    script = rex("completions", "bash").out + (
        '\nCOMP_WORDS=(rex che); COMP_CWORD=1; _rex; echo "${COMPREPLY[*]}"'
        '\nCOMP_WORDS=(rex check --no); COMP_CWORD=2; _rex; echo "${COMPREPLY[*]}"\n'
    )
    ended = subprocess.run(
        ["bash", "--norc"], input=script, capture_output=True, text=True, cwd="/proc/self/fd"
    )
    assert ended.stdout.splitlines() == ["check", "--no-build"], ended.stderr
