# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Conditional compilation: does a predicate hold for an extension as Rex builds it?

The target is x86_64-unknown-none, release, panic=abort, not a test. Options nobody set
are false, as they are for rustc (Reference, "Conditional compilation").
"""

from __future__ import annotations

import re
from collections.abc import Collection

_VALUES = {
    "target_arch": {"x86_64"},
    "target_os": {"none"},
    "target_env": {""},
    "target_abi": {""},
    "target_vendor": {"unknown"},
    "target_family": set[str](),
    "target_endian": {"little"},
    "target_pointer_width": {"64"},
    "target_has_atomic": {"8", "16", "32", "64", "ptr"},
    "panic": {"abort"},
    "target_feature": {"fxsr", "soft-float"},
}
_TOKEN = re.compile(r'\s*(?:([A-Za-z_][A-Za-z0-9_:]*)|"((?:[^"\\]|\\.)*)"|([(),=]))')


def holds(predicate: str, features: Collection[str]) -> bool | None:
    """Whether the predicate (the text inside `cfg(…)`) holds; None when it cannot be read."""
    tokens = _tokens(predicate)
    if tokens is None:
        return None
    value, at = _predicate(tokens, 0, features)
    if at < len(tokens) and tokens[at] == ",":
        at += 1
    return value if at == len(tokens) else None


def split_arguments(text: str) -> list[str]:
    """The comma-separated parts of `(a, b(c, d))`, brackets and strings respected."""
    inner = text.strip()
    if inner.startswith("(") and inner.endswith(")"):
        inner = inner[1:-1]
    parts: list[str] = []
    depth = 0
    quoted = False
    start = 0
    at = 0
    while at < len(inner):
        char = inner[at]
        if quoted:
            if char == "\\":
                at += 1
            elif char == '"':
                quoted = False
        elif char == '"':
            quoted = True
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(inner[start:at].strip())
            start = at + 1
        at += 1
    parts.append(inner[start:].strip())
    return [part for part in parts if part]


def _tokens(text: str) -> list[str] | None:
    tokens: list[str] = []
    at = 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return None
        if match[2] is not None:
            tokens.append('"' + match[2])
        else:
            tokens.append(match[1] or match[3])
        at = match.end()
    return tokens


def _predicate(tokens: list[str], at: int, features: Collection[str]) -> tuple[bool | None, int]:
    if at >= len(tokens):
        return None, at
    name = tokens[at]
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    if following == "=":
        if at + 2 >= len(tokens) or not tokens[at + 2].startswith('"'):
            return None, at + 2
        value = tokens[at + 2][1:]
        if name == "feature":
            return value in features, at + 3
        return value in _VALUES.get(name, set()), at + 3
    if following == "(" and name in ("all", "any", "not", "cfg"):
        results: list[bool | None] = []
        at += 2
        while at < len(tokens) and tokens[at] != ")":
            value_, at = _predicate(tokens, at, features)
            results.append(value_)
            if at < len(tokens) and tokens[at] == ",":
                at += 1
            elif at < len(tokens) and tokens[at] != ")":
                return None, len(tokens)
        if at >= len(tokens):
            return None, at
        return _combine(name, results), at + 1
    if name == "true":
        return True, at + 1
    return name == "panic_abort", at + 1


def _combine(name: str, results: list[bool | None]) -> bool | None:
    if name == "any":
        if True in results:
            return True
        return None if None in results else False
    if name == "not":
        if len(results) != 1 or results[0] is None:
            return None
        return not results[0]
    if False in results:
        return False
    return None if None in results else True
