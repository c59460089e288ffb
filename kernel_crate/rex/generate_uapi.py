# SPDX-License-Identifier: GPL-2.0-only
"""Derives `src/linux/*.rs` from the installed kernel headers.

The values are facts of the kernel's user-space interface. Their types follow the rule that
upstream Rex documents for its own tables: a macro is `u32` if its value fits, `i32` if it
is negative, else `u64`; the members of an enum share the narrowest of `u32`, `i32`, `u64`
and `i64` that holds all of them.

    python3 generate_uapi.py --write    writes the files
    python3 generate_uapi.py --check    compares and exits with 1 if one differs
"""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPAIR = "python3 kernel_crate/rex/generate_uapi.py --write"

# Module, its header, and the structures of `structures.rs` that belong to it.
MODULES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("bpf", "linux/bpf.h", ("bpf_perf_event_value", "bpf_spin_lock")),
    ("errno", "linux/errno.h", ()),
    ("if_ether", "linux/if_ether.h", ()),
    ("in", "linux/in.h", ()),
    ("perf_event", "linux/perf_event.h", ()),
    ("pkt_cls", "linux/pkt_cls.h", ()),
    ("ptrace", "linux/ptrace.h", ()),
    ("seccomp", "linux/seccomp.h", ("seccomp_data",)),
    ("unistd", "linux/unistd.h", ()),
)

# An enum: its name, empty if it has none, and its members.
Enum = tuple[str, tuple[str, ...]]


def compiler(arguments: Sequence[str], source: str) -> subprocess.CompletedProcess[str]:
    """Runs the C compiler over a source text."""
    return subprocess.run(
        ["cc", "-x", "c", *arguments, "-"],
        input=source,
        text=True,
        capture_output=True,
        check=False,
    )


def preprocessed(arguments: Sequence[str], source: str) -> str:
    """What the preprocessor makes of a source text; exits if it cannot read it."""
    done = compiler(["-E", *arguments], source)
    if done.returncode != 0:
        sys.exit(
            "the C preprocessor failed, are the kernel headers (linux-libc-dev) installed?\n"
            + done.stderr
        )
    return done.stdout


def macros(include: str) -> list[str]:
    """Names of the object-like macros a header defines, sorted."""
    pattern = re.compile(r"^#define (\w+) .+$", re.MULTILINE)
    built_in = set(pattern.findall(preprocessed(["-dM"], "")))
    names = set(pattern.findall(preprocessed(["-dM"], include))) - built_in
    return sorted(name for name in names if not name.startswith("_") or name.startswith("__NR_"))


def enums(include: str) -> list[Enum]:
    """The enums a header declares, in order."""
    text = preprocessed(["-P"], include)
    found: list[Enum] = []
    for name, body in re.findall(r"\benum\s*(\w*)\s*\{([^}]*)\}", text):
        members = tuple(
            match[1]
            for part in body.split(",")
            if (match := re.match(r"\s*(\w+)", part)) is not None
        )
        found.append((name, members))
    return found


def constant_expressions(include: str, names: Sequence[str]) -> list[str]:
    """Those of the names that are integer constant expressions."""
    # One name a line, so that the line of an error tells the name.
    checks = "\n".join(f'_Static_assert(({name}) == ({name}), "");' for name in names)
    first = include.count("\n") + 1
    source = f"{include}{checks}\n"
    errors = compiler(["-fsyntax-only", "-fmax-errors=0", "-w"], source).stderr
    bad = {
        int(line) - first for line in re.findall(r"^<stdin>:(\d+):\d+: error", errors, re.MULTILINE)
    }
    return [name for index, name in enumerate(names) if index not in bad]


def values(include: str, names: Iterable[str]) -> dict[str, int]:
    """The value of each name, by running a program that prints them."""
    prints = "\n".join(
        f'printf("{name} %s%llu\\n", ({name}) < 0 ? "-" : "", '
        f"({name}) < 0 ? -(unsigned long long)({name}) : (unsigned long long)({name}));"
        for name in names
    )
    source = f"{include}#include <stdio.h>\nint main(void) {{\n{prints}\nreturn 0;\n}}\n"
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "probe"
        done = compiler(["-w", "-o", str(program)], source)
        if done.returncode != 0:
            sys.exit(f"the C compiler failed on the probe of {include.strip()}:\n{done.stderr}")
        output = subprocess.run([str(program)], text=True, capture_output=True, check=True).stdout
    return {name: int(value) for name, value in (line.split() for line in output.splitlines())}


def rust_type(numbers: Sequence[int]) -> str:
    """The type that holds all of the numbers."""
    low, high = min(numbers), max(numbers)
    if low >= 0:
        return "u32" if high < 1 << 32 else "u64"
    return "i32" if low >= -(1 << 31) and high < 1 << 31 else "i64"


def module(name: str, header: str, structures: Sequence[str]) -> str:
    """The Rust source of one module."""
    include = f"#include <{header}>\n"
    declared = enums(include)
    members = [member for _, group in declared for member in group]
    known = set(members)
    simple = [macro for macro in macros(include) if macro not in known]
    simple = constant_expressions(include, simple)
    value = values(include, [*simple, *members])
    lines = [
        "// SPDX-License-Identifier: GPL-2.0-only",
        f"// Generated from <{header}> by generate_uapi.py, do not edit.",
        f"//! Constants of `<{header}>`, as the kernel documents them.",
        "",
        "#![allow(missing_docs, non_upper_case_globals)]",
        "",
    ]
    if structures:
        lines += [f"pub use super::structures::{one};" for one in structures] + [""]
    for enum, group in declared:
        kind = rust_type([value[member] for member in group]) if group else "u32"
        if enum:
            lines.append(f"pub type {enum} = {kind};")
        lines += [f"pub const {member}: {enum or kind} = {value[member]};" for member in group]
    lines += [
        f"pub const {macro}: {rust_type([value[macro]])} = {value[macro]};" for macro in simple
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Writes or checks every file."""
    parser = argparse.ArgumentParser(
        description="derive the tables of rex::linux from kernel headers"
    )
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="write the files")
    mode.add_argument("--check", action="store_true", help="compare the files")
    arguments = parser.parse_args()
    good = True
    for name, header, structures in MODULES:
        path = HERE / "src" / "linux" / f"{name}.rs"
        wanted = module(name, header, structures)
        if arguments.write:
            path.write_text(wanted, encoding="utf-8")
            continue
        found = path.read_text(encoding="utf-8")
        if found != wanted:
            good = False
            difference = difflib.unified_diff(
                found.splitlines(), wanted.splitlines(), str(path), f"<{header}>", lineterm="", n=0
            )
            print("\n".join(difference))
    if not good:
        print(f"to repair: {REPAIR}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
