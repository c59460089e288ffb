# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Cargo.toml read without cargo: package, targets, the `rex` dependency, what is wrong.

Starts no process and runs nothing of the project, so it is safe in an untrusted folder.
Rules as in the Cargo book, chapters "The Manifest Format", "Cargo Targets" and
"Workspaces".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rex_lsp.build import toml_text
from rex_lsp.build.targets import Target, find_targets
from rex_lsp.build.toml_text import Table, TomlError

REX = "rex"
TABLES = ("dependencies", "dev-dependencies", "build-dependencies")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a manifest; `span` is in bytes of the file at `path`."""

    path: Path
    message: str
    span: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Dependency:
    """One dependency, with `workspace = true` already resolved.

    `name` is what the code says, `package` what the registry or path calls it. `spec`
    has absolute paths. `platform` is the key under `[target]`, if it stands there.
    """

    name: str
    package: str
    table: str
    platform: str | None
    spec: Table
    span: tuple[int, int]

    @property
    def crate(self) -> str:
        """The name as an identifier in source."""
        return self.name.replace("-", "_")

    @property
    def path(self) -> Path | None:
        """Absolute directory of a path dependency."""
        return Path(self.spec["path"]) if isinstance(self.spec.get("path"), str) else None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A Cargo.toml, complete or broken: what could not be read is in `problems`."""

    path: Path
    package: str | None = None
    version: str = "0.0.0"
    edition: str = "2015"
    targets: list[Target] = field(default_factory=list)
    dependencies: list[Dependency] = field(default_factory=list)
    features: Table = field(default_factory=dict)
    metadata_rex: Table = field(default_factory=dict)
    licence: str = ""
    build_script: Path | None = None
    workspace_root: Path | None = None
    members: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    data: Table = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """Directory of the manifest."""
        return self.path.parent

    @property
    def rex_name(self) -> str | None:
        """What the code calls the kernel crate (`use NAME::…`), None without the dependency."""
        for dependency in self.dependencies:
            if dependency.package == REX and dependency.table == "dependencies":
                return dependency.crate
        return None

    @property
    def extension_targets(self) -> list[Target]:
        """The targets that are extensions: `bin` and `staticlib` of a package on `rex`.

        `[package.metadata.rex]` can say `extension = false` or `true`, or name them:
        `targets = ["a"]`.
        """
        named = self.metadata_rex.get("targets")
        says = self.metadata_rex.get("extension")
        kinds = [t for t in self.targets if t.kind in ("bin", "staticlib")]
        if says is False:
            return []
        if isinstance(named, list):
            return [t for t in kinds if t.name in named]
        return kinds if self.rex_name is not None or says is True else []

    @property
    def target_dir(self) -> Path:
        """Where rex puts its files: `target/rex` of the workspace or package."""
        return (self.workspace_root or self.root) / "target" / "rex"


def find_manifest(start: Path) -> Path | None:
    """The nearest Cargo.toml at or above `start` (a file or a directory)."""
    directory = start if start.is_dir() else start.parent
    for candidate in (directory, *directory.parents):
        if (candidate / "Cargo.toml").is_file():
            return candidate / "Cargo.toml"
    return None


def read_manifest(directory: Path) -> Manifest:
    """Reads `directory`/Cargo.toml. Never raises on what the file contains."""
    path = Path(directory).absolute() / "Cargo.toml"
    data, table, problems = _load(path)
    if table is None:
        return Manifest(path=path, problems=problems)
    workspace_root, workspace = _workspace(path, table, problems)
    package = table.get("package", table.get("project"))
    members = _members(path.parent, workspace) if workspace_root == path.parent else []
    if not isinstance(package, dict):
        if "workspace" not in table:
            problems.append(Problem(path, "Cargo.toml has neither [package] nor [workspace]"))
        return Manifest(
            path=path,
            workspace_root=workspace_root,
            members=members,
            problems=problems,
            data=table,
        )
    inherited = workspace.get("package", {}) if isinstance(workspace.get("package"), dict) else {}

    def value(key: str, default: str) -> str:
        given = package.get(key)
        if isinstance(given, dict) and given.get("workspace") is True:
            given = inherited.get(key)
        return given if isinstance(given, str) else default

    name = package.get("name")
    if not isinstance(name, str) or not name:
        problems.append(
            Problem(
                path, "[package] has no name: add `name = …`", toml_text.key_span(data, "package")
            )
        )
        name = None
    edition = value("edition", "2015")
    build = package.get("build")
    script = None
    if isinstance(build, str):
        script = path.parent / build
    elif build is not False and (path.parent / "build.rs").is_file():
        script = path.parent / "build.rs"
    metadata = package.get("metadata")
    rex = metadata.get("rex") if isinstance(metadata, dict) else None
    targets, target_problems = find_targets(path.parent, name or "", table, edition)
    problems += [
        Problem(path, text, toml_text.key_span(data, where)) for text, where in target_problems
    ]
    features = table.get("features")
    return Manifest(
        path=path,
        package=name,
        version=value("version", "0.0.0"),
        edition=edition,
        targets=targets,
        dependencies=_dependencies(path, data, table, workspace_root, workspace, problems),
        features=features if isinstance(features, dict) else {},
        metadata_rex=rex if isinstance(rex, dict) else {},
        licence=value("license", ""),
        build_script=script,
        workspace_root=workspace_root,
        members=members,
        problems=problems,
        data=table,
    )


