# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The matrix of rules and spellings: every cell that makes sense has a section.

A section has something to find and a look-alike that is fine.
"""

from __future__ import annotations

from rex_lsp.rules.registry import RULES, Tier
from tests.rules.fixture import sections

PATHS = frozenset(
    "direct use rename glob group reexport nested_module path_attribute include relative "
    "macro_body macro_argument shadowing".split()
)
"""Spellings of a rule about what a path means."""

KEYWORDS = frozenset(
    "direct nested_module path_attribute include cfg_attr macro_body macro_argument".split()
)
"""Spellings of a rule about keywords and attributes, which have one name only."""

ITEMS = frozenset("direct nested_module path_attribute include cfg".split())
"""Spellings of a rule about what an item is or holds."""

MATRIX = {
    "unsafe_code": KEYWORDS | {"shadowing", "attribute", "broken"},
    "leak": PATHS
    | {"type_alias", "qualified", "function_value", "method", "extern_crate", "inactive"}
    | {
        "glob_local",
        "macro_body_crate_path",
        "item_macro",
        "module_files",
        "cfg_attr_path",
        "broken",
    },
    "std_or_alloc": PATHS
    | {"type_alias", "qualified", "function_value", "cfg_attr", "prelude", "extern_crate"}
    | {"opaque_glob", "textual_scope", "unlisted_glob"},
    "missing_no_std": frozenset({"direct", "half", "cfg_attr", "cfg_attr_inactive", "commented"})
    | {"both", "module", "broken"},
    "float_or_simd": PATHS | {"type_alias", "qualified", "function_value", "cfg_attr", "patterns"},
    "inline_asm": PATHS | {"cfg_attr"},
    "unstable_feature": KEYWORDS | {"shadowing"},
    "static_mut": KEYWORDS | {"shadowing", "lifetimes", "extern_block"},
    "reserved_item": KEYWORDS | {"symbol", "program"},
    "program_signature": (PATHS - {"use", "group", "macro_body", "macro_argument"})
    | {"type_alias", "qualified", "cfg_attr", "extern_crate", "argument", "twins"}
    | {"unknown_types", "half_typed", "contexts", "item_macro"},
    "abort": PATHS | {"function_value"},
    "map_definition": ITEMS
    | {"kinds", "twins", "rename", "type_alias", "item_macro", "alias_arguments"},
    "pointer_as_data": ITEMS | {"kinds", "locals", "allowed"},
    "drop_not_run_on_panic": ITEMS | {"rename", "qualified"},
    "verdict": ITEMS | {"xdp", "ignored"},
    "recursion": ITEMS | {"members", "cycle", "shadowing", "allowed"},
    "helper_not_available": ITEMS | {"shadowing", "item_macro"},
    "unknown_attach_target": ITEMS | {"contexts", "rename", "user"},
    "suppression": frozenset({"direct", "statements", "nested_module", "inactive"}),
    "stack_frame": ITEMS | {"sizes"},
    "stack_budget": ITEMS,
    "one_lock": PATHS - {"macro_body"} | {"type_alias", "straight"},
    "known_unsound": (ITEMS - {"cfg"})
    | {"macro_body", "macro_argument", "type_alias", "lifetimes"},
    "unbounded_loop": (KEYWORDS - {"macro_body"})
    | {"rename", "diverging_call", "macro_exits", "allowed", "broken", "item_macro"},
}
"""What is left out makes no sense: an import of `std` is itself the finding (`use`, `group`
of it are sections all the same), a program attribute inside a macro makes a program only when
the macro is expanded, and a loop in a macro's body is judged where the macro is used.
"""

ONE_SIDED = {
    "missing_no_std-direct": "a root is right or wrong as a whole",
    "missing_no_std-both": "a root is right or wrong as a whole",
    "missing_no_std-cfg_attr": "a root is right or wrong as a whole",
    "missing_no_std-module": "a root is right or wrong as a whole",
    "missing_no_std-broken": "nothing may be said",
}


def test_every_rule_has_its_cells() -> None:
    cells: dict[str, set[str]] = {}
    for one in sections():
        cells.setdefault(one.rule, set()).add(one.spelling)
    assert cells == {rule: set(spellings) for rule, spellings in MATRIX.items()}
    typed = {rule.name for rule in RULES.values() if Tier.TYPING in rule.tiers}
    assert set(MATRIX) == typed


def test_every_cell_has_both_sides() -> None:
    for one in sections():
        if one.id in ONE_SIDED:
            continue
        found = {code for codes in one.expected().values() for code in codes}
        assert f"rex::{one.rule}" in found, one.id
        assert one.has_look_alike(), one.id


def test_no_section_has_two_of_one_name() -> None:
    names = [one.id for one in sections()]
    assert len(names) == len(set(names))
