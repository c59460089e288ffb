# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the analyser says of every sample against LLVM's, binutils' and pyelftools' reading.

None of them shares code with it: functions and sizes by pyelftools, frames by
`llvm-readelf --stack-sizes`, calls by `objdump -d`, positions by `llvm-symbolizer`.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from rex_lsp.build import read_manifest
from tests.image.programs import objdump, rexrt
from tests.samples.packets import SAMPLES
from tests.samples.shapes import SHAPES

EXTENSIONS = sorted({path.parent.name for path in SAMPLES.glob("*/Cargo.toml")} | set(SHAPES))
Position = tuple[str, str, int, int]
# objdump's form of a direct jump or call: mnemonic, address, symbol.
DIRECT = re.compile(r"(?:notrack |bnd )?(call|jmp)q? +([0-9a-f]+) <([^+>]*)>")
THUNK = "__x86_indirect_thunk_r11"


def llvm(tool: str) -> str:
    """The tool, as distributions name it with or without a version."""
    for directory in sorted(Path("/usr/lib").glob("llvm-*/bin"), reverse=True):
        if (directory / tool).is_file():
            return str(directory / tool)
    return tool


@pytest.fixture(scope="module", params=EXTENSIONS)
def elf(request: pytest.FixtureRequest, workshop: Path) -> Path:
    """Each extension's ELF; its image stands beside it."""
    (target,) = read_manifest(workshop / request.param).extension_targets
    return workshop / "target/rex" / f"{target.name}.elf"


@pytest.fixture(scope="module")
def facts(elf: Path) -> Any:
    image = str(elf.with_suffix(".rex"))
    return rexrt("analysis", "inspect", image, "--analysis", "--format", "json")


def symbols(elf: Path) -> dict[str, tuple[int, int]]:
    """Address and size of every function, as pyelftools reads them."""
    with elf.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        assert table is not None
        return {
            symbol.name: (symbol["st_value"], symbol["st_size"])
            for symbol in table.iter_symbols()
            if symbol["st_info"]["type"] == "STT_FUNC"
        }


def test_functions_are_pyelftools(elf: Path, facts: Any) -> None:
    ours = sorted((one["address"], one["size"]) for one in facts["functions"])
    assert ours == sorted(set(symbols(elf).values()))


def test_frames_are_llvm_readelfs(elf: Path, facts: Any) -> None:
    ran = subprocess.run(
        [llvm("llvm-readelf"), "--stack-sizes", str(elf)],
        capture_output=True,
        text=True,
        check=True,
    )
    place = symbols(elf)
    theirs: dict[int, int] = {}
    for row in re.finditer(r"^ +(\d+) {2,}(\S.*)$", ran.stdout, flags=re.MULTILINE):
        # Functions that were folded into one share a line.
        for name in row[2].split(", "):
            theirs[place[name][0]] = int(row[1])
    assert {one["address"] for one in facts["functions"]} == set(theirs)
    pushes = pushed_arguments(elf, facts)
    for one in facts["functions"]:
        # LLVM leaves out the arguments that a function pushes for the ones it calls.
        assert one["recorded_frame"] - theirs[one["address"]] in {0, pushes[one["address"]]}, one


def pushed_arguments(elf: Path, facts: Any) -> dict[int, int]:
    """The most bytes that a function pushes in a row for a call, by address."""
    most = dict.fromkeys((one["address"] for one in facts["functions"]), 0)
    inside = row = 0
    for at, text in objdump(elf):
        if at in most:
            inside, row = at, 0
        if text.startswith("push"):
            row += 8
        elif text.startswith("call"):
            most[inside] = max(most[inside], row)
            row = 0
        elif text.startswith(("sub ", "ret", "pop", "j")):
            row = 0
    return most


def test_calls_are_objdumps(elf: Path, facts: Any) -> None:
    address = {name: at for name, (at, _) in symbols(elf).items()}
    functions = {one["address"]: one for one in facts["functions"]}
    ends = {at: at + one["size"] for at, one in functions.items()}
    theirs: dict[int, tuple[str, object, bool]] = {}
    inside = (0, 0)
    for at, text in objdump(elf):
        if at in functions:
            inside = (at, ends[at])
        found = DIRECT.match(text)
        if found is None:
            assert not text.startswith("call"), f"{at:#x}: {text}"
            continue
        target, name, tail = int(found[2], 16), found[3], found[1] == "jmp"
        if name == THUNK:
            theirs[at] = ("indirect", None, tail)
        elif tail and (inside[0] <= target < inside[1] or name == "__x86_return_thunk"):
            continue
        elif name in address:
            assert target == address[name]
            theirs[at] = ("function", target, tail)
        else:
            theirs[at] = ("import", name, tail)
    ours: dict[int, tuple[str, object, bool]] = {}
    by_name = {one["name"]: one["address"] for one in facts["functions"]}
    for function in facts["functions"]:
        for call in function["calls"]:
            kind, target = call["kind"], None
            if kind == "function":
                target = by_name[call["targets"][0]]
            elif kind == "import":
                target = call["targets"][0]
            ours[call["address"]] = (kind, target, call["tail"])
    assert ours == theirs
    taken = {one["name"] for one in facts["functions"] if one["address_taken"]}
    for function in facts["functions"]:
        for call in function["calls"]:
            if call["kind"] == "indirect":
                assert set(call["targets"]) <= taken


def symbolized(elf: Path, addresses: Sequence[int]) -> Iterator[list[Position]]:
    """Positions of each address, innermost first, as llvm-symbolizer reads the DWARF."""
    ran = subprocess.run(
        [llvm("llvm-symbolizer"), f"--obj={elf}", "--inlines"],
        input="".join(f"{address:#x}\n" for address in addresses),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [answer for answer in ran.stdout.strip("\n").split("\n\n") if answer]
    assert len(answers) == len(addresses)
    for answer in answers:
        rows = answer.splitlines()
        found: list[Position] = []
        for function, where in zip(rows[::2], rows[1::2], strict=True):
            file, line, column = where.rsplit(":", 2)
            # Without a line there is no column, whatever stands there.
            place = (int(line), int(column)) if int(line) else (0, 0)
            found.append((function, os.path.normpath(file), *place))
        yield found


def test_inlined_positions_are_llvm_symbolizers(elf: Path, facts: Any) -> None:
    """Of every call and of every place where a panic starts."""
    said = {call["address"]: call["frames"] for one in facts["functions"] for call in one["calls"]}
    said |= {site["address"]: site["frames"] for site in facts["panics"]}
    # Functions of the same code are one, under any of their names.
    first: dict[int, str] = {}
    alias = {name: first.setdefault(at, name) for name, (at, _) in sorted(symbols(elf).items())}
    for (address, frames), theirs in zip(said.items(), symbolized(elf, list(said)), strict=True):
        ours = [(one["function"], one["file"], one["line"], one["column"]) for one in frames]
        renamed = [[(alias.get(name, name), *at) for name, *at in one] for one in (ours, theirs)]
        assert renamed[0] == renamed[1], f"{address:#x}"
