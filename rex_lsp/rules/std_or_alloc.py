# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`std_or_alloc`: the standard library, the heap, and what needs them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rex_lsp.model.answers import External
from rex_lsp.model.outside import STD_PRELUDE_PATH
from rex_lsp.model.uses import GLOBAL, Segments, UseEntry
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Applicability, Edit, Finding, Fix, Offer, Severity
from rex_lsp.rules.in_core import in_core
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.syntax.positions import Span

_CORE = Offer("write `core` for `{root}`", Applicability.SAFE)
_ROOTS = ("std", "alloc")
_WHY = "an extension is `no_std`"


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    for name, span in context.facts.extern_crates:
        if name in _ROOTS:
            yield _finding(f"the crate `{name}` does not exist in the kernel: {_WHY}", span)
    yield from _uses(context)
    for path, to in context.externals:
        segments = path.segments
        if path.role == "qualified":
            continue
        if to.path[:3] == STD_PRELUDE_PATH:
            name = segments[0] + ("!" if path.namespace == "m" else "")
            yield _finding(f"`{name}` needs the standard library: {_WHY}", path.span)
            continue
        root = _written_root(segments)
        if root and to.path[0] in _ROOTS and _is_crate(context, segments, path.span.start):
            start = context.text.find(root.encode(), path.span.start)
            span = Span(start, start + len(root))
            yield _finding(_said(segments, root), path.span, _core(span, [to.path], root))


def _uses(context: ItemContext) -> Iterator[Finding]:
    groups: dict[Span, tuple[str, list[UseEntry]]] = {}
    for entry in context.facts.uses:
        root = _written_root(entry.path)
        if not root or not _is_crate(context, entry.path, entry.span.start):
            continue
        place = entry.span if entry.written == len(_plain(entry.path)) else entry.whole
        if place == entry.span and entry.path[0] == GLOBAL:
            place = entry.span
        found = re.compile(rb"\b" + root.encode() + rb"\b").search(
            context.text, place.start, place.end
        )
        if found is None:
            continue
        anchor = Span(found.start(), found.end())
        groups.setdefault(anchor, (root, []))[1].append(entry)
    for anchor, (root, entries) in groups.items():
        paths = [_with_glob(entry) for entry in entries]
        yield _finding(_said(paths[0], root), anchor, _core(anchor, paths, root))


def _with_glob(entry: UseEntry) -> Segments:
    path = _plain(entry.path)
    return (*path, "*") if entry.glob else path


def _plain(segments: Segments) -> Segments:
    return segments[1:] if segments[0] == GLOBAL else segments


def _written_root(segments: Segments) -> str:
    plain = _plain(segments)
    return plain[0] if plain and plain[0] in _ROOTS else ""


def _is_crate(context: ItemContext, segments: Segments, at: int) -> bool:
    """Whether the first segment is the crate and nothing of the same name."""
    head = segments[:2] if segments[0] == GLOBAL else segments[:1]
    to = context.resolve(head, "t", at)
    return isinstance(to, External) and to.path[0] in _ROOTS and len(to.path) == 1


def _said(segments: Segments, root: str) -> str:
    path = "::".join(part for part in _plain(segments) if part != "*")
    if in_core(_plain(segments)):
        own = path.replace(root, "core", 1)
        return f"`{root}` does not exist in the kernel: {_WHY}; write `{own}`"
    return f"`{path}` does not exist in the kernel: {_WHY}"


def _core(anchor: Span, paths: list[Segments], root: str) -> tuple[Fix, ...]:
    if not all(in_core(_plain(path)) for path in paths):
        return ()
    return (_CORE.fix(Edit(anchor, "core"), root=root),)


def _finding(message: str, span: Span, fixes: tuple[Fix, ...] = ()) -> Finding:
    return Finding(RULE.code, RULE.severity, message, span, fixes=fixes)


RULE = Rule(
    name="std_or_alloc",
    title="`std`, `alloc` and what needs them",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING, Tier.COMPILER),
    offers=(_CORE,),
    check_item=check,
)
