# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The packages whose code becomes part of an extension, as cargo resolves them.

Asks `cargo metadata` (Cargo book, "cargo metadata") about the shadow, and only where a
manifest names a package that is neither the kernel crate nor the person's own. Packages
that run on the host (proc macros, build dependencies) end the walk: who allows a proc
macro allows what it is made of.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rex_lsp.build import flags, process
from rex_lsp.build.cargo import NEEDS_NETWORK
from rex_lsp.build.errors import CannotBuild
from rex_lsp.build.locations import kernel_crate
from rex_lsp.build.manifest import Manifest
from rex_lsp.build.shadow import OURS, Shadow
from rex_lsp.build.toolchain import Toolchain

_Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Package:
    """One package of the closure that is not the kernel crate.

    `root` is where its files are, `compiled_in` the directory that cargo names when it is
    compiled. `library` is its root file, `kinds` are its targets' kinds as cargo has them.
    `chain` are the packages from the one the person depends on to this one; `blame` is the
    manifest that names the first of them.
    """

    name: str
    version: str
    root: Path
    compiled_in: Path
    library: Path | None
    edition: str
    features: frozenset[str]
    kinds: frozenset[str]
    links: str
    build_dependencies: tuple[str, ...]
    rex_name: str
    fixed: bool
    chain: tuple[str, ...]
    blame: Manifest
    own: bool = False

    @property
    def shown(self) -> str:
        """`name version`."""
        return f"{self.name} {self.version}"


class ClosureUnknown(Exception):
    """Cargo could not resolve the closure; `log` is what it said."""

    def __init__(self, log: str) -> None:
        super().__init__(log)
        self.log = log


async def read_closure(
    shadow: Shadow,
    manifest: Manifest,
    toolchain: Toolchain,
    env: Mapping[str, str],
    features: Sequence[str],
    cancel: asyncio.Event | None,
) -> list[Package]:
    """The extension's own packages first, then what they use; raises `ClosureUnknown`."""
    own = own_packages(shadow, manifest)
    if not any(_outside(m, own) for m in own.values()):
        return [_own_package(directory, m) for directory, m in own.items()]
    key = _key(shadow, features)
    known = _KNOWN.get(shadow.directory)
    if known is None or known[0] != key:
        text = await _metadata(shadow, toolchain, env, features, cancel)
        # Cargo may have completed the lock file.
        _KNOWN[shadow.directory] = known = (_key(shadow, features), text)
    return list(_walk(json.loads(known[1]), shadow, own))


_KNOWN: dict[Path, tuple[tuple[object, ...], bytes]] = {}
"""What cargo said last about each shadow, and about which state of it."""


def own_packages(shadow: Shadow, manifest: Manifest) -> dict[Path, Manifest]:
    """The extension and the libraries of its workspace, by shadow directory."""
    workspace = manifest.workspace_root.resolve() if manifest.workspace_root else None
    return {
        directory: found
        for directory, found in shadow.packages.items()
        if found is manifest
        or (workspace is not None and found.root.resolve().is_relative_to(workspace))
    }


def _outside(manifest: Manifest, own: Mapping[Path, Manifest]) -> bool:
    """Whether a manifest names a package that is neither ours nor the person's."""
    roots = {m.root.resolve() for m in own.values()}
    return any(
        d.table == "dependencies"
        and d.package not in OURS
        and (d.path is None or d.path.resolve() not in roots)
        for d in manifest.dependencies
    )


def _key(shadow: Shadow, features: Sequence[str]) -> tuple[object, ...]:
    stamps: list[object] = [tuple(features)]
    for path in [*(d / "Cargo.toml" for d in shadow.packages), shadow.directory / "Cargo.lock"]:
        try:
            stamps.append((path, path.read_bytes()))
        except OSError:
            stamps.append(path)
    for manifest in shadow.packages.values():
        for dependency in manifest.dependencies:
            if dependency.path is not None:
                stamps.append(_stamp(dependency.path / "Cargo.toml"))
    return tuple(stamps)


def _stamp(path: Path) -> tuple[Path, int]:
    try:
        return path, path.stat().st_mtime_ns
    except OSError:
        return path, 0


