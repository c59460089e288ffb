# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The shadow manifest: what cargo is given in place of the person's Cargo.toml.

Every extension target is a `bin` with an absolute path, the dependency `rex` is the
installed kernel crate, other paths are absolute, the profile is ours. Library packages
that are path dependencies get a shadow too: if they use `rex` it has to be the same one,
and they live by the same rules. Nothing is written beside the person's files except under
`target/rex`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rex_lsp.build import flags, toml_text
from rex_lsp.build.locations import cache_dir, kernel_crate
from rex_lsp.build.lockfile import seed_lock
from rex_lsp.build.manifest import REX, Dependency, Manifest, read_manifest
from rex_lsp.build.targets import Target
from rex_lsp.build.toml_text import Table

OURS = (REX, "rex-macros")
_COPIED = ("description", "authors", "license", "repository", "homepage", "rust-version", "links")
# Names of crates that every extension is linked with or built by.
_TAKEN = frozenset({"rex", "rex_macros", "core", "compiler_builtins"})


@dataclass(frozen=True, slots=True)
class Shadow:
    """A written shadow: what cargo needs and how to read what it says.

    `packages` maps each shadow directory to the manifest it stands for.
    """

    directory: Path
    manifest: Path
    target_dir: Path
    output_dir: Path
    targets: tuple[Target, ...]
    no_main: tuple[str, ...]
    packages: dict[Path, Manifest]


class CannotShadow(Exception):
    """The package cannot be built as an extension; `path` and `span` are where to look."""

    def __init__(self, message: str, path: Path, span: tuple[int, int] = (0, 0)) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.span = span


def output_dir(manifest: Manifest) -> Path:
    """`target/rex`, or a directory of the cache where the project cannot be written.

    Raises `OSError` when neither can be written.
    """
    wanted, other = output_dirs(manifest)
    if _writable(wanted):
        return wanted
    other.mkdir(parents=True, exist_ok=True)
    return other


def output_dirs(manifest: Manifest) -> tuple[Path, Path]:
    """The two directories that `output_dir` chooses from; touches nothing."""
    wanted = manifest.target_dir
    name = f"{wanted.parent.parent.name}-{flags.digest(str(wanted))}"
    return wanted, cache_dir() / "projects" / name


def _writable(directory: Path) -> bool:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError as error:
        # A full disk is no reason to write somewhere else.
        if error.errno in (28, 122):
            raise
        return False


def write_shadow(manifest: Manifest, output: Path | None = None) -> Shadow:
    """Writes the shadow of `manifest`; files that would not change are left alone.

    It and all that cargo makes of it are below `output`, or the project's own directory.

    Raises `CannotShadow` and `OSError`.
    """
    targets = extension_targets(manifest)
    out = output or output_dir(manifest)
    _ignore_in_git(out)
    root = out / "shadow" / (manifest.package or "package")
    root.mkdir(parents=True, exist_ok=True)
    packages: dict[Path, Manifest] = {root: manifest}
    table = _package_table(manifest, targets, root, packages)
    table["workspace"] = {"resolver": _resolver(manifest)}
    table["profile"] = {flags.PROFILE: dict(flags.PROFILE_SETTINGS)}
    patch = _workspace_table(manifest).get("patch")
    if isinstance(patch, dict):
        table["patch"] = _absolute_patches(patch, manifest.workspace_root or manifest.root)
    _write(root / "Cargo.toml", toml_text.write(table))
    sources = [manifest.workspace_root or manifest.root, kernel_crate() / REX, kernel_crate()]
    seed_lock(root / "Cargo.lock", [source / "Cargo.lock" for source in sources])
    return Shadow(
        directory=root,
        manifest=root / "Cargo.toml",
        target_dir=out / "cargo",
        output_dir=out,
        targets=tuple(targets),
        no_main=tuple(t.crate for t in targets if t.kind == "staticlib"),
        packages=packages,
    )


