# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Finds a compiler, a clippy and the source of `core` that belong to one commit.

Looked at, in this order: rustup's toolchains (their real programs, never the proxies,
which obey a project's `rust-toolchain.toml`), Debian's packages in `/usr`, and Debian's
packages unpacked in our cache by the bootstrap. Starts `rustc`, `cargo` and
`clippy-driver` only to ask for their versions, never in the project's directory.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rex_lsp.build import process
from rex_lsp.build.errors import CannotBuild
from rex_lsp.build.locations import cache_dir

# The first release whose flags and core sources were tried.
MINIMUM = (1, 96, 0)
DEBIAN_PACKAGES = ("rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy")
REPAIR = (
    f"apt-get install -y {' '.join(DEBIAN_PACKAGES)}   (Debian 12, as root)",
    "rustup toolchain install stable --component rust-src,clippy   (with rustup)",
)


@dataclass(frozen=True, slots=True)
class Toolchain:
    """One usable set. `core` is the directory `library/` of the compiler's own source."""

    name: str
    prefix: Path
    rustc: Path
    cargo: Path
    clippy: Path
    core: Path
    linker: Path
    release: str
    commit: str
    verbose: str

    @property
    def library_path(self) -> str | None:
        """`LD_LIBRARY_PATH` that its programs need, when they are not where they were built for."""
        if self.prefix == Path("/usr") or "rustup" in self.name:
            return None
        return str(self.prefix / "lib" / "x86_64-linux-gnu")

    def environment(self) -> dict[str, str]:
        """A clean environment in which cargo finds this rustc and no other."""
        env = process.clean_environment(os.environ)
        env["RUSTC"] = str(self.rustc)
        if self.library_path:
            rest = env.get("LD_LIBRARY_PATH")
            env["LD_LIBRARY_PATH"] = self.library_path + (f":{rest}" if rest else "")
        return env


@dataclass(frozen=True, slots=True)
class Refusal:
    """A toolchain that was looked at and why it does not do."""

    name: str
    why: str


class ToolchainMissing(CannotBuild):
    """No candidate does. `refusals` says why for each, `repair` which commands mend it."""

    def __init__(self, refusals: Sequence[Refusal], repair: Sequence[str] = REPAIR) -> None:
        looked = "; ".join(f"{r.name}: {r.why}" for r in refusals) or "none is installed"
        super().__init__(f"no usable Rust toolchain ({looked})", repair)
        self.refusals = tuple(refusals)


async def discover(
    prefixes: Iterable[tuple[str, Path]] | None = None, *, commit: str = ""
) -> Toolchain:
    """The toolchain of `commit`, else the best; raises `ToolchainMissing`.

    A found one is remembered on disk.
    """
    found, refusals = await survey(prefixes)
    if not found:
        raise ToolchainMissing(refusals)
    return next((one for one in found if one.commit == commit), found[0])


async def survey(
    prefixes: Iterable[tuple[str, Path]] | None = None,
) -> tuple[list[Toolchain], list[Refusal]]:
    """Every candidate: the usable ones, best first, and the refusals."""
    candidates = list(prefixes) if prefixes is not None else standard_prefixes()
    linker = shutil.which("ld")
    results = await asyncio.gather(*(_examine(n, p, linker) for n, p in candidates))
    usable = [r for r in results if isinstance(r, Toolchain)]
    # A stable release before a nightly, then the newest.
    usable.sort(key=lambda t: ("-" in t.release, [-n for n in _version(t.release) or ()]))
    return usable, [r for r in results if isinstance(r, Refusal)]


def standard_prefixes() -> list[tuple[str, Path]]:
    """(name, prefix) of each place a toolchain can be, whether or not one is there."""
    rustup = Path(os.environ.get("RUSTUP_HOME") or Path.home() / ".rustup") / "toolchains"
    found: dict[Path, str] = {}
    try:
        names = sorted(rustup.iterdir())
    except OSError:
        names = []
    for entry in names:
        if (entry / "bin" / "rustc").exists():
            found.setdefault(entry.resolve(), f"rustup {entry.resolve().name}")
    found[Path("/usr")] = "Debian"
    unpacked = cache_dir() / "debian-rust" / "usr"
    if unpacked.is_dir():
        found[unpacked] = "Debian, unpacked in the cache"
    return [(name, prefix) for prefix, name in found.items()]


def _version(release: str) -> tuple[int, ...] | None:
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", release)
    return tuple(int(part) for part in found.groups()) if found else None


