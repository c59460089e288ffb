# SPDX-License-Identifier: Apache-2.0 OR MIT
"""SARIF and GitHub's annotations: valid, relative to the sources, stable across commits."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from rex_lsp.rules.registry import RULES
from tests.build.crates import SOURCE, write_crate
from tests.cli.command import Ran, rex

LEAK = "fn held(x: u8) { core::mem::forget(x) }\n"
BROKEN = SOURCE + LEAK + 'const GRÖSSE: (&str, u8) = ("𝄞ü", "x");\n'
KEPT = LEAK.replace("held", "kept")
NO_JOB = {"GITHUB_WORKSPACE": ""}


def run_of(ran: Ran) -> Any:
    (run,) = ran.json("sarif")["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return run


def fingerprints(run: Any, code: str) -> list[str]:
    found = [r for r in run["results"] if r["ruleId"] == code]
    return [r["partialFingerprints"]["rexFinding/v1"] for r in found]


def typed(crate: Path, text: str) -> Any:
    write_crate(crate, {"src/main.rs": text})
    return run_of(rex("check", crate, "--no-build", "--format=sarif", env=NO_JOB))


def test_a_log_of_all_tiers(tmp_path: Path) -> None:
    crate = write_crate(tmp_path, {"src/main.rs": BROKEN})
    ran = rex("check", crate, "--format=sarif", env=NO_JOB)
    run = run_of(ran)
    assert ran.status == 1
    assert run["invocations"] == [
        {"executionSuccessful": True, "exitCode": 1, "toolExecutionNotifications": []}
    ]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert set(RULES) <= set(rules)
    assert rules["rex::leak"]["help"]["markdown"].startswith("# ")
    assert rules["rex::leak"]["properties"]["tags"] == ["rex", "safety"]
    assert rules["E0308"]["helpUri"].endswith("/E0308.html")
    by_code = {result["ruleId"]: result for result in run["results"]}
    # The clef is two UTF-16 units; lines and columns count from one.
    (location,) = by_code["E0308"]["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "src/main.rs", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12, "startColumn": 36, "endLine": 12, "endColumn": 39},
    }
    (fix,) = by_code["rex::leak"]["fixes"]
    assert fix["properties"] == {"applicability": "safe"}
    (change,) = fix["artifactChanges"]
    assert change["replacements"][0]["insertedContent"] == {"text": "drop"}
    # Nothing of this machine is in it.
    assert str(tmp_path) not in ran.out


def test_a_fingerprint_survives_what_happens_elsewhere(tmp_path: Path) -> None:
    before = fingerprints(
        typed(tmp_path, SOURCE + LEAK + LEAK.replace("held", "kept")), "rex::leak"
    )
    assert len(set(before)) == 2
    shifted = SOURCE.replace("use rex::tr", "// one\n// more\nuse rex::tr", 1)
    after = typed(
        tmp_path, shifted + LEAK.replace(" { ", "   {  ") + "\n" + LEAK.replace("held", "kept")
    )
    assert fingerprints(after, "rex::leak") == before
    cloned = LEAK.replace("x)", "x.clone())")
    changed = fingerprints(typed(tmp_path, SOURCE + cloned), "rex::leak")
    assert not set(changed) & set(before)
    twice = fingerprints(typed(tmp_path, SOURCE + LEAK + LEAK), "rex::leak")
    assert len(set(twice)) == 2


def test_the_same_log_from_everywhere(tmp_path: Path) -> None:
    """Relative to the repository; two projects of one have categories of their own."""
    (tmp_path / ".git").mkdir()
    crate = write_crate(tmp_path / "exts/one", {"src/main.rs": SOURCE + LEAK})
    arguments = ("--no-build", "--format=sarif")
    above = rex("check", "exts/one", *arguments, cwd=tmp_path, env=NO_JOB)
    within = rex("check", *arguments, cwd=crate, env=NO_JOB)
    assert above.out == within.out
    run = run_of(above)
    assert run["automationDetails"] == {"id": "rex/check/exts/one/"}
    assert '"uri": "exts/one/src/main.rs"' in above.out
    job = rex("check", *arguments, cwd=crate, env={"GITHUB_WORKSPACE": str(tmp_path / "exts")})
    assert '"uri": "one/src/main.rs"' in job.out


@pytest.mark.parametrize("name", ["a b#c?%41", "ü:x", os.fsdecode(b"b\xff")])
def test_names_that_a_uri_has_to_escape(tmp_path: Path, name: str) -> None:
    crate = write_crate(tmp_path / name, {"src/main.rs": SOURCE + LEAK})
    env = {"GITHUB_WORKSPACE": str(tmp_path)}
    run = run_of(rex("check", crate, "--no-build", "--format=sarif", env=env))
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert unquote_to_bytes(uri.removeprefix("./")) == os.fsencode(f"{name}/src/main.rs")
    for form in ("human", "json", "github"):
        assert rex("check", crate, "--no-build", "--format", form, env=env).status == 1


def test_a_file_outside_of_the_sources_is_absolute(tmp_path: Path) -> None:
    shared = write_crate(tmp_path / "shared", {"src/main.rs": LEAK}) / "src/main.rs"
    text = SOURCE + '#[path = "../../shared/src/main.rs"]\nmod shared;\n'
    crate = write_crate(tmp_path / "ext", {"src/main.rs": text})
    run = run_of(rex("check", crate, "--no-build", "--format=sarif", env=NO_JOB))
    (found,) = [r for r in run["results"] if r["ruleId"] == "rex::leak"]
    place = found["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": shared.as_uri()}


def test_a_run_that_is_not_complete_says_so(tmp_path: Path) -> None:
    crate = write_crate(tmp_path / "crate", {"src/main.rs": SOURCE + LEAK})
    empty = tmp_path / "empty"
    empty.mkdir()
    env = {**NO_JOB, "PATH": str(empty), "RUSTUP_HOME": str(empty), "XDG_CACHE_HOME": str(empty)}
    ran = rex("check", crate, "--format=sarif", env=env)
    assert ran.status == 2
    (invocation,) = run_of(ran)["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    assert "toolchain" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    github = rex("check", crate, "--format=github", env=env)
    assert "::error title=rex::no usable Rust toolchain" in github.out


def test_annotations_are_escaped_and_the_severe_come_first(tmp_path: Path) -> None:
    crate = write_crate(tmp_path / "50%,a", {"src/main.rs": SOURCE + "\n" + LEAK})
    ran = rex("check", crate, "--format=github", env={"GITHUB_WORKSPACE": str(tmp_path)})
    lines = ran.out.splitlines()
    form = re.compile(r"::(error|warning|notice) (\w+=[^:,]*(?:,\w+=[^:,]*)*)::(.+)")
    read = [form.fullmatch(line) for line in lines]
    assert all(read), lines
    kinds = [match[1] for match in read if match]
    assert kinds == sorted(kinds) and {"error", "warning"} <= set(kinds)
    leak = next(line for line in lines if "rex%3A%3Aleak" in line)
    assert "file=50%25%2Ca/src/main.rs,line=12,col=18,endLine=12,endColumn=35::" in leak
    assert "%0Afix (safe): drop the value instead" in leak


def test_several_directories_at_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_crate(tmp_path / name, {"src/main.rs": SOURCE + LEAK}, name=name)
    ran = rex("check", "a", tmp_path / "b", "a", "--no-build", "--format=json", cwd=tmp_path)
    found = ran.json("diagnostics")["diagnostics"]
    assert [d["path"] for d in found] == ["a/src/main.rs", "b/src/main.rs"]


def test_files_stand_for_their_packages(tmp_path: Path) -> None:
    """As a hook over the files of a commit names them."""
    crate = write_crate(tmp_path / "ext", {"src/main.rs": SOURCE + LEAK})
    plain = '[package]\nname = "plain"\nversion = "0.1.0"\n'
    write_crate(tmp_path / "plain", {"Cargo.toml": plain, "src/main.rs": LEAK})
    ran = rex("check", "--no-build", crate / "src/main.rs", tmp_path / "plain/src/main.rs")
    assert (ran.status, "\n1 error\n" in ran.out) == (1, True)
    other = rex(
        "check", "--no-build", tmp_path / "plain/src/main.rs", tmp_path / "plain/Cargo.toml"
    )
    assert (other.status, "none of the files belongs to an extension" in other.err) == (0, True)


def test_a_file_for_the_findings(tmp_path: Path) -> None:
    crate = write_crate(tmp_path / "ext", {"src/main.rs": SOURCE + LEAK})
    target = tmp_path / "found.sarif"
    ran = rex("check", crate, "--no-build", "--format=sarif", "--output-file", target)
    assert (ran.status, ran.out) == (1, f"1 error, written to {target}\n")
    assert json.loads(target.read_text())["version"] == "2.1.0"
    lost = rex("check", crate, "--no-build", "--output-file", tmp_path / "no/where")
    assert (lost.status, "cannot write the findings" in lost.err) == (2, True)


def test_a_byte_order_mark_is_no_column(tmp_path: Path) -> None:
    crate = write_crate(tmp_path)
    (crate / "src/main.rs").write_bytes(b"\xef\xbb\xbf" + f"#![no_std] {LEAK}".encode())
    ran = rex("check", crate, "--no-build", "--format=json")
    starts = {d["code"]: d["range"]["start"] for d in ran.json("diagnostics")["diagnostics"]}
    assert starts["rex::leak"] == {"line": 0, "character": 28}
