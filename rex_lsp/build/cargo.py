# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Runs cargo on a shadow manifest, first without a network, and reads what it says.

Starts cargo, which runs the project's build scripts and proc macros: for trusted callers
only. Cargo runs in `/`, so it reads no configuration of the project; what the person's
own `$CARGO_HOME/config.toml` says about mirrors holds, what it says about compilers,
flags and profiles does not.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rex_lsp import __version__
from rex_lsp.build import flags, process
from rex_lsp.build.errors import CannotBuild, storage_problem
from rex_lsp.build.linker import line_span
from rex_lsp.build.lints import clippy_directory, lint_flags
from rex_lsp.build.locations import kernel_crate, link_script, native
from rex_lsp.build.manifest import TABLES, Manifest
from rex_lsp.build.messages import Message, Placed, Places, findings_of, parse_line
from rex_lsp.build.progress import Progress
from rex_lsp.build.shadow import Shadow, forget_other_keys, tree_digest
from rex_lsp.build.toolchain import Toolchain
from rex_lsp.build.unchanged import Unchanged
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.syntax.positions import Span

NEEDS_NETWORK = re.compile(r"--offline|offline mode|offline was specified|unable to update")


@dataclass(slots=True)
class CargoRun:
    """What one cargo run said: findings by file, artifacts by target name, its own words.

    `dep_info` are the files in which rustc tells what it read for the kernel.
    """

    ok: bool
    placed: list[Placed] = field(default_factory=list)
    executables: dict[str, Path] = field(default_factory=dict)
    dep_info: list[Path] = field(default_factory=list)
    log: str = ""


async def run_cargo(
    command: str,
    shadow: Shadow,
    manifest: Manifest,
    toolchain: Toolchain,
    sysroot: Path,
    *,
    features: Sequence[str],
    clippy: bool,
    unlinted: Sequence[Path],
    progress: Progress,
    cancel: asyncio.Event | None,
    manifests: Iterable[Path] | None = None,
) -> CargoRun:
    """`cargo COMMAND` on the shadow; raises `CannotBuild` and `process.Cancelled`.

    `manifests` are those of all packages when cargo need not run again while nothing
    changed, None when it has to.
    """
    env = environment(shadow, manifest, toolchain, sysroot, unlinted, clippy=clippy)
    argv = [
        str(toolchain.cargo),
        command,
        f"--manifest-path={shadow.manifest}",
        f"--target={flags.TARGET}",
        f"--profile={flags.PROFILE}",
        f"--target-dir={shadow.target_dir}",
        "--message-format=json",
        "--bins",
        # With 2 of 10 errors shown a person would mend and build five times.
        "--keep-going",
    ]
    if clippy:
        argv += ["--workspace", "--lib"] if _has_library(shadow, manifest) else ["--workspace"]
    if features:
        argv.append(f"--features={','.join(features)}")
    asked = (argv, env)
    known = _RUNS.recall(shadow.directory, asked) if manifests is not None else None
    if known is not None:
        return known
    began = time.time_ns()
    result = await _once([*argv, "--offline"], shadow, manifest, env, progress, cancel)
    if not result.ok and not result.placed and NEEDS_NETWORK.search(result.log):
        progress.report("fetching the crates this project needs")
        result = await _once(argv, shadow, manifest, env, progress, cancel)
    if not result.ok:
        said = [result.log, *(finding.message for _, finding in result.placed)]
        if any(os.strerror(errno.ENOSPC) in text for text in said):
            full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise storage_problem(full, shadow.output_dir, "the build")
        if not any(f.severity is Severity.ERROR for _, f in result.placed):
            result.placed.append(cargo_problem(result.log, manifest))
    elif manifests is not None:
        _RUNS.remember(
            shadow.directory,
            asked,
            result,
            began_ns=began,
            texts=[*(d / "Cargo.toml" for d in shadow.packages), shadow.directory / "Cargo.lock"],
            sources=[*manifests, *read_by(result.dep_info)],
            outputs=[*result.dep_info, *result.executables.values()],
        )
    return result


_RUNS: Unchanged[CargoRun] = Unchanged()


_NAMED = re.compile(r"(?:[^\s\\]|\\.)+")


def read_by(dep_info: Iterable[Path]) -> Iterator[Path]:
    """The files that the compiler read, as its dep-info files (rustc book, "--emit") list them."""
    for file in dep_info:
        try:
            text = file.read_text(encoding="utf-8")
        except OSError:
            continue
        for line in text.splitlines():
            # `TARGET: FILE FILE…`; a comment says which variables were read.
            _, colon, files = line.partition(": ")
            if colon and not line.startswith("#"):
                for name in _NAMED.findall(files):
                    yield Path(re.sub(r"\\(.)", r"\1", name) if "\\" in name else name)


