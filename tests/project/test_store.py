# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The diagnostics store: anchors, staleness, which tier is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_lsp.project.anchors import shift_span
from rex_lsp.project.store import Store, Tier
from rex_lsp.rules.finding import Applicability, Edit, Finding, Fix, Related, Severity
from rex_lsp.syntax.changes import Splice
from rex_lsp.syntax.positions import Span

FILE = Path("/p/src/main.rs")
OTHER = Path("/p/src/other.rs")


def finding(
    start: int, end: int, code: str = "rex::leak", source: str = "rex", message: str = "m"
) -> Finding:
    return Finding(code, Severity.ERROR, message, Span(start, end), source)


def spans(store: Store, path: Path = FILE) -> list[tuple[int, int]]:
    return [(s.finding.span.start, s.finding.span.end) for s in store.shown(path)]


@pytest.mark.parametrize(
    ("splice", "moved"),
    [
        (Splice(Span(0, 0), 3), Span(13, 23)),
        (Splice(Span(0, 5), 0), Span(5, 15)),
        (Splice(Span(8, 10), 4), Span(12, 22)),
        (Splice(Span(10, 10), 2), Span(12, 22)),
        (Splice(Span(20, 20), 2), Span(10, 20)),
        (Splice(Span(30, 40), 2), Span(10, 20)),
        (Splice(Span(12, 12), 1), None),
        (Splice(Span(9, 11), 1), None),
        (Splice(Span(19, 25), 1), None),
        (Splice(Span(0, 100), 1), None),
    ],
)
def test_an_anchor_moves_with_the_text_before_it_and_goes_when_it_is_edited(
    splice: Splice, moved: Span | None
) -> None:
    assert shift_span(Span(10, 20), [splice]) == moved


@given(st.text("ab\n", max_size=30), st.data())
def test_a_moved_anchor_still_holds_the_same_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    at = data.draw(st.integers(0, len(text)))
    until = data.draw(st.integers(at, len(text)))
    inserted = data.draw(st.text("xyz", max_size=5))
    span = shift_span(Span(start, end), [Splice(Span(at, until), len(inserted))])
    after = text[:at] + inserted + text[until:]
    if span is not None:
        assert after[span.start : span.end] == text[start:end]


def test_later_tiers_move_along_and_an_edit_inside_makes_them_stale() -> None:
    store = Store()
    store.replace_all(Tier.COMPILER, "crate", {FILE: [finding(10, 20), finding(40, 50)]})
    store.edited(FILE, (Splice(Span(0, 0), 5),))
    assert spans(store) == [(15, 25), (45, 55)]
    assert not store.stale(FILE, Tier.COMPILER)
    store.edited(FILE, (Splice(Span(17, 18), 0),))
    assert spans(store) == [(44, 54)]
    assert store.stale(FILE, Tier.COMPILER)
    store.replace_all(Tier.COMPILER, "crate", {FILE: [finding(44, 54)]})
    assert not store.stale(FILE, Tier.COMPILER)


def test_fixes_and_related_places_move_with_their_finding() -> None:
    store = Store()
    fix = Fix("drop it", (Edit(Span(10, 14), ""),), Applicability.SAFE)
    other = Related(OTHER, Span(1, 2), "there")
    here = Related(FILE, Span(30, 31), "here")
    one = Finding(
        "rex::leak", Severity.ERROR, "m", Span(10, 20), fixes=(fix,), related=(other, here)
    )
    store.replace_all(Tier.COMPILER, "crate", {FILE: [one]})
    store.edited(FILE, (Splice(Span(0, 0), 2),))
    shown = store.shown(FILE)[0].finding
    assert shown.fixes[0].edits[0].span == Span(12, 16)
    assert shown.related == (other, Related(FILE, Span(32, 33), "here"))
    store.edited(FILE, (Splice(Span(32, 33), 9),))
    assert store.shown(FILE)[0].finding.related == (other,)


def test_the_latest_tier_for_the_current_text_wins_and_names_the_other() -> None:
    store = Store()
    store.replace_file(Tier.TYPING, FILE, [finding(10, 20, message="typed")])
    store.replace_all(Tier.COMPILER, "c", {FILE: [finding(12, 20, source="clippy", message="c")]})
    (shown,) = store.shown(FILE)
    assert (shown.tier, shown.finding.source) == (Tier.COMPILER, "clippy")
    assert shown.finding.message == "typed"
    assert [r.message for r in shown.finding.related] == ["clippy says: c"]


def test_after_an_edit_the_typing_tier_wins_until_the_compiler_spoke_again() -> None:
    store = Store()
    store.replace_all(Tier.COMPILER, "c", {FILE: [finding(10, 20, source="clippy")]})
    store.edited(FILE, (Splice(Span(0, 0), 1),))
    store.replace_file(Tier.TYPING, FILE, [finding(11, 21)])
    (shown,) = store.shown(FILE)
    assert shown.finding.source == "rex"
    store.replace_all(Tier.COMPILER, "c", {FILE: [finding(11, 21, source="clippy")]})
    (shown,) = store.shown(FILE)
    assert shown.finding.source == "clippy"


def test_findings_of_one_code_at_different_places_are_different() -> None:
    store = Store()
    store.replace_file(Tier.TYPING, FILE, [finding(10, 20)])
    store.replace_all(Tier.COMPILER, "c", {FILE: [finding(30, 40, source="clippy")]})
    assert len(store.shown(FILE)) == 2


def test_the_same_finding_of_two_crates_is_shown_once() -> None:
    store = Store()
    store.replace_all(Tier.COMPILER, "a", {FILE: [finding(1, 2)]})
    store.replace_all(Tier.COMPILER, "b", {FILE: [finding(1, 2)]})
    assert len(store.shown(FILE)) == 1


def test_a_new_run_clears_the_files_it_does_not_name() -> None:
    changed: list[set[Path]] = []
    store = Store(changed.append)
    store.replace_all(Tier.COMPILER, "c", {FILE: [finding(1, 2)], OTHER: [finding(3, 4)]})
    store.replace_all(Tier.COMPILER, "c", {OTHER: [finding(3, 4)]})
    assert store.shown(FILE) == []
    assert changed == [{FILE, OTHER}, {FILE}]
    assert store.paths() == [OTHER]


def test_with_rust_analyzer_only_rex_findings_show_until_a_build_brings_the_others() -> None:
    store = Store()
    mine = finding(1, 2)
    rustc = finding(5, 6, code="E0308", source="rustc")
    store.replace_all(Tier.COMPILER, "c", {FILE: [mine, rustc]})
    assert [s.finding for s in store.shown(FILE, rex_only=True)] == [mine]
    store.replace_all(Tier.COMPILER, "c", {FILE: [mine, rustc]}, from_build=True)
    assert [s.finding for s in store.shown(FILE, rex_only=True)] == [mine, rustc]


def test_a_text_that_is_new_as_a_whole_keeps_nothing_of_later_tiers() -> None:
    store = Store()
    store.replace_all(Tier.RUNTIME, "run", {FILE: [finding(1, 2, code="rex::panicked")]})
    store.edited(FILE, (), replaced=True)
    assert store.shown(FILE) == []
    assert store.stale(FILE, Tier.RUNTIME)
