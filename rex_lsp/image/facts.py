# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Asks `rexrt` about an image; nothing else reads machine code.

The documents are those of `docs/schemas/analysis.json` and `docs/schemas/audit.json`.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from rex_lsp.build.locations import native

Facts = dict[str, Any]


class Unreadable(Exception):
    """The file cannot be read or its code is refused; the message is the runtime's."""


def analysis(image: Path) -> Facts:
    """Stack, calls and panic sites of an image. Raises `Unreadable`."""
    return _asked("inspect", str(image), "--analysis", "--format", "json")


def audit(image: Path) -> Facts:
    """What the audit gate says about an image. Raises `Unreadable`."""
    return _asked("audit", str(image), "--format", "json")


def contents(image: Path) -> Facts:
    """What an image holds: build record, programs, maps, segments. Raises `Unreadable`."""
    return _asked("inspect", str(image), "--format", "json")


def map_types(elf: Path) -> dict[str, Facts]:
    """`key` and `value` types by map, from the ELF beside an image. Raises `Unreadable`."""
    return {one["name"]: one for one in _asked("types", str(elf))["maps"]}


def comparison(first: Path, second: Path) -> Facts:
    """Where two images differ, signatures aside. Raises `Unreadable`."""
    return _asked("compare", str(first), str(second), "--format", "json")


def _asked(*arguments: str) -> Facts:
    ended = subprocess.run(
        [str(native("rexrt")), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if not ended.stdout:
        lines = ended.stderr.splitlines() or [f"rexrt ended with status {ended.returncode}"]
        raise Unreadable(lines[0].removeprefix("rexrt: "))
    facts: Facts = json.loads(ended.stdout)
    return facts
