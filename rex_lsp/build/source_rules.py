# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Our own rules in the compiler tier, over every file that the compiler read.

The rules go through the modules as the model finds them. What the compiler read beyond
that (a module or an `include!` that only a macro names, a generated file) stands in its
dep-info files (rustc book, "--emit dep-info") and is judged by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rex_lsp.build.cargo import read_by
from rex_lsp.build.closure import Package, own_packages
from rex_lsp.build.dependency_audit import Disk, reading_of
from rex_lsp.build.locations import kernel_crate
from rex_lsp.build.manifest import Manifest, default_features
from rex_lsp.build.messages import Placed
from rex_lsp.build.shadow import Shadow
from rex_lsp.build.turns import Turns
from rex_lsp.model.crate import Crate, CrateConfig
from rex_lsp.rules.engine import advance, check, shifted
from rex_lsp.rules.finding import Finding, Related, Severity
from rex_lsp.rules.suppression import allows
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import parse

_OPENING = b"fn included() { "
_DATA = re.compile(
    rb"include_(?:str|bytes)\s*!\s*[(\[{][^;]*?\"([^\"]*)\"\s*,?\s*[)\]}]", re.DOTALL
)


@dataclass(slots=True)
class Sources:
    """The person's own crates, and all files that the rules have seen or need not see."""

    crates: list[Crate] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)
    answered_for: list[Path] = field(default_factory=list)

    def errors(self, told: Mapping[Path, Sequence[Finding]]) -> Iterator[Placed]:
        """What breaks a safety rule, each file once, and was not `told` by the compiler."""
        done: set[Path] = set()
        for crate in self.crates:
            for path in sorted(crate.files() - done):
                done.add(path)
                for finding in check(crate, path):
                    known = any(speaks_of(finding, one) for one in told.get(path, ()))
                    if finding.severity is Severity.ERROR and not known:
                        yield path, finding

    def answers_for(self, path: Path, finding: Finding) -> bool:
        """Whether clippy speaks of a crate that somebody answers for, as the build does not."""
        return (
            finding.source == "clippy"
            and self._crate_of(path) is None
            and any(path.resolve().is_relative_to(d) for d in self.answered_for)
        )

    @property
    def own(self) -> set[Path]:
        """The files of the person's crates."""
        return {path for crate in self.crates for path in crate.files()}

    def said_of(self, path: Path) -> list[Finding]:
        """What the rules say of one file; nothing when it is no file of the crates."""
        crate = self._crate_of(path)
        return [] if crate is None else check(crate, path)

    def _crate_of(self, path: Path) -> Crate | None:
        return next((one for one in self.crates if one.module_of(path) is not None), None)

    def allows(self, path: Path, rule: str, offset: int) -> bool:
        """Whether a comment at the item or statement there allows an advice rule."""
        crate = self._crate_of(path)
        document = None if crate is None else crate.document(path)
        return document is not None and allows(document, rule, offset)

    def map_named(self, name: str) -> tuple[Path, Span] | None:
        """Where a map's name stands in the person's crates."""
        for crate in self.crates:
            for path in sorted(crate.files()):
                check(crate, path)
                for one in crate.maps(path):
                    if one.name == name:
                        return path, one.name_span
        return None

    def in_our_words(self, placed: Iterable[Placed]) -> Iterator[Placed]:
        """The compiler's findings; where a rule of ours says the same, as the rule says it."""
        known: dict[Path, list[Finding]] = {}
        for path, finding in placed:
            if finding.code.startswith("rex::") and finding.source in ("rustc", "clippy"):
                if path not in known:
                    known[path] = self.said_of(path)
                ours = next((one for one in known[path] if speaks_of(one, finding)), None)
                if ours is not None:
                    yield path, _as_ours(path, finding, ours)
                    continue
            yield path, finding

    def unseen(self, dep_info: Iterable[Path]) -> Iterator[Placed]:
        """What breaks a safety rule in files that the compiler read and the model did not."""
        data = {
            Path(match[1].decode("utf-8", "replace")).name
            for crate in self.crates
            for document in crate.documents.values()
            for match in _DATA.finditer(document.data)
        }
        crate = kernel_crate()
        # Most of what is read is the kernel crate.
        read = {
            path for path in read_by(dep_info) if crate not in path.parents or ".." in path.parts
        }
        for path in sorted({path.resolve() for path in read}):
            if path in self.seen or any(path.is_relative_to(d) for d in self.answered_for):
                continue
            if path.name not in data:
                yield from _alone(path)


