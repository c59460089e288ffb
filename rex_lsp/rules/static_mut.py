# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`static_mut`: mutable statics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rex_lsp.model.mir import Body
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Applicability, Edit, Finding, Fix, Offer, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.rules.sighting import Sighting
from rex_lsp.syntax.positions import Span

_ATOMIC = Offer("make it an `{type}`", Applicability.UNSAFE)
_HEAD = re.compile(rb"static\s+mut\b")
_WHOLE = re.compile(
    rb"static\s+mut\s+(?P<name>\w+)\s*:\s*(?P<type>\w+)\s*=\s*(?P<value>[^;]+);", re.DOTALL
)
_WHY = "programs run on all CPUs at once; use an atomic or a map"
_ATOMICS = {
    "bool": "AtomicBool",
    "u8": "AtomicU8",
    "u16": "AtomicU16",
    "u32": "AtomicU32",
    "u64": "AtomicU64",
    "usize": "AtomicUsize",
    "i8": "AtomicI8",
    "i16": "AtomicI16",
    "i32": "AtomicI32",
    "i64": "AtomicI64",
    "isize": "AtomicIsize",
}


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    for span in context.facts.static_muts:
        head = _HEAD.search(context.text, span.start)
        if head is None:
            continue
        fixes: tuple[Fix, ...] = ()
        whole = _WHOLE.match(context.text, head.start())
        if whole is not None and whole.end() <= span.end:
            atomic = _ATOMICS.get(whole["type"].decode())
            if atomic is not None:
                path = f"core::sync::atomic::{atomic}"
                name, value = whole["name"].decode(), whole["value"].decode().strip()
                text = f"static {name}: {path} = {path}::new({value});"
                edit = Edit(Span(head.start(), whole.end()), text)
                fixes = (_ATOMIC.fix(edit, type=atomic),)
        yield Finding(
            RULE.code,
            RULE.severity,
            f"`static mut` is not allowed: {_WHY}",
            Span(head.start(), head.end()),
            fixes=fixes,
        )


def check_mir(bodies: Sequence[Body]) -> Iterator[Sighting]:
    """Mutable statics that a macro put together."""
    for body in bodies:
        place = body.locals[0].place if 0 in body.locals else None
        if body.kind == "static mut" and place is not None:
            yield Sighting(f"`{body.name}` is a mutable static: {_WHY}", place)


RULE = Rule(
    name="static_mut",
    title="`static mut`",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING, Tier.COMPILER),
    offers=(_ATOMIC,),
    check_item=check,
    check_mir=check_mir,
    mir_words=("static mut",),
)
