# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`float_or_simd`: floating point, SIMD, and the CPU's own intrinsics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rex_lsp.model.answers import External
from rex_lsp.model.mir import Body
from rex_lsp.model.uses import Segments
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.rules.inline_asm import ASSEMBLY
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.rules.sighting import Sighting
from rex_lsp.syntax.positions import Span

FLOATS = frozenset({"f16", "f32", "f64", "f128"})
_FLOAT = "the kernel does not save the floating-point registers, so an extension must not use them"
_TYPE = re.compile(r"(?<![\w:])(?:(f16|f32|f64|f128)\b|core::(?:simd|arch)::)")
_NO_SIMD = ASSEMBLY | {"breakpoint"}
_SIMD = "vector registers and CPU intrinsics are not available to an extension"


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    for span in context.facts.floats:
        yield _finding(span, f"floating-point literal: {_FLOAT}")
    for path, to in context.externals:
        message = _message(to.canonical)
        if message:
            yield _finding(path.span, message)
    for entry in context.facts.uses:
        to_ = context.resolve(entry.path, "t", entry.span.start)
        if isinstance(to_, External) and _is_simd(to_.canonical):
            yield _finding(entry.span, f"`{'::'.join(to_.path)}`: {_SIMD}")


def check_mir(bodies: Sequence[Body]) -> Iterator[Sighting]:
    """Values of a floating-point or vector type, named or not."""
    for body in bodies:
        for local in body.locals.values():
            found = _TYPE.search(local.type)
            if found is not None and local.place is not None:
                why = _FLOAT if found[1] else _SIMD
                yield Sighting(f"a value of type `{local.type}`: {why}", local.place)


def _message(path: Segments) -> str:
    if path[0] == "primitive" and len(path) > 1 and path[1] in FLOATS:
        return f"`{path[1]}`: {_FLOAT}"
    if _is_simd(path):
        return f"`{'::'.join(path)}`: {_SIMD}"
    return ""


def _is_simd(path: Segments) -> bool:
    if path[:2] == ("core", "simd"):
        return True
    return path[:2] == ("core", "arch") and len(path) > 2 and path[2] not in _NO_SIMD


def _finding(span: Span, message: str) -> Finding:
    return Finding(RULE.code, RULE.severity, message, span)


RULE = Rule(
    name="float_or_simd",
    title="floating-point types, literals and casts, `core::simd`, `core::arch`",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING, Tier.COMPILER, Tier.BINARY),
    check_item=check,
    check_mir=check_mir,
    mir_words=("f16", "f32", "f64", "f128", "core::simd::", "core::arch::"),
    refusals=("floating_point", "simd"),
)
