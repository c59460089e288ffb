# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`allow-dependencies` of `[package.metadata.rex]`: crates a person answers for, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rex_lsp.build import toml_text
from rex_lsp.build.manifest import Manifest
from rex_lsp.rules import dependency
from rex_lsp.rules.finding import Edit, Finding, Fix, Severity
from rex_lsp.syntax.positions import Span

KEY = "allow-dependencies"
TABLE = "package.metadata.rex"
_KEYS = frozenset({"name", "version", "reason"})


@dataclass(frozen=True, slots=True)
class Allowed:
    """One entry. `version` is whole or a prefix of parts (`1`, `1.4`); "" fits every one."""

    name: str
    version: str
    reason: str

    def fits(self, name: str, version: str) -> bool:
        """Whether the entry is about this package."""
        if name != self.name:
            return False
        parts = self.version.removeprefix("=").strip().split(".") if self.version else []
        return version.split(".")[: len(parts)] == parts


@dataclass(slots=True)
class AllowList:
    """The entries that count, what is wrong with the others, and which were of use."""

    manifest: Manifest
    entries: list[Allowed] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    used: set[Allowed] = field(default_factory=set)

    def reason(self, name: str, version: str) -> str | None:
        """Why a package is allowed; None when it is not."""
        for entry in self.entries:
            if entry.fits(name, version):
                self.used.add(entry)
                return entry.reason
        return None

    def findings(self) -> list[Finding]:
        """What is wrong with the list itself: bad entries, and entries nobody needs."""
        found = [_finding(problem, Severity.ERROR, self.manifest) for problem in self.problems]
        for entry in self.entries:
            if entry not in self.used:
                shown = f"{entry.name} {entry.version}".strip()
                text = f"`{shown}` in {KEY} allows nothing: remove the entry"
                found.append(_finding(text, Severity.WARNING, self.manifest))
        return found


def read_allow_list(manifest: Manifest) -> AllowList:
    """The list of a package's manifest; an entry without a name or a reason allows nothing."""
    result = AllowList(manifest)
    given = manifest.metadata_rex.get(KEY, [])
    if not isinstance(given, list):
        result.problems.append(f"expected an array of tables for {KEY}, found {given!r}")
        return result
    for entry in given:
        problem = _problem(entry)
        if problem:
            result.problems.append(problem)
        else:
            version = entry.get("version", "")
            result.entries.append(Allowed(entry["name"], version, entry["reason"].strip()))
    return result


def _problem(entry: Any) -> str:
    shape = '{ name = "…", version = "…", reason = "…" }'
    if not isinstance(entry, dict) or not all(isinstance(v, str) for v in entry.values()):
        return f"expected {shape} in {KEY}, found {entry!r}"
    unknown = sorted(set(entry) - _KEYS)
    if unknown:
        return f"expected {shape} in {KEY}, found the key `{unknown[0]}`"
    if not entry.get("name"):
        return f"expected a name in each entry of {KEY}"
    if not entry.get("reason", "").strip():
        return f"`{entry['name']}` in {KEY} has no reason: say why it is safe in the kernel"
    return ""


def fix(manifest: Manifest, name: str, version: str) -> Fix:
    """Adds an entry whose reason is still to be written."""
    entry = f'{{ name = "{name}", version = "{version}", reason = "" }}'
    data = _read(manifest)
    start, end = toml_text.key_span(data, TABLE, KEY)
    bracket = data.find(b"[", start, end) if end else -1
    if bracket >= 0:
        rest = data[bracket + 1 :].lstrip()
        comma = "" if rest.startswith(b"]") else ", "
        edit = Edit(Span(bracket + 1, bracket + 1), f"{entry}{comma}", manifest.path)
    else:
        _, header = toml_text.key_span(data, TABLE)
        if header:
            edit = Edit(Span(header, header), f"\n{KEY} = [{entry}]", manifest.path)
        else:
            gap = "" if data.endswith(b"\n") or not data else "\n"
            text = f"{gap}\n[{TABLE}]\n{KEY} = [{entry}]\n"
            edit = Edit(Span(len(data), len(data)), text, manifest.path)
    return dependency.ALLOW.fix(edit, package=name)


def _finding(message: str, severity: Severity, manifest: Manifest) -> Finding:
    span = Span(*toml_text.key_span(_read(manifest), TABLE, KEY))
    return Finding(dependency.RULE.code, severity, message, span, source="cargo")


def _read(manifest: Manifest) -> bytes:
    try:
        return manifest.path.read_bytes()
    except OSError:
        return b""