def environment(
    shadow: Shadow,
    manifest: Manifest,
    toolchain: Toolchain,
    sysroot: Path,
    unlinted: Sequence[Path],
    *,
    clippy: bool,
) -> dict[str, str]:
    """The environment cargo runs in; `rex-rustc` reads the `REX_WRAP_…` part.

    `unlinted` are directories of packages that the rule `dependency` has judged.
    """
    script = link_script()
    lints = lint_flags()
    wrapper = native("rex-rustc")
    crate = kernel_crate().resolve()
    key = flags.digest(
        __version__,
        str(sysroot),
        f"{wrapper} {wrapper.stat().st_mtime_ns}",
        script.read_text(encoding="utf-8"),
        *(tree_digest(crate / part) for part in ("rex", "rex-macros")),
        *lints,
        *map(str, unlinted),
        *flags.codegen(),
    )
    forget_other_keys(shadow.target_dir, key)
    env = toolchain.environment()
    # Paths in an image are relative to the package. The last match wins, so an inner
    # directory comes after an outer one.
    outer = sorted({m.root for m in shadow.packages.values()}, key=lambda r: len(r.parts))
    roots = [*filter(None, [manifest.workspace_root]), *outer]
    remap = [f"{crate}=/rex", *(f"{r}={os.path.relpath(r, manifest.root)}" for r in roots)]
    remap += [f"{manifest.root}=.", f"{shadow.directory}=."]
    lists = {
        "REX_WRAP_LINTS": lints,
        "REX_WRAP_UNLINTED": [str(path) for path in unlinted],
        "REX_WRAP_REMAP": remap,
        "REX_WRAP_LINK": flags.link_flags(toolchain.linker, script),
        "REX_WRAP_NO_MAIN": list(shadow.no_main),
        "CARGO_ENCODED_RUSTFLAGS": list(flags.codegen()),
    }
    env.update({name: "\x1f".join(values) for name, values in lists.items()})
    env.update(
        RUSTC_WRAPPER=str(wrapper),
        RUSTC_WORKSPACE_WRAPPER=str(toolchain.clippy) if clippy else "",
        REX_WRAP_SYSROOT=str(sysroot),
        REX_WRAP_KERNEL_CRATE=str(crate),
        REX_WRAP_SHADOW=str(shadow.directory),
        CARGO_INCREMENTAL="0",
        CARGO_TERM_COLOR="never",
        CARGO_TERM_PROGRESS_WHEN="never",
    )
    if clippy:
        env["CLIPPY_CONF_DIR"] = str(clippy_directory())
        env["CLIPPY_ARGS"] = ""
    return env


def places_of(shadow: Shadow, manifest: Manifest) -> Places:
    """Which of the files rustc speaks about are the person's."""
    spans = {d.name: d.span for d in manifest.dependencies if d.table in TABLES}
    return Places(
        base=shadow.directory,
        package=manifest.root,
        roots=tuple(m.root for m in shadow.packages.values()),
        manifest=manifest.path,
        dependency_spans=spans,
        root_file=shadow.targets[0].path,
    )


def _has_library(shadow: Shadow, manifest: Manifest) -> bool:
    return len(shadow.packages) > 1 or any(t.kind == "lib" for t in manifest.targets)


async def _once(
    argv: Sequence[str],
    shadow: Shadow,
    manifest: Manifest,
    env: dict[str, str],
    progress: Progress,
    cancel: asyncio.Event | None,
) -> CargoRun:
    places = places_of(shadow, manifest)
    result = CargoRun(ok=False)
    try:
        done = await process.run(
            argv, env=env, cancel=cancel, on_line=_reader(result, places, progress)
        )
    except OSError as error:
        raise CannotBuild(f"cannot start {argv[0]}: {error.strerror}", ("rex doctor",)) from error
    result.ok = done.status == 0
    result.log = done.errors
    result.placed = _once_per_dependency(list(dict.fromkeys(result.placed)), manifest)
    return result


def _once_per_dependency(placed: list[Placed], manifest: Manifest) -> list[Placed]:
    """A dependency that breaks a rule at twenty places is one finding in Cargo.toml."""
    kept: list[Placed] = []
    more: dict[tuple[str, Span], tuple[int, int]] = {}
    for path, finding in placed:
        key = (finding.code, finding.span)
        if path != manifest.path or key not in more:
            if path == manifest.path:
                more[key] = (len(kept), 0)
            kept.append((path, finding))
        else:
            more[key] = (more[key][0], more[key][1] + 1)
    for index, count in more.values():
        if count:
            path, finding = kept[index]
            text = f"{finding.message}, and {count} more place{'s' if count > 1 else ''}"
            kept[index] = (path, replace(finding, message=text))
    return kept


