# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Which sources an image was made from: the part of the build record that a later look compares."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from rex_lsp.build.locations import kernel_crate


def sources_read(dep_info: Path) -> list[Path]:
    """The files that rustc read for an executable, as cargo's `.d` file beside it lists them."""
    try:
        text = dep_info.read_text(encoding="utf-8")
    except OSError:
        return []
    names = text.split(": ", 1)[1].splitlines()[0] if ": " in text else ""
    return [Path(name.replace("\0", " ")) for name in names.replace("\\ ", "\0").split()]


def sources_digest(sources: Iterable[Path], root: Path) -> str:
    """SHA-256 over names and contents of the files; the same wherever `root` lies."""
    crate = kernel_crate()
    total = hashlib.sha256()
    entries = []
    for path in sources:
        base = next((b for b in (root, crate) if path.is_relative_to(b)), None)
        shown = str(path.relative_to(base)) if base else path.name
        try:
            entries.append((shown, hashlib.sha256(path.read_bytes()).hexdigest()))
        except OSError:
            continue
    for shown, content in sorted(entries):
        total.update(f"{shown}\0{content}\n".encode())
    return total.hexdigest()


def dep_info_of(image: Path) -> Path | None:
    """The `.d` file of the executable that an image was packed from, while it is there."""
    found = sorted((image.parent / "cargo").glob(f"*/rex/{image.stem}.d"))
    return found[0] if found else None