def speaks_of(ours: Finding, theirs: Finding) -> bool:
    """Whether two findings are about one thing."""
    one, other = ours.span, theirs.span
    return ours.code == theirs.code and one.start < other.end and other.start < one.end


def _as_ours(path: Path, theirs: Finding, ours: Finding) -> Finding:
    said = theirs.message.partition("\n")[0]
    related = Related(path, theirs.span, f"{theirs.source} says: {said}")
    return replace(
        theirs,
        message=ours.message,
        span=ours.span,
        item=ours.item,
        fixes=ours.fixes or theirs.fixes,
        related=(related, *ours.related, *theirs.related),
    )


async def sources_of(
    shadow: Shadow,
    manifest: Manifest,
    packages: Iterable[Package],
    judged: Iterable[Path],
    features: Iterable[str],
) -> Sources:
    """The crates of the extension, judged, and which files of others need no look.

    The event loop gets its turns meanwhile.
    """
    result = Sources(answered_for=[kernel_crate().resolve()])
    turns = Turns()
    roots: list[tuple[Path, CrateConfig]] = []
    for own in own_packages(shadow, manifest).values():
        chosen = default_features(own) | frozenset(features)
        extension = own is manifest
        for target in own.extension_targets if extension else ():
            roots.append((target.path, _config(own, chosen, extension=True)))
        for target in own.targets:
            if target.kind == "lib":
                roots.append((target.path, _config(own, chosen, extension=False)))
    skipped = {path.resolve() for path in judged}
    for package in packages:
        if package.own:
            continue
        if package.compiled_in.resolve() in skipped or package.library is None:
            result.answered_for.append(package.root.resolve())
        else:
            result.seen |= reading_of(package).files
    for root, config in roots:
        crate = await _judged(root, config, turns)
        result.crates.append(crate)
        result.seen |= {path.resolve() for path in crate.files()}
    return result


async def _judged(root: Path, config: CrateConfig, turns: Turns) -> Crate:
    """A crate that the rules have gone through: what they say is there when it is asked for."""
    files = Disk()
    data = files.read(root)
    # A document that comes from outside is left to its owner to read on in when it is long.
    document = None if data is None else Document(data)
    crate = Crate(root, files, config, {} if document is None else {root: document})
    done: set[Path] = set()
    while waiting := sorted(crate.files() - done):
        path = waiting[0]
        done.add(path)
        document = crate.document(path)
        while document is not None and not (
            document.settle_some(turns.left_ms) and crate.read_some(document, turns.left_ms)
        ):
            await turns.pause()
        while not advance(crate, path, turns.left_ms):
            await turns.pause()
        await turns.pause()
    return crate


def _config(manifest: Manifest, features: frozenset[str], *, extension: bool) -> CrateConfig:
    return CrateConfig(
        rex_name=manifest.rex_name or "rex",
        edition=manifest.edition,
        features=features,
        program_rules=extension,
        needs_no_main=extension,
    )


def _alone(path: Path) -> Iterator[Placed]:
    """The rules over one file: items, statements or an expression, so inside a function."""
    data = Disk().read(path)
    if data is None or parse(_OPENING + data + b"\n}").root_node.has_error:
        return
    files = _Memory({path: b"#![no_std]\n" + _OPENING + data + b"\n}"})
    crate = Crate(path, files, CrateConfig(program_rules=False, needs_no_main=False))
    for finding in check(crate, path):
        if finding.severity is Severity.ERROR:
            yield path, shifted(finding, -len(b"#![no_std]\n" + _OPENING))


class _Memory(dict[Path, bytes]):
    def read(self, path: Path) -> bytes | None:
        return self.get(path)
