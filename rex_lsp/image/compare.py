# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What changed between two documents of `rex stack|panics|audit|size --format json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from rex_lsp.image.words import CERTAINTIES

Json = Mapping[str, Any]


class Subject(NamedTuple):
    """What is weighed: a program, a crate, the panics of one cause in one file."""

    image: str
    kind: str
    name: str


class Change(NamedTuple):
    """A weight before and now, in bytes or places; None where there was or is none.

    `note` is what else changed: `exact, now at least`.
    """

    subject: Subject
    before: int | None
    now: int | None
    note: str

    @property
    def delta(self) -> int:
        """How much it grew."""
        return (self.now or 0) - (self.before or 0)

    @property
    def word(self) -> str:
        """`new`, `gone`, `grew`, `shrank` or `changed`."""
        if self.before is None:
            return "new"
        if self.now is None:
            return "gone"
        return "grew" if self.delta > 0 else "shrank" if self.delta < 0 else "changed"

    def as_json(self) -> dict[str, Any]:
        """An element of `changes` in the documents' schemas."""
        return {
            **self.subject._asdict(),
            "change": self.word,
            "before": self.before,
            "now": self.now,
            "note": self.note,
        }


Weights = Mapping[Subject, tuple[int, str]]


def changes(verb: str, before: Json, now: Json) -> list[Change]:
    """What differs, the largest difference first.

    Raises KeyError or TypeError when a document is not one of `rex VERB --format json`.
    """
    was, is_now = weights(verb, before), weights(verb, now)
    found = []
    for subject in {**was, **is_now}:
        old, old_note = was.get(subject, (None, ""))
        new, new_note = is_now.get(subject, (None, ""))
        changed_note = old is not None and new is not None and old_note != new_note
        if old != new or changed_note:
            note = f"{old_note}, now {new_note}" if changed_note else ""
            found.append(Change(subject, old, new, note))
    return sorted(found, key=lambda change: (-abs(change.delta), change.subject))


def weights(verb: str, document: Json) -> Weights:
    """What a document weighs, by subject, with what the number means where that varies."""
    return _WEIGHTS[verb](document)


def _stack(document: Json) -> Weights:
    return {
        Subject(row["image"], "program", row["program"]): (
            row["bytes"],
            CERTAINTIES[row["certainty"]],
        )
        for row in document["programs"]
    }


def _panics(document: Json) -> Weights:
    # Lines move with every edit, so places of one cause in one file are counted together.
    return _counted(
        Subject(row["image"], row["cause"], row["line"]["file"] if row["line"] else row["function"])
        for row in document["panics"]
    )


def _audit(document: Json) -> Weights:
    return _counted(
        Subject(image["image"], finding["cause"], finding["function"])
        for image in document["images"]
        for finding in image["findings"]
    )


def _size(document: Json) -> Weights:
    sums: Counter[Subject] = Counter()
    for image in document["images"]:
        name = image["image"]
        for segment in image["segments"]:
            sums[Subject(name, "segment", segment["kind"])] += segment["bytes"]
        for kind in ("crate", "program", "function"):
            for row in image[f"{kind}s"]:
                sums[Subject(name, kind, row["name"])] += row["text"]
    return {subject: (total, "") for subject, total in sums.items()}


def _counted(subjects: Iterator[Subject]) -> Weights:
    return {subject: (count, "") for subject, count in Counter(subjects).items()}


_WEIGHTS: Mapping[str, Callable[[Json], Weights]] = {
    "stack": _stack,
    "panics": _panics,
    "audit": _audit,
    "size": _size,
}
