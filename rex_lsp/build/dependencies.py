# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The rule `dependency` over a whole closure: findings, and what the build record says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rex_lsp.build.allow_list import AllowList, fix, read_allow_list
from rex_lsp.build.closure import Package, read_closure
from rex_lsp.build.dependency_audit import reading_of
from rex_lsp.build.manifest import Manifest
from rex_lsp.build.messages import Placed
from rex_lsp.build.shadow import Shadow
from rex_lsp.build.toml_text import key_span
from rex_lsp.build.toolchain import Toolchain
from rex_lsp.rules import dependency
from rex_lsp.rules.finding import Finding
from rex_lsp.syntax.positions import Span


@dataclass(slots=True)
class Verdict:
    """What is wrong with a closure.

    `packages` is all of it, `judged` are the directories of packages that this rule spoke
    about (allowed or not), so that the compiler's lints leave them alone; `refused` those of
    packages that are not allowed; `record` is a line for the build record.
    """

    placed: list[Placed] = field(default_factory=list)
    packages: list[Package] = field(default_factory=list)
    judged: list[Path] = field(default_factory=list)
    refused: list[Path] = field(default_factory=list)
    record: str = ""

    def speaks_for(self, path: Path) -> bool:
        """Whether a file is of a package that is refused as a whole, which says it all."""
        real = path.resolve()
        return any(real.is_relative_to(directory) for directory in self.refused)


async def judge_dependencies(
    shadow: Shadow,
    manifest: Manifest,
    toolchain: Toolchain,
    env: Mapping[str, str],
    features: Sequence[str],
    cancel: asyncio.Event | None,
) -> Verdict:
    """Reads every crate of the closure; raises `ClosureUnknown` when cargo cannot name it."""
    verdict = Verdict()
    allowed = read_allow_list(manifest)
    verdict.packages = await read_closure(shadow, manifest, toolchain, env, features, cancel)
    said: list[str] = []
    for package in verdict.packages:
        reasons = reading_of(package).reasons
        reason = allowed.reason(package.name, package.version) if reasons else None
        if not package.own or reason is not None:
            said.append(package.shown if reason is None else f"{package.shown} ({reason})")
        if not reasons:
            continue
        if not package.own:
            verdict.judged.append(package.compiled_in)
        if reason is None and not package.own:
            verdict.refused.append(package.root.resolve())
        if reason is None:
            verdict.placed.append(_finding(package, reasons, manifest, allowed))
    verdict.placed += [(manifest.path, finding) for finding in allowed.findings()]
    verdict.record = ", ".join(sorted(said))
    return verdict


def _finding(
    package: Package, reasons: Sequence[str], manifest: Manifest, allowed: AllowList
) -> Placed:
    blame = package.blame
    return blame.path, Finding(
        dependency.RULE.code,
        dependency.RULE.severity,
        dependency.message(package.shown, package.chain, reasons),
        _place(package),
        source="cargo",
        fixes=(fix(allowed.manifest, package.name, package.version),),
        item=package.name,
    )


def _place(package: Package) -> Span:
    """The dependency's line in the manifest that names it, or what makes a package special."""
    blame = package.blame
    if package.chain:
        for one in blame.dependencies:
            if one.package == package.chain[0] and one.table == "dependencies":
                return Span(*one.span)
    data = blame.path.read_bytes() if blame.path.is_file() else b""
    key = next((k for k in ("build", "links") if key_span(data, "package", k)[1]), None)
    return Span(*key_span(data, "package", key))
