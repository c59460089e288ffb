# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The shadow's Cargo.lock, seeded from the person's and the kernel crate's.

So the person's versions hold, the kernel crate's dependencies are the ones it was tested
with, and cargo can resolve without a network. Cargo drops entries nobody uses and adds
the ones that are missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from rex_lsp.build import toml_text
from rex_lsp.build.toml_text import Table, TomlError


def seed_lock(lock: Path, sources: Sequence[Path]) -> None:
    """Writes `lock` from those of `sources` that exist, unless it was made from the same ones.

    Of two entries for one package and version the first source's stays. Path packages
    (without a `source`) are left out: their place differs and cargo finds them itself.
    """
    texts: list[bytes] = []
    for source in sources:
        try:
            texts.append(source.read_bytes())
        except OSError:
            continue
    stamp = lock.with_name(".lock-seed")
    wanted = hashlib.sha256(b"\0".join(texts)).hexdigest()
    try:
        if lock.is_file() and stamp.read_text(encoding="utf-8") == wanted:
            return
    except OSError:
        pass
    packages: dict[tuple[str, str, str], Table] = {}
    for text in texts:
        try:
            entries = toml_text.parse(text).get("package", [])
        except TomlError:
            # A lock file that cargo could not read either; it will make a new one.
            continue
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("source"), str):
                key = (str(entry.get("name")), str(entry.get("version")), entry["source"])
                packages.setdefault(key, _without_path_packages(entry, entries))
    lines = ["version = 4\n"]
    for _, entry in sorted(packages.items()):
        lines.append("[[package]]")
        for name, value in entry.items():
            lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
        lines.append("")
    lock.write_text("\n".join(lines), encoding="utf-8")
    stamp.write_text(wanted, encoding="utf-8")


def _without_path_packages(entry: Table, entries: list[Table]) -> Table:
    known = {e.get("name") for e in entries if isinstance(e, dict) and "source" in e}
    kept = dict(entry)
    if isinstance(kept.get("dependencies"), list):
        kept["dependencies"] = [
            d for d in kept["dependencies"] if isinstance(d, str) and d.split()[0] in known
        ]
    return kept
