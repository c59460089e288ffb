# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`leak`: safe ways to skip a destructor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rex_lsp.model.answers import External
from rex_lsp.model.facts import VALUE, PathUse
from rex_lsp.model.mir import Body
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.edits import as_operand, call_argument
from rex_lsp.rules.finding import Applicability, Edit, Finding, Fix, Offer, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.rules.sighting import Sighting, bare, never_dropped, type_argument

_DROP = Offer("drop the value instead", Applicability.SAFE)
_VALUE = Offer("use the value itself", Applicability.UNSAFE)
_FORGET = frozenset(
    {
        ("core", "mem", "forget"),
        ("core", "mem", "forget_unsized"),
        ("core", "intrinsics", "forget"),
    }
)
_MANUALLY_DROP = ("core", "mem", "ManuallyDrop")
_MAYBE_UNINIT = ("core", "mem", "MaybeUninit")
_KEPT = "core::mem::ManuallyDrop<"
_HOLDING = frozenset({"new", "write"})
_OTHERS = frozenset(
    {
        ("core", "boxed", "Box", "leak"),
        ("core", "boxed", "Box", "into_raw"),
        ("core", "boxed", "Box", "into_non_null"),
        ("core", "rc", "Rc", "into_raw"),
        ("core", "sync", "Arc", "into_raw"),
        ("core", "vec", "Vec", "leak"),
        ("core", "vec", "Vec", "into_raw_parts"),
        ("core", "string", "String", "leak"),
        ("core", "string", "String", "into_raw_parts"),
        ("core", "cell", "Ref", "leak"),
        ("core", "cell", "RefMut", "leak"),
        ("core", "mem", "DropGuard", "dismiss"),
        ("core", "mem", "DropGuard", "into_inner"),
    }
)
_WHY = "what it holds (locks, references, reservations) would never be released"


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    for path, to in context.externals:
        target = to.canonical
        if target in _FORGET:
            yield _finding(
                path, f"`{target[-1]}` skips the destructor: {_WHY}", _drop(context, path)
            )
        elif target[:3] == _MANUALLY_DROP:
            message = f"`ManuallyDrop` keeps the destructor from running: {_WHY}"
            yield _finding(path, message, _value(context, path, target[3:] == ("new",)))
        elif target[:3] == _MAYBE_UNINIT and target[3:4] and target[3] in _HOLDING:
            message = f"a value inside `MaybeUninit` is never dropped: {_WHY}"
            yield _finding(path, message, _value(context, path, target[3:] == ("new",)))
        elif target in _OTHERS:
            name = "::".join(target[-2:])
            yield _finding(path, f"`{name}` gives a value up without dropping it: {_WHY}", ())
    yield from _methods(context)


def _methods(context: ItemContext) -> Iterator[Finding]:
    """`slot.write(value)` where the local `slot` was declared as a MaybeUninit."""
    for call in context.facts.methods:
        if call.name != "write" or not call.receiver:
            continue
        best: tuple[int, tuple[str, ...]] | None = None
        for segments, visible in context.facts.typed_locals.get(call.receiver, ()):
            if visible.contains(call.span.start) and (best is None or visible.start >= best[0]):
                best = (visible.start, segments)
        local = context.facts.visible(call.receiver, VALUE, call.span.start)
        if best is None or local is None or local.visible.start != best[0]:
            continue
        to = context.resolve(best[1], "t", best[0])
        if isinstance(to, External) and to.canonical[:3] == _MAYBE_UNINIT:
            yield Finding(
                RULE.code,
                RULE.severity,
                f"a value inside `MaybeUninit` is never dropped: {_WHY}",
                call.span,
            )


def check_mir(bodies: Sequence[Body]) -> Iterator[Sighting]:
    """What skips a destructor under whatever name, and values whose type was never written."""
    for body in bodies:
        for constant in body.constants():
            path = tuple(bare(constant.value).split("::"))
            held = type_argument(constant.value)
            if path in _FORGET or path in _OTHERS or path == (*_MANUALLY_DROP, "new"):
                if not never_dropped(held):
                    yield Sighting(
                        f"`{'::'.join(path[-2:])}` skips a destructor: {_WHY}", constant.place
                    )
            elif path[:3] == _MAYBE_UNINIT and path[3] in _HOLDING and not never_dropped(held):
                message = f"`{held}` inside `MaybeUninit` is never dropped: {_WHY}"
                yield Sighting(message, constant.place)
        for local in body.locals.values():
            if local.place is not None and _KEPT in local.type:
                message = f"`ManuallyDrop` keeps the destructor from running: {_WHY}"
                yield Sighting(message, local.place)


def _finding(path: PathUse, message: str, fixes: tuple[Fix, ...]) -> Finding:
    return Finding(RULE.code, RULE.severity, message, path.span, fixes=fixes)


def _drop(context: ItemContext, path: PathUse) -> tuple[Fix, ...]:
    plain = context.resolve(("drop",), VALUE, path.span.start)
    own = not isinstance(plain, External) or plain.canonical != ("core", "mem", "drop")
    name = "core::mem::drop" if own else "drop"
    return (_DROP.fix(Edit(path.span, name)),)


def _value(context: ItemContext, path: PathUse, whole: bool) -> tuple[Fix, ...]:
    if not whole or path.owner is None or path.role != "call":
        return ()
    argument = call_argument(context.text, path.span, path.owner)
    if argument is None:
        return ()
    return (_VALUE.fix(Edit(path.owner, as_operand(argument))),)


RULE = Rule(
    name="leak",
    title="safe ways to skip a destructor: `mem::forget`, `ManuallyDrop`, a full `MaybeUninit`",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING, Tier.COMPILER),
    check_item=check,
    check_mir=check_mir,
    mir_words=(
        "forget",
        "ManuallyDrop",
        "MaybeUninit",
        "into_raw",
        "into_non_null",
        "::leak",
        "DropGuard",
    ),
    offers=(_DROP, _VALUE),
    lints=("clippy::disallowed_methods", "clippy::disallowed_types"),
    disallowed_methods=(
        "core::mem::forget",
        "core::mem::MaybeUninit::new",
        "core::mem::MaybeUninit::write",
    ),
    disallowed_types=("core::mem::ManuallyDrop",),
)
