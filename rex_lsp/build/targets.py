# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The targets of a package, declared and found, by the rules of the Cargo book.

Chapter "Cargo Targets", section "Target auto-discovery": `src/main.rs`, `src/lib.rs`,
`src/bin/NAME.rs` and `src/bin/NAME/main.rs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

Table = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """One target: `kind` is `bin`, `staticlib`, `lib` or `proc-macro`; `path` is its root file."""

    name: str
    kind: str
    path: Path
    required_features: tuple[str, ...] = ()

    @property
    def crate(self) -> str:
        """The crate name rustc is given."""
        return self.name.replace("-", "_")


def find_targets(
    root: Path, package: str, table: Table, edition: str
) -> tuple[list[Target], list[tuple[str, str]]]:
    """Library and binaries of the package in `root`; problems are (message, table name)."""
    problems: list[tuple[str, str]] = []
    targets: list[Target] = []
    section = table.get("package")
    settings = section if isinstance(section, dict) else {}
    library = _library(root, package, table.get("lib"), settings, problems)
    if library:
        targets.append(library)
    declared = table.get("bin")
    binaries = [_binary(root, package, entry, problems) for entry in _tables(declared)]
    targets += [b for b in binaries if b]
    # In the 2015 edition a declared [[bin]] switches discovery off.
    discover = settings.get("autobins", not (edition == "2015" and declared))
    if discover:
        names = {t.name for t in targets if t.kind == "bin"}
        paths = {t.path.resolve() for t in targets}
        for name, path in _discovered(root, package):
            if name not in names and path.resolve() not in paths:
                targets.append(Target(name, "bin", path))
    if not targets and not problems:
        problems.append(
            ("no target: expected src/main.rs, src/lib.rs, [lib] or [[bin]]", "package")
        )
    return targets, problems


def _tables(value: object) -> list[Table]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _library(
    root: Path, package: str, entry: object, settings: Table, problems: list[tuple[str, str]]
) -> Target | None:
    table = entry if isinstance(entry, dict) else {}
    default = root / "src" / "lib.rs"
    if not isinstance(entry, dict) and (not default.is_file() or settings.get("autolib") is False):
        return None
    path = root / table["path"] if isinstance(table.get("path"), str) else default
    name = table.get("name") if isinstance(table.get("name"), str) else package.replace("-", "_")
    kinds = table.get("crate-type", table.get("crate_type", []))
    kinds = [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []
    if table.get("proc-macro") is True or table.get("proc_macro") is True or "proc-macro" in kinds:
        kind = "proc-macro"
    else:
        kind = "staticlib" if "staticlib" in kinds else "lib"
    if not path.is_file():
        problems.append((f"[lib] has no file {_shown(path, root)}", "lib"))
        return None
    return Target(str(name), kind, path)


def _binary(
    root: Path, package: str, entry: Table, problems: list[tuple[str, str]]
) -> Target | None:
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        problems.append(("[[bin]] has no name: add `name = …`", "bin"))
        return None
    features = entry.get("required-features", [])
    required = tuple(str(f) for f in features) if isinstance(features, list) else ()
    if isinstance(entry.get("path"), str):
        candidates = [root / entry["path"]]
    else:
        candidates = [root / "src/bin" / f"{name}.rs", root / "src/bin" / name / "main.rs"]
        if name == package:
            candidates.insert(0, root / "src/main.rs")
    for path in candidates:
        if path.is_file():
            return Target(name, "bin", path, required)
    shown = " or ".join(_shown(path, root) for path in candidates)
    problems.append((f"[[bin]] `{name}` has no file {shown}", "bin"))
    return None


def _discovered(root: Path, package: str) -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    if package and (root / "src/main.rs").is_file():
        found.append((package, root / "src/main.rs"))
    directory = root / "src" / "bin"
    try:
        entries = sorted(directory.iterdir())
    except OSError:
        entries = []
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.suffix == ".rs" and entry.is_file():
            found.append((entry.stem, entry))
        elif (entry / "main.rs").is_file():
            found.append((entry.name, entry / "main.rs"))
    return found


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
