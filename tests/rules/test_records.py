# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What is derived from the rules' records: lints, clippy.toml, the compiler's messages."""

from __future__ import annotations

import re

import pytest

from rex_lsp.rules.compiler import rule_for
from rex_lsp.rules.finding import Severity
from rex_lsp.rules.lints import clippy_toml, forced_lints
from rex_lsp.rules.registry import RULES, Tier

SAFETY = {name for name, rule in RULES.items() if rule.severity is Severity.ERROR}


def test_every_record_is_complete() -> None:
    for code, rule in RULES.items():
        assert code == rule.code == f"rex::{rule.name}"
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", rule.name)
        assert rule.title and not rule.title.endswith(".")
        checks = rule.check_item is not None or rule.check_file is not None
        # The engine itself looks at allow comments: it knows what they allowed.
        assert (checks or code == "rex::suppression") == (Tier.TYPING in rule.tiers)


def test_safety_rules_cannot_be_suppressed() -> None:
    assert {code for code, rule in RULES.items() if rule.suppressible} == set(RULES) - SAFETY


def test_the_compiler_tier_has_a_means_for_each_rule_that_claims_it() -> None:
    claiming = {code for code, rule in RULES.items() if Tier.COMPILER in rule.tiers}
    by_record = {
        code for code, rule in RULES.items() if rule.lints or rule.errors or rule.check_mir
    }
    elsewhere = {"rex::std_or_alloc", "rex::dependency", "rex::helper_not_available"}
    # Bounds of the kernel crate, and our own rule on the same source.
    assert claiming == by_record | elsewhere | {"rex::map_definition", "rex::abort"}


def test_the_binary_tier_has_a_means_for_each_rule_that_claims_it() -> None:
    claiming = {code for code, rule in RULES.items() if Tier.BINARY in rule.tiers}
    by_record = {code for code, rule in RULES.items() if rule.check_image or rule.refusals}
    # What no other rule answers for.
    assert claiming == by_record | {"rex::image_audit"}


def test_clippy_is_asked_only_when_it_runs() -> None:
    assert not any(lint.startswith("clippy::") for lint in forced_lints(clippy=False))
    assert set(forced_lints(clippy=False)) < set(forced_lints(clippy=True))
    assert "unsafe_code" in forced_lints(clippy=False)


def test_the_clippy_configuration_names_the_rule() -> None:
    text = clippy_toml()
    assert 'path = "core::mem::forget", reason = "rex::leak' in text
    assert text.count("{") == text.count("}") == 4


@pytest.mark.parametrize(
    ("code", "message", "rule"),
    [
        ("unsafe_code", "usage of an `unsafe` block", "rex::unsafe_code"),
        ("clippy::disallowed_methods", "use of a disallowed method", "rex::leak"),
        ("clippy::disallowed_types", "use of a disallowed type", "rex::leak"),
        ("E0554", "`#![feature]` may not be used on the stable release", "rex::unstable_feature"),
        ("unstable_features", "use of an unstable feature", "rex::unstable_feature"),
        ("E0658", "use of unstable library feature `x`", "rex::unstable_feature"),
        (
            "E0433",
            "failed to resolve: use of unresolved module or unlinked crate `std`",
            "rex::std_or_alloc",
        ),
        ("E0433", "cannot find module or crate `alloc` in this scope", "rex::std_or_alloc"),
        ("E0432", "unresolved import `std`", "rex::std_or_alloc"),
        ("E0463", "can't find crate for `std`", "rex::std_or_alloc"),
        (None, "cannot find macro `println` in this scope", "rex::std_or_alloc"),
        ("E0412", "cannot find type `Vec` in this scope", "rex::std_or_alloc"),
        ("E0152", "found duplicate lang item `panic_impl`", "rex::reserved_item"),
        ("E0601", "`main` function not found in crate `x`", "rex::missing_no_std"),
    ],
)
def test_a_message_about_a_rule_is_the_rules(code: str | None, message: str, rule: str) -> None:
    blamed = rule_for(code, message)
    assert blamed is not None
    assert blamed.code == rule
    assert blamed.severity is RULES[rule].severity


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("E0308", "mismatched types"),
        ("E0433", "failed to resolve: use of undeclared type `Thing`"),
        ("E0425", "cannot find value `standard` in this scope"),
        ("unused_variables", "unused variable: `std`"),
        (None, "aborting due to 1 previous error"),
    ],
)
def test_other_messages_are_nobodys(code: str | None, message: str) -> None:
    assert rule_for(code, message) is None
