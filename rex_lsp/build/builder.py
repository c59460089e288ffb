# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`build` and `check`: one extension package from its directory to files or findings.

Both start cargo and so run the project's build scripts and proc macros: call them only
for a trusted project. Cancelling the task, or setting `cancel`, kills cargo and all it
started before the call returns.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rex_lsp import __version__
from rex_lsp.build import flags
from rex_lsp.build.cargo import CargoRun, cargo_problem, places_of, run_cargo
from rex_lsp.build.closure import ClosureUnknown
from rex_lsp.build.dependencies import Verdict, judge_dependencies
from rex_lsp.build.errors import storage_problem
from rex_lsp.build.manifest import Manifest, Problem, find_manifest, read_manifest
from rex_lsp.build.messages import Placed, Places
from rex_lsp.build.mir_rules import mir_findings
from rex_lsp.build.packing import pack, refused_findings
from rex_lsp.build.progress import Progress, Silent
from rex_lsp.build.record import sources_digest, sources_read
from rex_lsp.build.shadow import CannotShadow, Shadow, extension_targets, write_shadow
from rex_lsp.build.signing import Signer
from rex_lsp.build.source_rules import Sources, sources_of
from rex_lsp.build.sysroot import ensure_sysroot
from rex_lsp.build.toolchain import Toolchain, discover
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.syntax.positions import Span


@dataclass(frozen=True, slots=True)
class Artifact:
    """One built extension target: the ELF for people, the image for targets."""

    name: str
    elf: Path
    image: Path


@dataclass(slots=True)
class CheckResult:
    """Findings by file. `ok` means that no finding is an error; `log` is cargo's own words."""

    findings: dict[Path, list[Finding]] = field(default_factory=dict)
    ok: bool = True
    log: str = ""

    def add(self, path: Path, finding: Finding) -> None:
        """Files one finding under its path."""
        self.findings.setdefault(path, []).append(finding)
        if finding.severity is Severity.ERROR:
            self.ok = False


@dataclass(slots=True)
class BuildResult(CheckResult):
    """A check's result with what was built; `artifacts` is empty unless `ok`."""

    artifacts: list[Artifact] = field(default_factory=list)

    @property
    def elf(self) -> Path | None:
        """`NAME.elf` of the first target."""
        return self.artifacts[0].elf if self.artifacts else None

    @property
    def image(self) -> Path | None:
        """`NAME.rex` of the first target."""
        return self.artifacts[0].image if self.artifacts else None


def extensions(directory: Path) -> list[Manifest]:
    """The extension packages a directory stands for, without starting anything.

    A package's directory (or one inside it) is that package; a workspace is its members
    that are extensions. With none, the manifest itself, whose `problems` or lack of a
    target `build` and `check` then report.
    """
    path = find_manifest(directory) or directory / "Cargo.toml"
    manifest = read_manifest(path.parent)
    members = [read_manifest(m) for m in manifest.members if m.resolve() != manifest.root.resolve()]
    found = [m for m in [manifest, *members] if m.extension_targets]
    return found or [manifest]


async def build(
    directory: Path,
    *,
    features: Sequence[str] = (),
    progress: Progress | None = None,
    cancel: asyncio.Event | None = None,
    output: Path | None = None,
    commit: str = "",
    signer: Callable[[], Signer | None] = Signer.named,
) -> BuildResult:
    """Builds the package in `directory` to `target/rex/NAME.elf` and `NAME.rex`.

    `output` is another directory for everything that is written, `commit` the compiler to
    prefer where there are several. `signer` says who signs, asked before anything is built.

    What is wrong with the sources or the manifest is in the result; `CannotBuild` is
    raised for what is wrong around them (toolchain, disk, installation), and
    `process.Cancelled` when `cancel` is set.
    """
    result = BuildResult()
    signing = signer()
    prepared = await _prepare(directory, result, features, progress, cancel, output, commit)
    # What nobody answers for is not even compiled: a build script would run.
    if prepared is None or not result.ok:
        return result
    ran, sources = await _compile("build", prepared, result, features, progress, cancel)
    _add_all(result, list(sources.errors(result.findings)))
    await _judge(result, ran, sources, places_of(prepared.shadow, prepared.manifest))
    if not ran.ok or not result.ok:
        result.ok = False
        return result
    manifest, shadow = prepared.manifest, prepared.shadow
    progress = progress or Silent()
    for target in shadow.targets:
        executable = ran.executables.get(target.name)
        if executable is None:
            # Cargo skips a target whose required-features are off.
            continue
        progress.report(f"packing {target.name}")
        elf = shadow.output_dir / f"{target.name}.elf"
        record = _record(prepared, executable, features)
        try:
            _place(executable, elf)
        except OSError as error:
            raise storage_problem(error, elf, "the image") from error
        image, refused = await pack(elf, record, signing, cancel)
        for path, finding in refused_findings(
            refused, target.path, manifest.root, sources.map_named
        ):
            result.add(path, finding)
        if image is not None:
            result.artifacts.append(Artifact(target.name, elf, image))
    if len(result.artifacts) < len(ran.executables):
        result.artifacts.clear()
    elif not ran.executables:
        _report_nothing_built(manifest, shadow, result)
    return result