async def _examine(name: str, prefix: Path, linker: str | None) -> Toolchain | Refusal:
    rustc, cargo, clippy = (prefix / "bin" / tool for tool in ("rustc", "cargo", "clippy-driver"))
    library = prefix / "lib" / "rustlib" / "src" / "rust" / "library"
    if not rustc.exists():
        return Refusal(name, f"no {rustc}")
    if rustc.resolve().name == "rustup":
        return Refusal(name, f"{rustc} is rustup's proxy, which obeys a project's files")
    known = _remembered(prefix)
    if known is None:
        asked = await _ask(name, prefix, rustc, cargo, clippy)
        if isinstance(asked, Refusal):
            return asked
        known = asked
        _remember(prefix, known)
    number = _version(known.release)
    if number is None or number < MINIMUM:
        wanted = ".".join(map(str, MINIMUM))
        return Refusal(name, f"rustc {known.release}, expected {wanted} or newer")
    if not clippy.exists():
        return Refusal(name, f"rustc {known.release} has no clippy-driver beside it")
    if not (library / "core" / "src" / "lib.rs").is_file():
        return Refusal(name, f"rustc {known.release} has no core source in {library}")
    if not cargo.exists():
        return Refusal(name, f"rustc {known.release} has no cargo beside it")
    if known.clippy_version != known.rustc_version:
        return Refusal(name, f"clippy-driver is of {known.clippy_version}, rustc of another commit")
    source = _source_version(library.parent)
    if source is not None and source != known.release:
        return Refusal(name, f"core source is of {source}, rustc of {known.release}")
    if linker is None:
        return Refusal(name, "no `ld` on PATH: apt-get install -y binutils")
    return Toolchain(
        name=name if "rustup" in name else f"{name} rustc {known.release}",
        prefix=prefix,
        rustc=rustc,
        cargo=cargo,
        clippy=clippy,
        core=library,
        linker=Path(linker),
        release=known.release,
        commit=known.commit,
        verbose=known.rustc_version,
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What the programs of one prefix answered; `stamp` is their identity on disk."""

    stamp: str
    release: str
    commit: str
    rustc_version: str
    clippy_version: str


async def _ask(name: str, prefix: Path, rustc: Path, cargo: Path, clippy: Path) -> _Known | Refusal:
    env = process.clean_environment(os.environ)
    if "unpacked" in name:
        env["LD_LIBRARY_PATH"] = str(prefix / "lib" / "x86_64-linux-gnu")
    try:
        answer = await process.run([str(rustc), "-vV"], env=env)
    except OSError as error:
        return Refusal(name, f"{rustc} does not start: {error.strerror}")
    text = answer.stdout.decode("utf-8", "replace")
    fields = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    if answer.status or "release" not in fields:
        why = (answer.errors.splitlines() or ["no version"])[0]
        return Refusal(name, f"{rustc} does not run: {why}")
    clippy_text = ""
    if clippy.exists():
        try:
            answer = await process.run([str(clippy), "--rustc", "-vV"], env=env)
            clippy_text = answer.stdout.decode("utf-8", "replace")
        except OSError as error:
            return Refusal(name, f"{clippy} does not start: {error.strerror}")
    return _Known(
        stamp=_stamp(prefix),
        release=fields["release"],
        commit=fields.get("commit-hash", "unknown"),
        rustc_version=text.strip().splitlines()[0],
        clippy_version=(clippy_text.strip().splitlines() or ["nothing"])[0],
    )


def _source_version(source: Path) -> str | None:
    try:
        return (source / "src" / "version").read_text(encoding="utf-8").strip()
    except OSError:
        return None


def _stamp(prefix: Path) -> str:
    parts = []
    for tool in ("rustc", "cargo", "clippy-driver"):
        try:
            stat = (prefix / "bin" / tool).stat()
            parts.append(f"{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}")
        except OSError:
            parts.append("-")
    return " ".join(parts)


def _memory() -> Path:
    return cache_dir() / "toolchains.json"


def _remembered(prefix: Path) -> _Known | None:
    try:
        entry = json.loads(_memory().read_bytes())[str(prefix)]
        known = _Known(**entry)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return known if known.stamp == _stamp(prefix) else None


def _remember(prefix: Path, known: _Known) -> None:
    path = _memory()
    try:
        entries = json.loads(path.read_bytes())
    except (OSError, ValueError):
        entries = {}
    if not isinstance(entries, dict):
        entries = {}
    entries[str(prefix)] = asdict(known)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(entries, indent=1), encoding="utf-8")
        scratch.replace(path)
    except OSError:
        # Without the memory discovery is slower, not wrong.
        return
