# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Without a rule, or without a step of the resolver, the fixtures do not come out right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rex_lsp.model import growing, modules, names, outside
from rex_lsp.model.facts import Facts
from rex_lsp.model.modules import Builder
from rex_lsp.model.names import _Search
from rex_lsp.model.reading import keywords, macros, paths, reader, scopes
from rex_lsp.model.reading.reader import Reader
from rex_lsp.rules import engine, suppression
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.registry import RULES, Tier
from tests.rules.fixture import sections


def nothing(*_: Any, **__: Any) -> None:
    return None


def empty(*_: Any, **__: Any) -> Iterator[Any]:
    return iter(())


def always(value: Any) -> Callable[..., Any]:
    return lambda *_, **__: value


STEPS: dict[str, tuple[object, str, Any]] = {
    "local names": (Facts, "visible", always(None)),
    "globs": (_Search, "_brought", always(None)),
    "uses and aliases": (_Search, "_declared", lambda self, module, d, _: self._item(d, module.id)),
    "names of other crates": (_Search, "_extern", always(None)),
    "preludes and built-in types": (_Search, "_outside", always(None)),
    "relative paths": (_Search, "_below", always(None)),
    "what comes after an item": (_Search, "_walk", lambda self, found, rest, ns: found),
    "child modules": (Builder, "_child", nothing),
    "included files": (Builder, "_included", empty),
    "cfg of items": (engine, "condition_holds", always(True)),
    "cfg_attr": (reader, "expanded", lambda attribute, condition="": iter([(attribute, "")])),
    "macro arguments": (macros, "tokens", nothing),
    "macro bodies": (macros, "read_body", nothing),
    "loose tokens": (macros, "read_tokens", nothing),
    "functions that calls lead to": (engine, "function_of", always(None)),
    "pointers in locals": (keywords, "is_pointer", always(False)),
    "macros that make items": (modules, "expand", always(None)),
    "macros that a path means": (growing, "_WALKS", 1),
    "items of blocks": (scopes, "hoist", nothing),
    "names of patterns": (scopes, "bind", nothing),
    "trait-qualified paths": (paths, "arguments_of", nothing),
    "one name for std and core": (outside, "canonical", lambda path: path),
    "what globs of core bring": (names.outside, "glob_brings", always(None)),
    "preference for active items": (modules, "is_active", always(True)),
    "allow comments": (suppression, "captures", always([])),
    "diverging calls": (ItemContext, "diverges", always(False)),
    "typed locals": (paths, "method", nothing),
}


NODES = {
    "names of generics": "type_parameters",
    "ways out of loops": "return_expression",
    "calls": "call_expression",
    "qualified names": "scoped_identifier",
    "bodies of functions": "block",
    "closures": "closure_expression",
    "match arms": "match_arm",
    "conditions that bind": "let_condition",
    "labels": "continue_expression",
}
"""Kinds of nodes that the reader treats in a way of their own."""


def goes_red(rules: Any = RULES) -> bool:
    return any(section.found(rules) != section.expected() for section in sections())


def test_the_suite_is_green_as_it_is() -> None:
    assert not goes_red()


@pytest.mark.parametrize(
    "code", [code for code, rule in RULES.items() if Tier.TYPING in rule.tiers]
)
def test_no_rule_can_be_missing(code: str) -> None:
    assert goes_red({name: rule for name, rule in RULES.items() if name != code})


@pytest.mark.parametrize("step", list(STEPS))
def test_no_step_of_the_resolver_can_be_missing(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, instead = STEPS[step]
    if name == "canonical":
        from rex_lsp.model import answers

        monkeypatch.setattr(answers, name, instead)
    monkeypatch.setattr(where, name, instead)
    assert goes_red()


@pytest.mark.parametrize("what", list(NODES))
def test_no_kind_of_node_can_be_unknown_to_the_reader(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(reader.HANDLERS, NODES[what], Reader.children)
    assert goes_red()
