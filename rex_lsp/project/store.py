# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The diagnostics store: what every tier last said about every file.

Key: file, tier and owner (the crate or object that spoke). Edits move the entries of
later tiers along; an edit inside an anchor drops the entry and leaves the tier stale.
Of one identity the latest tier that speaks about the current text wins and names the
others as related information.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path

from rex_lsp.project.anchors import shift_finding
from rex_lsp.rules.finding import Finding, Related
from rex_lsp.syntax.changes import Splice


class Tier(IntEnum):
    """Who speaks; a later one had more to look at."""

    TYPING = 1
    COMPILER = 2
    BINARY = 3
    RUNTIME = 4


@dataclass(slots=True)
class _Entry:
    finding: Finding
    current: bool = True
    from_build: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding as it is shown, with the tier it came from."""

    finding: Finding
    tier: Tier


_Owned = dict[Hashable, list[_Entry]]
Listener = Callable[[set[Path]], None]


class Store:
    """All findings; ``on_change`` is told which files look different."""

    def __init__(self, on_change: Listener = lambda _: None) -> None:
        self._files: dict[Path, dict[Tier, _Owned]] = {}
        self._stale: set[tuple[Path, Tier]] = set()
        self._measured: dict[Path, set[Hashable]] = {}
        self.on_change = on_change

    def replace_file(
        self, tier: Tier, path: Path, findings: Sequence[Finding], owner: Hashable = None
    ) -> None:
        """What ``owner`` says about one file now, in the place of what it said before."""
        if self._put(tier, path, owner, findings, from_build=False):
            self.on_change({path})

    def replace_all(
        self,
        tier: Tier,
        owner: Hashable,
        findings: Mapping[Path, Sequence[Finding]],
        *,
        from_build: bool = False,
    ) -> None:
        """All that ``owner`` says in this tier; files it does not name any more are cleared."""
        changed = {
            path
            for path, tiers in self._files.items()
            if owner in tiers.get(tier, {}) and path not in findings
        }
        for path in changed:
            self._put(tier, path, owner, (), from_build=False)
        for path, found in findings.items():
            if self._put(tier, path, owner, found, from_build=from_build):
                changed.add(path)
        if changed:
            self.on_change(changed)

    def measured(self, owner: Hashable, paths: Iterable[Path]) -> None:
        """The machine code of ``owner`` was read, built from the files as they are now.

        Until an edit of a file its estimates say nothing any more.
        """
        now = set(paths)
        changed = set()
        for path in now | {path for path, owners in self._measured.items() if owner in owners}:
            owners = self._measured.setdefault(path, set())
            before = bool(owners)
            owners.add(owner) if path in now else owners.discard(owner)
            if before != bool(owners):
                changed.add(path)
        if changed:
            self.on_change(changed)

    def add(self, tier: Tier, path: Path, finding: Finding, owner: Hashable) -> None:
        """One more finding of ``owner``; the same one again changes nothing."""
        entries = self._files.setdefault(path, {}).setdefault(tier, {}).setdefault(owner, [])
        if all(entry.finding != finding for entry in entries):
            entries.append(_Entry(finding))
            self.on_change({path})

    def forget_owner(self, tier: Tier, owner: Hashable) -> None:
        """Drop all that ``owner`` said in this tier."""
        self.replace_all(tier, owner, {})

    def forget_file(self, path: Path) -> None:
        """Drop all that anybody said about a file."""
        if self._files.pop(path, None) is not None:
            self._stale = {key for key in self._stale if key[0] != path}
            self.on_change({path})

    def edited(self, path: Path, splices: tuple[Splice, ...], *, replaced: bool = False) -> None:
        """Move the later tiers' entries of an edited file along.

        ``replaced`` means that the whole text is new: nothing is known about it any more.
        """
        if splices or replaced:
            self._measured.pop(path, None)
        for tier, owned in self._files.get(path, {}).items():
            if tier is Tier.TYPING:
                continue
            for entries in owned.values():
                kept: list[_Entry] = []
                for entry in entries:
                    moved = None if replaced else shift_finding(entry.finding, path, splices)
                    if moved is None:
                        self._stale.add((path, tier))
                        continue
                    kept.append(_Entry(moved, False, entry.from_build))
                entries[:] = kept

    def stale(self, path: Path, tier: Tier) -> bool:
        """Whether an edit dropped an entry of this tier since the tier last spoke."""
        return (path, tier) in self._stale

    def paths(self) -> list[Path]:
        """The files that have findings."""
        return [
            path
            for path, tiers in self._files.items()
            if any(any(o.values()) for o in tiers.values())
        ]

    def shown(self, path: Path, *, rex_only: bool = False) -> list[Shown]:
        """What to show for a file, in the order of the text.

        ``rex_only`` leaves out the compiler's own findings unless a build brought them:
        another server shows those.
        """
        tiers = self._files.get(path)
        if not tiers:
            return []
        candidates = [
            (tier, entry)
            for tier in sorted(tiers, reverse=True)
            for entries in tiers[tier].values()
            for entry in entries
            if not (entry.finding.estimate and self._measured.get(path))
            if not rex_only or entry.from_build or entry.finding.code.startswith("rex::")
        ]
        # Current speakers first: they win over later tiers that saw an older text.
        candidates.sort(key=lambda pair: (not pair[1].current, -pair[0]))
        winners: list[_Winner] = []
        seen: set[Finding] = set()
        by_code: dict[str, list[_Winner]] = {}
        speakers = {tier for tier, _ in candidates}
        for tier, entry in candidates:
            finding = entry.finding
            if finding in seen:
                continue
            seen.add(finding)
            winner = _rival(by_code.get(finding.code, ()), tier, finding)
            if winner is not None:
                winner.others.append(finding)
                continue
            winners.append(_Winner(finding, tier, []))
            if len(speakers) > 1:
                by_code.setdefault(finding.code, []).append(winners[-1])
        shown = [Shown(_merged(path, winner), winner.tier) for winner in winners]
        shown.sort(key=lambda one: (one.finding.span, one.finding.severity, one.finding.code))
        return shown

    def _put(
        self,
        tier: Tier,
        path: Path,
        owner: Hashable,
        findings: Iterable[Finding],
        *,
        from_build: bool,
    ) -> bool:
        owned = self._files.setdefault(path, {}).setdefault(tier, {})
        before = owned.get(owner, [])
        after = [_Entry(finding, True, from_build) for finding in findings]
        self._stale.discard((path, tier))
        if after:
            owned[owner] = after
        else:
            owned.pop(owner, None)
        return before != after


@dataclass(slots=True)
class _Winner:
    finding: Finding
    tier: Tier
    others: list[Finding]


def _rival(winners: Iterable[_Winner], tier: Tier, finding: Finding) -> _Winner | None:
    for winner in winners:
        if winner.tier is not tier and _same(winner.finding, finding):
            return winner
    return None


def _same(one: Finding, other: Finding) -> bool:
    """Whether two findings of one code speak about the same thing."""
    if one.item and other.item and one.item != other.item:
        return False
    return one.span == other.span or (
        one.span.start < other.span.end and other.span.start < one.span.end
    )


def _merged(path: Path, winner: _Winner) -> Finding:
    if not winner.others:
        return winner.finding
    every = [winner.finding, *winner.others]
    # A rule's own words say why, and what to do; the compiler's say what it calls it.
    voice = next((one for one in every if one.source == "rex"), winner.finding)
    heard = {voice.message}
    named: list[Related] = []
    for other in every:
        if other.source != voice.source and other.message not in heard:
            heard.add(other.message)
            named.append(Related(path, other.span, f"{other.source} says: {other.message}"))
    fixes = voice.fixes or next((one.fixes for one in every if one.fixes), ())
    related = dict.fromkeys((*winner.finding.related, *voice.related, *named))
    return replace(
        winner.finding,
        message=voice.message,
        span=voice.span,
        related=tuple(related),
        fixes=fixes,
    )
