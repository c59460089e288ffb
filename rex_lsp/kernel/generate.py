# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Writes or checks what is generated from the kernel crate.

``python -m rex_lsp.kernel.generate`` writes ``rex_lsp/kernel/index.json``,
``rex_lsp/model/helpers.py``, ``rex_lsp/model/attach_targets.py`` and
``kernel_crate/public-api.txt``; with ``--check`` it prints
how they would differ and ends with status 1. rustdoc's JSON comes from a stock toolchain of
the pinned release.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rex_lsp.kernel.extract import Extractor, attributes_of, public_api
from rex_lsp.kernel.rustdoc_text import FORMAT

ROOT = Path(__file__).resolve().parent.parent.parent
INDEX = Path("rex_lsp/kernel/index.json")
HELPERS = Path("rex_lsp/model/helpers.py")
TARGETS = Path("rex_lsp/model/attach_targets.py")
TRACEPOINTS = Path("kernel_crate/rex-macros/tracepoints.txt")
SYSTEM_CALLS = Path("runtime/sim/src/syscalls.rs")
PUBLIC_API = Path("kernel_crate/public-api.txt")
REPAIR = "python -m rex_lsp.kernel.generate"


class CannotGenerate(Exception):
    """rustdoc is missing, of another format, or refuses the crate."""


def generated(root: Path, rustc: Path, rustdoc: Path) -> dict[Path, str]:
    """The contents of every generated file, by its path below ``root``, a checkout.

    Raises:
        CannotGenerate: see there.
    """
    with tempfile.TemporaryDirectory(prefix="rex-index-") as scratch:
        macros, document = _documents(root / "kernel_crate", rustc, rustdoc, Path(scratch))
    extractor = Extractor(document, attributes_of(macros))
    extractor.run()
    items = dict(sorted(extractor.items.items()))
    index = {"format": 1, "crate": f"rex {document['crate_version'] or ''}".strip(), "items": items}
    lines = ",\n".join(
        f"{json.dumps(path)}: {json.dumps(entry, sort_keys=True, ensure_ascii=False)}"
        for path, entry in items.items()
    )
    head = json.dumps({"format": index["format"], "crate": index["crate"]})[1:-1]
    api = "\n".join(public_api(items, extractor.impls))
    notice = f"# The public interface of the crate `rex`. Written by `{REPAIR}`."
    return {
        INDEX: f'{{{head}, "items": {{\n{lines}\n}}}}\n',
        HELPERS: _helpers(items),
        TARGETS: _targets(root),
        PUBLIC_API: f"# SPDX-License-Identifier: GPL-2.0-only\n{notice}\n{api}\n",
    }


def _helpers(items: dict[str, Any]) -> str:
    """The table of helpers and the types of programs that have each."""
    table: dict[str, list[str]] = {}
    for path, entry in items.items():
        for name in entry.get("methods", {}):
            if name.startswith("bpf_"):
                table.setdefault(name, []).append(path.rpartition("::")[2])
    rows = [
        f'    "{name}": "{" ".join(sorted(types))}".split(),'
        for name, types in sorted(table.items())
    ]
    return "\n".join(
        [
            "# SPDX-License-Identifier: Apache-2.0 OR MIT",
            f'"""Helpers and the types of programs that have them. Written by `{REPAIR}`."""',
            "",
            "# ruff: noqa: E501",
            "",
            "HELPERS: dict[str, list[str]] = {",
            *rows,
            "}",
            "",
        ]
    )


