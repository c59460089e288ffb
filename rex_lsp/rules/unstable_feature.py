# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`unstable_feature`: `#![feature]` and attributes that belong to the compiler."""

from __future__ import annotations

from collections.abc import Iterator

from rex_lsp.model.answers import Answer, External, Unknown
from rex_lsp.model.outside import STD_PRELUDE_PATH
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.edits import without_line
from rex_lsp.rules.finding import Applicability, Finding, Fix, Offer, Severity
from rex_lsp.rules.rule import Rule, Tier

_REMOVE = Offer("remove `{attribute}`", Applicability.UNSAFE)
INTERNAL = frozenset(
    "allow_internal_unsafe allow_internal_unstable compiler_builtins const_trait coverage "
    "default_lib_allocator do_not_recommend ffi_const ffi_pure fundamental linkage marker "
    "may_dangle needs_allocator needs_panic_runtime no_core no_sanitize optimize panic_runtime "
    "pointee prelude_import profiler_runtime register_tool stable thread_local unstable "
    "unsafe_op_in_extern start".split()
)


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    for use in context.attributes:
        attribute = use.attribute
        path = attribute.path
        if path == "feature":
            message = (
                "`#![feature]` is not allowed: what is unstable is not part of the safe subset"
            )
        elif path.startswith("rustc_") or path in INTERNAL:
            if _is_a_macro(context.resolve((path,), "m", attribute.span.start)):
                continue
            message = f"`#[{path}]` belongs to the compiler and is not allowed in an extension"
        else:
            continue
        fixes: tuple[Fix, ...] = ()
        if use.owner != "macro" and not use.condition:
            edit = without_line(context.text, attribute.span)
            fixes = (_REMOVE.fix(edit, attribute=path),)
        yield Finding(RULE.code, RULE.severity, message, attribute.span, fixes=fixes)


def _is_a_macro(answer: Answer) -> bool:
    """Whether an attribute's name may be that of somebody's attribute macro."""
    if isinstance(answer, External):
        return answer.path[:3] != STD_PRELUDE_PATH
    return not (isinstance(answer, Unknown) and answer.absent)


RULE = Rule(
    name="unstable_feature",
    title="`#![feature(…)]` and compiler-internal attributes",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING, Tier.COMPILER),
    offers=(_REMOVE,),
    check_item=check,
    lints=("unstable_features", "internal_features", "incomplete_features"),
    errors=("E0554", "E0658"),
)