def extension_targets(manifest: Manifest) -> list[Target]:
    """The targets to build; raises `CannotShadow` when there is none, or a name is taken."""
    targets = manifest.extension_targets
    if not targets:
        raise CannotShadow(_not_an_extension(manifest), manifest.path)
    for dependency in manifest.dependencies:
        if dependency.crate == REX and dependency.package != REX:
            message = (
                f"the dependency `{dependency.name}` is the crate `{dependency.package}`, but "
                "`rex` names the kernel crate in what its attributes write; give it another name"
            )
            raise CannotShadow(message, manifest.path, dependency.span)
    seen: dict[str, Target] = {}
    for target in targets:
        if target.crate in _TAKEN:
            message = (
                f"an extension cannot be called `{target.name}`, which is the name of a crate it "
                "is built from; rename the package or give the [[bin]] another name"
            )
            raise CannotShadow(message, manifest.path)
        if target.name in seen:
            message = f"two extension targets are called `{target.name}`: rename one of them"
            raise CannotShadow(message, manifest.path)
        seen[target.name] = target
    return targets


def _not_an_extension(manifest: Manifest) -> str:
    if manifest.rex_name is None:
        return (
            f"`{manifest.package}` is not an extension: it does not depend on `rex`; "
            'add `rex = { version = "*" }` under [dependencies]'
        )
    return (
        f"`{manifest.package}` has no extension target: expected a [[bin]], src/main.rs, "
        'or [lib] with crate-type = ["staticlib"]'
    )


def _package_table(
    manifest: Manifest,
    targets: list[Target],
    directory: Path,
    packages: dict[Path, Manifest],
) -> Table:
    given = manifest.data.get("package", {})
    inherited = _workspace_table(manifest).get("package", {})
    package: Table = {
        "name": manifest.package,
        "version": manifest.version,
        "edition": manifest.edition,
        "autobins": False,
        "autoexamples": False,
        "autotests": False,
        "autobenches": False,
        "publish": False,
    }
    for key in _COPIED:
        value = given.get(key)
        if isinstance(value, dict) and value.get("workspace") is True:
            value = inherited.get(key)
        if value is not None:
            package[key] = value
    package["build"] = False
    if manifest.build_script is not None:
        package["build"] = str(manifest.build_script)
        _mirror(manifest.root, directory)
    table: Table = {"package": package}
    if isinstance(given.get("metadata"), dict):
        package["metadata"] = given["metadata"]
    kinds = ("lib", "proc-macro") if targets else ("lib", "staticlib")
    library = next((t for t in manifest.targets if t.kind in kinds), None)
    if library is not None:
        table["lib"] = {
            "name": library.name,
            "path": str(library.path),
            "proc-macro": library.kind == "proc-macro",
        }
    else:
        package["autolib"] = False
    table["bin"] = [
        {
            "name": target.name,
            "path": str(target.path),
            "test": False,
            "bench": False,
            "required-features": list(target.required_features),
        }
        for target in targets
    ]
    if not targets:
        del table["bin"]
    for dependency in manifest.dependencies:
        if dependency.table == "dev-dependencies":
            continue
        section = table
        if dependency.platform is not None:
            section = table.setdefault("target", {}).setdefault(dependency.platform, {})
        entry = _dependency(dependency, directory, packages)
        section.setdefault(dependency.table, {})[dependency.name] = entry
    if manifest.features:
        table["features"] = manifest.features
    lints = manifest.data.get("lints")
    if isinstance(lints, dict) and lints.get("workspace") is True:
        lints = _workspace_table(manifest).get("lints")
    if isinstance(lints, dict):
        table["lints"] = lints
    return table