def _reader(result: CargoRun, places: Places, progress: Progress) -> Callable[[bytes], None]:
    def read(line: bytes) -> None:
        message = parse_line(line)
        if message is None:
            return
        reason = message.get("reason")
        if reason == "compiler-message":
            result.placed.extend(findings_of(message, places))
        elif reason == "compiler-artifact":
            _artifact(message, result, progress)
        elif reason == "build-script-executed":
            result.placed.extend(_script_findings(message, places.manifest))

    return read


# What `rex-rustc` and the loader of a compiler go by; a build script may set other variables.
_OF_THE_WRAPPER = re.compile(r"REX_WRAP_\w*|LD_\w*|CARGO_MANIFEST_DIR|CARGO_PKG_VERSION")


def _script_findings(message: Message, manifest: Path) -> Iterator[Placed]:
    pairs = message.get("env")
    for pair in pairs if isinstance(pairs, list) else ():
        name = str(pair[0]) if isinstance(pair, list) and pair else ""
        if _OF_THE_WRAPPER.fullmatch(name):
            text = (
                f"a build script sets `{name}` for the compiler, which would change how rex "
                "compiles the extension; remove its `cargo::rustc-env` line"
            )
            yield manifest, _manifest_finding(text, (0, 0))


def _artifact(message: Message, result: CargoRun, progress: Progress) -> None:
    target = message.get("target")
    name = str(target.get("name")) if isinstance(target, dict) else ""
    if not message.get("fresh"):
        progress.report(f"compiled {name}")
    executable = message.get("executable")
    if isinstance(executable, str):
        result.executables[name] = Path(executable)
    files = message.get("filenames")
    for file in map(Path, files if isinstance(files, list) else ()):
        if flags.TARGET in file.parts:
            result.dep_info += _dep_info(file)


def _dep_info(file: Path) -> list[Path]:
    """Where rustc said what it read for an artifact: beside it, under the name with the hash.

    An executable is a hard link to the file that has the hash.
    """
    if file.suffix:
        return [file.with_name(file.stem.removeprefix("lib") + ".d")]
    hashed = file.parent.joinpath("deps").glob(f"{file.name.replace('-', '_')}-*")
    named = [one for one in hashed if not one.suffix]
    same = [one for one in named if file.exists() and one.samefile(file)]
    return [one.with_suffix(".d") for one in same or named]


def cargo_problem(log: str, manifest: Manifest) -> Placed:
    """Cargo's own refusal (no compiler ran, or a build script failed) as one finding."""
    lines = [line.strip() for line in log.splitlines()]
    errors = [i for i, line in enumerate(lines) if line.startswith("error")]
    if not errors:
        text = lines[-1] if lines else "cargo failed and gave no reason"
        return manifest.path, _manifest_finding(text, (0, 0))
    first = errors[0]
    text = re.sub(r"^error(\[\w+\])?: ", "", lines[first])
    causes = [line for line in lines[first + 1 :] if line and not line.startswith(_CARGO_NOISE)]
    if "custom build command" in text:
        return _build_script_problem(lines[first + 1 :], manifest)
    for cause in causes[:2]:
        text += f": {cause}"
    span = (0, 0)
    for dependency in manifest.dependencies:
        names = "|".join(map(re.escape, {dependency.name, dependency.package}))
        if re.search(f"`(?:{names})[` ]", log):
            span = dependency.span
            break
    return manifest.path, _manifest_finding(text, span)


def _build_script_problem(lines: Sequence[str], manifest: Manifest) -> Placed:
    noise = ("note: run with `RUST_BACKTRACE", "stack backtrace", "warning:")
    said = [line for line in lines if line and "---" not in line and not line.startswith(noise)]
    text = "the build script failed: " + (said[-1] if said else "it gave no reason")
    script = manifest.build_script
    if script is None or not script.is_file():
        return manifest.path, _manifest_finding(text, (0, 0))
    place = re.search(r"panicked at [^\n]*build\.rs:(\d+):", "\n".join(lines))
    span = line_span(script, int(place[1])) if place else Span(0, 0)
    return script, _manifest_finding(text, (span.start, span.end))


_CARGO_NOISE = ("Caused by:", "As a reminder", "warning:", "location searched", "required by")


def _manifest_finding(text: str, span: tuple[int, int]) -> Finding:
    return Finding("manifest", Severity.ERROR, text, Span(*span), source="cargo")
