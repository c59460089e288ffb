# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Every rule has a page with the fixed headings, and the page's examples are true."""

from __future__ import annotations

import re

import pytest

from rex_lsp.rules.engine import check
from rex_lsp.rules.pages import DIRECTORY, HEADINGS, code_blocks, page_path, section
from rex_lsp.rules.registry import RULES
from rex_lsp.rules.rule import Rule, Tier
from tests.rules.fixture import ROOT, crate_of

ALL = [pytest.param(rule, id=rule.name) for rule in RULES.values()]
TYPED = [pytest.param(rule, id=rule.name) for rule in RULES.values() if Tier.TYPING in rule.tiers]


def codes(text: str) -> set[str]:
    crate = crate_of({ROOT / "main.rs": text})
    return {finding.code for finding in check(crate, ROOT / "main.rs")}


@pytest.mark.parametrize("rule", ALL)
def test_the_page_has_the_fixed_headings(rule: Rule) -> None:
    assert tuple(re.findall(r"^## (.+)$", rule.page, re.M)) == HEADINGS
    assert rule.page.startswith(f"# `{rule.code}`: ")
    assert all(section(rule.page, heading) for heading in HEADINGS)


@pytest.mark.parametrize("rule", TYPED)
def test_the_example_has_the_finding(rule: Rule) -> None:
    blocks = code_blocks(section(rule.page, "Example"))
    assert blocks
    for block in blocks:
        assert codes(block) >= {rule.code}


@pytest.mark.parametrize("rule", TYPED)
def test_what_to_use_instead_has_no_finding_at_all(rule: Rule) -> None:
    blocks = code_blocks(section(rule.page, "Use instead"))
    assert blocks
    for block in blocks:
        assert codes(block) == set()


def test_every_page_belongs_to_a_rule() -> None:
    assert {path.stem for path in DIRECTORY.glob("*.md")} == {rule.name for rule in RULES.values()}
    assert page_path("rex::nothing") is None
