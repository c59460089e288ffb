# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Every hostile program is refused where it says, or does no harm; every look-alike works."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rex_lsp.deploy.errors import RuntimeFailed
from tests.cli.command import rex
from tests.holes.conftest import Said
from tests.holes.programs import Program, programs
from tests.holes.running import run, without_function

PROGRAMS = programs()
Asked = Callable[..., Said]


def closed_by(*hows: str) -> pytest.MarkDecorator:
    chosen = [program for program in PROGRAMS if program.how in hows]
    return pytest.mark.parametrize("program", chosen, ids=lambda program: program.name)


def expect(program: Program, found: list[str]) -> None:
    """Some line holds each expected text, in this order."""
    rest = list(found)
    for text in program.expected:
        while rest and text not in rest[0]:
            rest.pop(0)
        assert rest, f"expected {text!r} among {found}"
        rest.pop(0)


def test_every_program_has_a_name_of_its_own() -> None:
    names = [program.name for program in PROGRAMS]
    assert sorted(set(names)) == sorted(names)


@closed_by("rule")
def test_refused_by_a_rule(program: Program, asked: Asked) -> None:
    found = asked("check", "rule").findings(program.name)
    expect(program, [line for line in found if line.startswith(program.rule)])


def test_a_crate_that_is_answered_for_is_not_judged_at_its_lines(asked: Asked) -> None:
    said = asked("check", "rule").diagnostics
    assert [
        one for one in said if Path(one["path"]).parts[-3:] == ("keeper", "src", "lib.rs")
    ] == []


@closed_by("bound", "link")
def test_refused_by_compiler_and_linker(program: Program, asked: Asked) -> None:
    expect(program, asked("build", "bound", "link").errors(program.name))


@closed_by("pack")
def test_refused_when_it_is_packed(program: Program, asked: Asked) -> None:
    expect(program, asked("build", "pack").errors(program.name))


@closed_by("load", "attach")
async def test_refused_by_the_target(
    program: Program, asked: Asked, tmp_path: Path, runtime_dir: Path
) -> None:
    image = asked("build", "load", "attach", "run").images[program.name]
    with pytest.raises(RuntimeFailed) as refused:
        await run(image, ("dup",), tmp_path)
    expect(program, [str(refused.value)])


@closed_by("run")
async def test_harmless_when_it_runs(
    program: Program, asked: Asked, tmp_path: Path, runtime_dir: Path
) -> None:
    said = asked("build", "load", "attach", "run")
    assert program.name in said.images, said.diagnostics
    found = await run(said.images[program.name], program.drive, tmp_path)
    expect(program, [without_function(line) for line in found])
    assert not [line for line in found if line.startswith("fault")], found


def test_the_look_alikes_have_no_error(benign: Path) -> None:
    checked = rex("check", benign)
    assert checked.status == 0, checked.out


async def test_the_look_alikes_do_what_they_say(
    benign: Path, tmp_path: Path, runtime_dir: Path
) -> None:
    built = rex("build", benign)
    assert built.status == 0, built.out + built.err
    found = await run(benign / "target/rex/harmless.rex", ("dup", "probe", "udp"), tmp_path)
    for program in PROGRAMS:
        if not program.hostile:
            own = [line for line in found if f"::{program.name}::" in line]
            expect(program, [without_function(line) for line in own])