def _targets(root: Path) -> str:
    """The snapshot's tracepoints by category and the runtime's system calls."""
    events: dict[str, list[str]] = {}
    for line in (root / TRACEPOINTS).read_text("utf-8").splitlines():
        if not line.startswith("#"):
            category, _, event = line.split(" ", 1)[0].partition("/")
            events.setdefault(category, []).append(event)
    calls = re.findall(r'\(\d+, "(\w+)"\)', (root / SYSTEM_CALLS).read_text("utf-8"))
    rows = [f'    "{category}": "{" ".join(names)}",' for category, names in events.items()]
    return f'''# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Tracepoints and system calls that programs attach to. Written by `{REPAIR}`."""

# ruff: noqa: E501

from functools import cache

_TRACEPOINTS = {{
{chr(10).join(rows)}
}}
_SYSTEM_CALLS = "{" ".join(sorted(set(calls)))}"


@cache
def tracepoints() -> frozenset[str]:
    """The kernel's tracepoints of the snapshot, as `category/event`."""
    return frozenset(f"{{at}}/{{one}}" for at, all_ in _TRACEPOINTS.items() for one in all_.split())


@cache
def system_calls() -> frozenset[str]:
    """The kernel's names of the system calls of x86-64."""
    return frozenset(_SYSTEM_CALLS.split())
'''


def _documents(crate: Path, rustc: Path, rustdoc: Path, scratch: Path) -> tuple[Any, Any]:
    common = ["--edition", "2024", "-o", str(scratch), "-Zunstable-options"]
    form = ["--output-format", "json"]
    macros_root = crate / "rex-macros/src/lib.rs"
    library = scratch / "librex_macros.so"
    kind = ["--crate-type", "proc-macro", "--extern", "proc_macro"]
    compiled = ["--crate-name", "rex_macros", "-o", str(library), str(macros_root)]
    _run([str(rustc), "--edition", "2024", *kind, *compiled])
    _run([str(rustdoc), *common, *form, *kind, "--crate-name", "rex_macros", str(macros_root)])
    named = ["--crate-name", "rex", "--crate-version", _version(crate)]
    compiled = ["--cfg", 'feature="debug_printk"', "--extern", f"rex_macros={library}"]
    _run([str(rustdoc), *common, *form, *named, *compiled, str(crate / "rex/src/lib.rs")])
    read = [json.loads((scratch / f"{name}.json").read_bytes()) for name in ("rex_macros", "rex")]
    for document in read:
        if document["format_version"] != FORMAT:
            raise CannotGenerate(
                f"expected rustdoc JSON of format {FORMAT}, found {document['format_version']}; "
                "use the rustdoc of the pinned release"
            )
    return read[0], read[1]


def _version(crate: Path) -> str:
    from rex_lsp.build.manifest import read_manifest

    return read_manifest(crate / "rex").version


def _run(argv: list[str]) -> None:
    env = {**os.environ, "RUSTC_BOOTSTRAP": "1"}
    try:
        done = subprocess.run(argv, env=env, cwd="/", capture_output=True, text=True, check=False)
    except OSError as error:
        raise CannotGenerate(f"cannot start {argv[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise CannotGenerate(f"{Path(argv[0]).name} refuses the crate:\n{done.stderr.strip()}")


def main() -> int:
    """Write, or check with ``--check``."""
    parser = argparse.ArgumentParser(prog=REPAIR, description="Generate the kernel crate's index.")
    parser.add_argument("--check", action="store_true", help="change nothing, tell differences")
    parser.add_argument("--bin", type=Path, default=Path("/usr/bin"), help="where rustdoc is")
    args = parser.parse_args()
    try:
        files = generated(ROOT, args.bin / "rustc", args.bin / "rustdoc")
    except CannotGenerate as problem:
        print(f"rex: {problem}", file=sys.stderr)
        return 2
    stale = 0
    for name, text in files.items():
        path = ROOT / name
        found = path.read_text("utf-8") if path.exists() else ""
        if found == text:
            continue
        stale = 1
        if not args.check:
            path.write_text(text, "utf-8")
            print(f"wrote {name}")
            continue
        before, after = found.splitlines(), text.splitlines()
        diff = difflib.unified_diff(before, after, str(name), "generated", lineterm="")
        print("\n".join(line[:200] for line in list(diff)[:60]))
    if args.check and stale:
        print(f"rex: generated files are stale, run `{REPAIR}`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