def default_features(manifest: Manifest) -> frozenset[str]:
    """The package's default features with what they switch on."""
    found: set[str] = set()
    waiting = ["default"] if "default" in manifest.features else []
    while waiting:
        feature = waiting.pop()
        if feature in found:
            continue
        found.add(feature)
        more = manifest.features.get(feature)
        waiting += [f for f in more if f in manifest.features] if isinstance(more, list) else []
    return frozenset(found)


def _load(path: Path) -> tuple[bytes, Table | None, list[Problem]]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return (
            b"",
            None,
            [Problem(path, f"no Cargo.toml in {path.parent}: `rex new NAME` makes one")],
        )
    except OSError as error:
        return b"", None, [Problem(path, f"cannot read Cargo.toml: {error.strerror}")]
    try:
        return data, toml_text.parse(data), []
    except TomlError as error:
        end = min(len(data), error.offset + 1)
        return data, None, [Problem(path, f"not valid TOML: {error.message}", (error.offset, end))]


def _workspace(path: Path, table: Table, problems: list[Problem]) -> tuple[Path | None, Table]:
    """The workspace root this package belongs to, and its `[workspace]` table."""
    own = table.get("workspace")
    if isinstance(own, dict):
        return path.parent, own
    package = table.get("package")
    named = package.get("workspace") if isinstance(package, dict) else None
    above = [path.parent / named] if isinstance(named, str) else list(path.parent.parents)
    for candidate in above:
        manifest = candidate / "Cargo.toml"
        if not manifest.is_file():
            continue
        _, found, _ = _load(manifest)
        workspace = found.get("workspace") if found else None
        if isinstance(workspace, dict):
            root = candidate.resolve()
            if isinstance(named, str) or _is_member(root, path.parent.resolve(), workspace):
                return candidate, workspace
    if isinstance(named, str):
        problems.append(Problem(path, f"package.workspace names {named}, which is no workspace"))
    return None, {}


def _is_member(root: Path, directory: Path, workspace: Table) -> bool:
    excluded = [root / str(entry) for entry in workspace.get("exclude", [])]
    if any(directory == entry or entry in directory.parents for entry in excluded):
        return False
    return directory in [member.resolve() for member in _members(root, workspace)]


def _members(root: Path, workspace: Table) -> list[Path]:
    found: list[Path] = []
    entries = workspace.get("members", [])
    for entry in entries if isinstance(entries, list) else []:
        pattern = str(entry).rstrip("/")
        matches = sorted(root.glob(pattern)) if pattern not in ("", ".") else [root]
        found += [match for match in matches if (match / "Cargo.toml").is_file()]
    return list(dict.fromkeys(found))


def _dependencies(
    path: Path,
    data: bytes,
    table: Table,
    workspace_root: Path | None,
    workspace: Table,
    problems: list[Problem],
) -> list[Dependency]:
    shared = workspace.get("dependencies")
    shared = shared if isinstance(shared, dict) else {}
    sections: list[tuple[str | None, Table]] = [(None, table)]
    platforms = table.get("target")
    if isinstance(platforms, dict):
        sections += [(k, v) for k, v in platforms.items() if isinstance(v, dict)]
    found: list[Dependency] = []
    for platform, section in sections:
        for kind in TABLES:
            entries = section.get(kind, section.get(kind.replace("-", "_")))
            for name, raw in entries.items() if isinstance(entries, dict) else ():
                where = kind if platform is None else f"target.{platform}.{kind}"
                span = toml_text.key_span(data, where, name)
                spec, base = _spec(raw), path.parent
                if spec.get("workspace") is True:
                    if name not in shared:
                        message = f"`{name}` is not in [workspace.dependencies] of the workspace"
                        problems.append(Problem(path, message, span))
                        continue
                    spec = {**_spec(shared[name]), **_inherit(spec)}
                    base = workspace_root or base
                if isinstance(spec.get("path"), str):
                    spec["path"] = str((base / spec["path"]).resolve())
                package = spec.get("package")
                found.append(
                    Dependency(
                        name=name,
                        package=package if isinstance(package, str) else name,
                        table=kind,
                        platform=platform,
                        spec=spec,
                        span=span,
                    )
                )
    return found


def _spec(raw: Any) -> Table:
    if isinstance(raw, dict):
        return dict(raw)
    return {"version": raw} if isinstance(raw, str) else {}


def _inherit(spec: Table) -> Table:
    return {key: value for key, value in spec.items() if key in ("features", "optional")}