async def check(
    directory: Path,
    *,
    features: Sequence[str] = (),
    progress: Progress | None = None,
    cancel: asyncio.Event | None = None,
) -> CheckResult:
    """The compiler tier: `cargo clippy` with the forced lints on the package in `directory`.

    Raises as `build` does.
    """
    result = CheckResult()
    prepared = await _prepare(directory, result, features, progress, cancel)
    if prepared is None:
        return result
    ran, sources = await _compile("check", prepared, result, features, progress, cancel)
    await _judge(result, ran, sources, places_of(prepared.shadow, prepared.manifest))
    return result


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Everything cargo needs for one package, and what is known of its dependencies."""

    manifest: Manifest
    shadow: Shadow
    toolchain: Toolchain
    sysroot: Path
    verdict: Verdict


async def _prepare(
    directory: Path,
    result: CheckResult,
    features: Sequence[str],
    progress: Progress | None,
    cancel: asyncio.Event | None,
    output: Path | None = None,
    commit: str = "",
) -> _Prepared | None:
    """Everything cargo needs, or None when `result` says why there is nothing to run."""
    manifest = read_manifest(directory)
    if not report_problems(manifest, result):
        return None
    toolchain = await discover(commit=commit)
    sysroot = await ensure_sysroot(toolchain, progress, cancel)
    try:
        shadow = write_shadow(manifest, output)
    except OSError as error:
        raise storage_problem(error, manifest.target_dir, "the build directory") from error
    try:
        verdict = await judge_dependencies(
            shadow, manifest, toolchain, toolchain.environment(), features, cancel
        )
    except ClosureUnknown as unknown:
        result.log = unknown.log
        result.add(*cargo_problem(unknown.log, manifest))
        return None
    _add_all(result, verdict.placed)
    return _Prepared(manifest, shadow, toolchain, sysroot, verdict)


async def _compile(
    command: Literal["build", "check"],
    prepared: _Prepared,
    result: CheckResult,
    features: Sequence[str],
    progress: Progress | None,
    cancel: asyncio.Event | None,
) -> tuple[CargoRun, Sources]:
    """Runs cargo and reads the sources meanwhile; what is said is in `result`, in our words."""
    manifest, shadow, verdict = prepared.manifest, prepared.shadow, prepared.verdict
    progress = progress or Silent()
    progress.report(f"{command}ing {manifest.package}")
    reading = asyncio.ensure_future(
        sources_of(shadow, manifest, verdict.packages, verdict.judged, features)
    )
    try:
        ran = await run_cargo(
            command,
            shadow,
            manifest,
            prepared.toolchain,
            prepared.sysroot,
            features=features,
            clippy=command == "check",
            unlinted=verdict.judged,
            progress=progress,
            cancel=cancel,
            manifests=_manifests(prepared) if command == "build" else None,
        )
        sources = await reading
    finally:
        reading.cancel()
    result.log = ran.log
    placed = [
        (path, finding)
        for path, finding in ran.placed
        if not sources.answers_for(path, finding) and not verdict.speaks_for(path)
    ]
    _add_all(result, sources.in_our_words(placed))
    return ran, sources


def _manifests(prepared: _Prepared) -> list[Path] | None:
    """The manifests of the closure; None when something in it runs code of its own."""
    packages = prepared.verdict.packages
    if any({"custom-build", "proc-macro"} & one.kinds for one in packages):
        return None
    return [one.root / "Cargo.toml" for one in packages]


def report_problems(manifest: Manifest, result: CheckResult) -> bool:
    """Adds what is wrong with the manifest itself to `result`; starts nothing."""
    problems = list(manifest.problems)
    if not problems:
        try:
            extension_targets(manifest)
        except CannotShadow as refusal:
            problems = [Problem(refusal.path, refusal.message, refusal.span)]
    for problem in problems:
        finding = Finding(
            "manifest", Severity.ERROR, problem.message, Span(*problem.span), source="cargo"
        )
        result.add(problem.path, finding)
    return not problems


async def _judge(result: CheckResult, ran: CargoRun, sources: Sources, places: Places) -> None:
    """Adds what the rules see in all that the compiler read and made."""
    _add_all(result, sources.unseen(ran.dep_info))
    told = {path: [*found, *sources.said_of(path)] for path, found in result.findings.items()}
    untold = {path: sources.said_of(path) for path in sources.own if path not in told}
    seen = await mir_findings(ran.dep_info, places, {**untold, **told}, sources.allows)
    _add_all(result, seen)


def _add_all(result: CheckResult, placed: Iterable[Placed]) -> None:
    for path, finding in placed:
        result.add(path, finding)


def _report_nothing_built(manifest: Manifest, shadow: Shadow, result: BuildResult) -> None:
    needed = {t.name: ", ".join(t.required_features) for t in shadow.targets}
    targets = "; ".join(
        f"`{name}` needs the features {features}" for name, features in needed.items()
    )
    text = f"nothing was built: {targets}; use --features"
    result.add(manifest.path, Finding("manifest", Severity.ERROR, text, Span(0, 0), "cargo"))


def _place(source: Path, final: Path) -> None:
    scratch = final.with_name(f".{final.name}.{os.getpid()}")
    try:
        shutil.copyfile(source, scratch)
        scratch.replace(final)
    finally:
        scratch.unlink(missing_ok=True)


def _record(prepared: _Prepared, executable: Path, features: Sequence[str]) -> dict[str, str]:
    """The build record: what made the image, and nothing that differs from run to run."""
    manifest, toolchain = prepared.manifest, prepared.toolchain
    return {
        "package": f"{manifest.package} {manifest.version}",
        "rex": __version__,
        "rustc": toolchain.verbose,
        "commit": toolchain.commit,
        "flags": flags.digest(*flags.codegen(), *flags.optimisation()),
        "features": ",".join(sorted(features)),
        "dependencies": prepared.verdict.record,
        "sources": sources_digest(sources_read(executable.with_suffix(".d")), manifest.root),
        "licence": manifest.licence,
    }