def _dependency(dependency: Dependency, directory: Path, packages: dict[Path, Manifest]) -> Table:
    spec = dict(dependency.spec)
    if dependency.package in OURS:
        ours: Table = {"path": str(kernel_crate() / dependency.package)}
        for key in ("features", "default-features", "optional"):
            if key in spec:
                ours[key] = spec[key]
        if dependency.name != dependency.package:
            ours["package"] = dependency.package
        return ours
    path = dependency.path
    manifest = read_manifest(path) if path is not None else None
    if manifest is not None and any(t.kind in ("lib", "staticlib") for t in manifest.targets):
        below = next((d for d, m in packages.items() if m.root == path), None)
        if below is None:
            top = next(iter(packages))
            below = top / "closure" / f"{manifest.package}-{flags.digest(str(path))}"
            below.mkdir(parents=True, exist_ok=True)
            packages[below] = manifest
            table = _package_table(manifest, [], below, packages)
            _write(below / "Cargo.toml", toml_text.write(table))
        spec["path"] = str(below)
    return spec


def _workspace_table(manifest: Manifest) -> Table:
    if manifest.workspace_root is None:
        return manifest.data
    if manifest.workspace_root == manifest.root:
        workspace = manifest.data
    else:
        workspace = read_manifest(manifest.workspace_root).data
    table = workspace.get("workspace")
    found = dict(table) if isinstance(table, dict) else {}
    if "patch" in workspace:
        found["patch"] = workspace["patch"]
    return found


def _resolver(manifest: Manifest) -> str:
    given = _workspace_table(manifest).get("resolver")
    package = manifest.data.get("package")
    if given is None and isinstance(package, dict):
        given = package.get("resolver")
    return given if isinstance(given, str) else "2"


def _absolute_patches(patch: Table, base: Path) -> Table:
    absolute: Table = {}
    for registry, entries in patch.items():
        absolute[registry] = {}
        for name, spec in entries.items() if isinstance(entries, dict) else ():
            if name in OURS:
                continue
            entry = dict(spec) if isinstance(spec, dict) else spec
            if isinstance(entry, dict) and isinstance(entry.get("path"), str):
                entry["path"] = str((base / entry["path"]).resolve())
            absolute[registry][name] = entry
    return absolute


def _mirror(project: Path, directory: Path) -> None:
    """Links what stands beside Cargo.toml, for a build script that reads it by a relative path."""
    left_out = {"Cargo.toml", "Cargo.lock", "target", ".cargo", ".git", "closure"}
    for entry in project.iterdir():
        link = directory / entry.name
        if entry.name in left_out or (link.is_symlink() and link.readlink() == entry):
            continue
        if link.is_symlink():
            link.unlink()
        if not link.exists():
            link.symlink_to(entry)


def _ignore_in_git(out: Path) -> None:
    if not (out / ".gitignore").exists():
        _write(out / ".gitignore", "*\n")
        _write(
            out / "CACHEDIR.TAG",
            "Signature: 8a477f597d28d172789f06886806bc55\n# Made by rex; safe to delete.\n",
        )


def _write(path: Path, text: str) -> None:
    data = text.encode()
    try:
        if path.read_bytes() == data:
            return
    except OSError:
        pass
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        scratch.write_bytes(data)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def forget_other_keys(target_dir: Path, key: str) -> None:
    """Empties cargo's kernel half when what it was compiled with changed.

    Flags that only the wrapper knows (sysroot, linker script, lints) are no part of
    cargo's fingerprints.
    """
    stamp = target_dir / ".rex-key"
    try:
        known = stamp.read_text(encoding="utf-8")
    except OSError:
        known = ""
    if known == key:
        return
    shutil.rmtree(target_dir / flags.TARGET, ignore_errors=True)
    target_dir.mkdir(parents=True, exist_ok=True)
    _write(stamp, key)


def tree_digest(root: Path) -> str:
    """A digest of the names and contents of the Rust files and manifests below `root`."""
    total = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.suffix in (".rs", ".toml", ".ld")):
        if "target" in path.relative_to(root).parts or not path.is_file():
            continue
        total.update(str(path.relative_to(root)).encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
