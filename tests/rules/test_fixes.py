# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Quick fixes: what they make of the text, and that the finding is gone afterwards.

`REX_BLESS=1` writes the snapshots anew.
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

import pytest

from rex_lsp.rules.engine import check
from rex_lsp.rules.finding import Finding, Fix, Offer
from rex_lsp.rules.registry import RULES
from rex_lsp.syntax.tree import parse
from tests.rules.fixture import ROOT, Section, applied, crate_of, rendered, sections

SNAPSHOTS = Path(__file__).parent / "snapshots"
ALL = sections()


def with_fixes(section: Section) -> list[tuple[Path, Finding, Fix]]:
    crate = section.crate()
    return [
        (path, finding, fix)
        for path in sorted(crate.files())
        for finding in check(crate, path)
        for fix in finding.fixes
    ]


def fixed(section: Section, path: Path, fix: Fix) -> dict[Path, str]:
    text = section.files[path].encode()
    return {**section.files, path: applied(text, fix.edits).decode()}


@pytest.mark.parametrize("section", ALL, ids=lambda section: section.id)
def test_a_fix_takes_its_finding_away_and_the_text_still_parses(section: Section) -> None:
    before = {path: parse(text.encode()).root_node for path, text in section.files.items()}
    crate = section.crate()
    counts = {path: len(check(crate, path)) for path in crate.files()}
    for path, finding, fix in with_fixes(section):
        after = fixed(section, path, fix)
        tree = parse(after[path].encode())
        assert tree.root_node.has_error <= before[path].has_error, fix.title
        again = check(crate_of(after), path)
        assert len(again) < counts[path], (finding, fix.title, again)


@pytest.mark.parametrize("rule", [rule.name for rule in RULES.values()])
def test_the_fixes_are_as_reviewed(rule: str) -> None:
    lines: list[str] = []
    for section in ALL:
        if section.rule != rule:
            continue
        for path, finding, fix in with_fixes(section):
            before = section.files[path]
            after = fixed(section, path, fix)[path]
            marks = ", ".join(
                [word for word, on in (("safe", fix.safe), ("preferred", fix.preferred)) if on]
            )
            lines.append(f"{section.spelling} {path.relative_to(ROOT)}:")
            lines.append(rendered(finding, before.encode()))
            lines.append(f"fix: {fix.title} ({marks})")
            diff = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
            lines += [line for line in diff if not line.startswith(("---", "+++", "@@"))]
            lines.append("")
    snapshot = SNAPSHOTS / f"{rule}.txt"
    text = "\n".join(lines)
    if os.environ.get("REX_BLESS"):
        SNAPSHOTS.mkdir(exist_ok=True)
        if text:
            snapshot.write_text(text, encoding="utf-8")
        else:
            snapshot.unlink(missing_ok=True)
    known = snapshot.read_text(encoding="utf-8") if snapshot.is_file() else ""
    assert text == known, "review the change, then REX_BLESS=1"


def test_the_rules_that_promise_fixes_have_them() -> None:
    found = {finding.code for section in ALL for _, finding, _ in with_fixes(section)}
    assert found == {
        "rex::unsafe_code",
        "rex::leak",
        "rex::std_or_alloc",
        "rex::missing_no_std",
        "rex::unstable_feature",
        "rex::static_mut",
        "rex::program_signature",
        "rex::one_lock",
        "rex::map_definition",
        "rex::unknown_attach_target",
    }


def test_every_fix_is_one_its_rule_declares_and_every_declaration_is_of_use() -> None:
    """What `rex rules` says about fixes is what the findings bring."""
    seen: dict[str, set[Offer]] = {}
    for section in ALL:
        for _, finding, fix in with_fixes(section):
            offers = [o for o in RULES[finding.code].offers if _is_of(fix, o)]
            assert offers, (finding.code, fix.title, fix.applicability)
            seen.setdefault(finding.code, set()).update(offers)
    # Findings of these come from a build: tests/build/test_dependencies.py and test_panic_fixes.py.
    declared = {code: set(rule.offers) for code, rule in RULES.items() if rule.offers}
    del declared["rex::dependency"], declared["rex::may_panic"]
    assert seen == declared


def _is_of(fix: Fix, offer: Offer) -> bool:
    title = re.sub(r"\\\{\w+\\\}", "(.+)", re.escape(offer.title))
    return (
        re.fullmatch(title, fix.title) is not None
        and fix.applicability is offer.applicability
        and fix.preferred is offer.preferred
    )
