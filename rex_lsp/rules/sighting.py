# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a rule sees in the compiler's view of an extension, and words for types there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rex_lsp.model.machine import Point
from rex_lsp.model.mir import Place
from rex_lsp.rules.finding import Severity

CALLS = frozenset({"call_expression", "macro_invocation"})
"""Kinds of nodes that are a call as people write them."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A breach of a rule, at a place as the compiler names it."""

    message: str
    place: Place


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule sees in machine code, at the package's own line.

    `kinds` are the tree-sitter kinds of the node to mark, as the place is only where it
    begins; `related` are other lines with what to say of them. Without a `severity` it is
    the rule's.
    """

    message: str
    point: Point
    kinds: frozenset[str] = CALLS
    related: tuple[tuple[Point, str], ...] = ()
    severity: Severity | None = None


_PLAIN = re.compile(
    r"\(\)|bool|char|str|[ui](?:8|16|32|64|128|size)|f(?:16|32|64|128)|!|"
    r"core::marker::PhantomData<.*>|core::sync::atomic::Atomic\w+|core::num::NonZero<.*>"
)


def bare(value: str) -> str:
    """A path without type arguments: `core::mem::forget` for `core::mem::forget::<G>`."""
    kept: list[str] = []
    depth = 0
    at = 0
    while at < len(value):
        if value.startswith("::<", at):
            depth += 1
            at += 3
            continue
        char = value[at]
        if depth:
            depth += (char == "<") - (char == ">" and value[at - 1] != "-")
        else:
            kept.append(char)
        at += 1
    return "".join(kept)


def type_argument(value: str) -> str:
    """The text of a path's first list of type arguments, `G` in `a::B::<G>::new`, else ""."""
    start = value.find("::<")
    if start < 0:
        return ""
    depth = 0
    for at in range(start + 2, len(value)):
        depth += (value[at] == "<") - (value[at] == ">" and value[at - 1] != "-")
        if depth == 0:
            return value[start + 3 : at]
    return ""


def never_dropped(type_: str) -> bool:
    """Whether a type certainly has no destructor to run: a number, a reference, rows of them."""
    text = type_.strip()
    if text.startswith(("&", "*const ", "*mut ", "fn(", "unsafe fn(", "extern ")):
        return True
    if text.startswith("[") and text.endswith("]"):
        return never_dropped(text[1:-1].rpartition(";")[0] or text[1:-1])
    return _PLAIN.fullmatch(text) is not None