async def _metadata(
    shadow: Shadow,
    toolchain: Toolchain,
    env: Mapping[str, str],
    features: Sequence[str],
    cancel: asyncio.Event | None,
) -> bytes:
    argv = [
        str(toolchain.cargo),
        "metadata",
        "--format-version=1",
        f"--manifest-path={shadow.manifest}",
        f"--filter-platform={flags.TARGET}",
    ]
    if features:
        argv.append(f"--features={','.join(features)}")
    try:
        done = await process.run([*argv, "--offline"], env=env, cancel=cancel)
        if done.status != 0 and NEEDS_NETWORK.search(done.errors):
            done = await process.run(argv, env=env, cancel=cancel)
    except OSError as error:
        raise CannotBuild(f"cannot start {argv[0]}: {error.strerror}", ("rex doctor",)) from error
    if done.status != 0:
        raise ClosureUnknown(done.errors)
    return done.stdout


def _walk(data: _Node, shadow: Shadow, own: Mapping[Path, Manifest]) -> list[Package]:
    packages = {str(p["id"]): p for p in data["packages"]}
    nodes = {str(n["id"]): n for n in data["resolve"]["nodes"]}
    ours = kernel_crate().resolve()
    owned = {directory.resolve(): m for directory, m in own.items()}
    shadowed = {directory.resolve(): m for directory, m in shadow.packages.items()}
    found = {d: _own_package(d, m) for d, m in own.items()}
    done: dict[str, Package | None] = {}
    root = str(data["resolve"]["root"])
    waiting: list[tuple[str, tuple[str, ...], Manifest]] = [(root, (), own[shadow.directory])]
    while waiting:
        id_, chain, blame = waiting.pop(0)
        if id_ in done:
            continue
        package, node = packages[id_], nodes[id_]
        place = Path(package["manifest_path"]).parent
        directory = place.resolve()
        if directory.is_relative_to(ours):
            done[id_] = None
            continue
        if directory in owned:
            blame, chain, done[id_] = owned[directory], (), None
        else:
            chain = (*chain, str(package["name"]))
            real = shadowed[directory].root if directory in shadowed else directory
            done[id_] = made = _package(package, node, place, real, chain, blame)
            if "proc-macro" in made.kinds:
                continue
        for dependency in node["deps"]:
            if any(kind.get("kind") is None for kind in dependency["dep_kinds"]):
                waiting.append((str(dependency["pkg"]), chain, blame))
    return [*found.values(), *(p for p in done.values() if p is not None)]


def _package(
    package: _Node,
    node: _Node,
    directory: Path,
    real: Path,
    chain: tuple[str, ...],
    blame: Manifest,
) -> Package:
    targets = package["targets"]
    kinds = {str(kind) for target in targets for kind in target["kind"]}
    library = next(
        (
            t["src_path"]
            for t in targets
            if {"lib", "rlib", "staticlib", "cdylib", "dylib"} & set(t["kind"])
        ),
        None,
    )
    declared = package["dependencies"]
    rex = next((d.get("rename") or d["name"] for d in declared if d["name"] == "rex"), "rex")
    return Package(
        name=str(package["name"]),
        version=str(package["version"]),
        root=real,
        compiled_in=directory,
        library=Path(library) if library else None,
        edition=str(package.get("edition", "2015")),
        features=frozenset(map(str, node["features"])),
        kinds=frozenset(kinds),
        links=str(package.get("links") or ""),
        build_dependencies=tuple(str(d["name"]) for d in declared if d.get("kind") == "build"),
        rex_name=str(rex).replace("-", "_"),
        fixed=bool(package.get("source")),
        chain=chain,
        blame=blame,
    )


def _own_package(directory: Path, manifest: Manifest) -> Package:
    package = manifest.data.get("package")
    links = package.get("links") if isinstance(package, dict) else None
    kinds = {t.kind for t in manifest.targets if t.kind in ("lib", "proc-macro")}
    if manifest.build_script is not None:
        kinds.add("custom-build")
    library = next((t.path for t in manifest.targets if t.kind == "lib"), None)
    return Package(
        name=manifest.package or "",
        version=manifest.version,
        root=manifest.root,
        compiled_in=directory,
        library=library,
        edition=manifest.edition,
        features=frozenset(),
        kinds=frozenset(kinds),
        links=links if isinstance(links, str) else "",
        build_dependencies=(),
        rex_name=manifest.rex_name or "rex",
        fixed=False,
        chain=(),
        blame=manifest,
        own=True,
    )
