# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`unsafe_code`: the `unsafe` keyword, extern blocks, attributes that change linkage."""

from __future__ import annotations

from collections.abc import Iterator

from rex_lsp.model.facts import Unsafe
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.edits import without_line
from rex_lsp.rules.finding import Applicability, Edit, Finding, Fix, Offer, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.syntax.positions import Span

_REMOVE = Offer("remove `#[{attribute}]`", Applicability.UNSAFE)
_DROP = Offer("drop `unsafe`: nothing inside needs it", Applicability.SAFE)
_EMPTY = Offer("remove the empty extern block", Applicability.UNSAFE, preferred=False)
LINKAGE = frozenset(
    {"no_mangle", "export_name", "link_section", "link", "link_name", "link_ordinal", "naked"}
)
_WHAT = {
    "block": "an `unsafe` block",
    "fn": "an `unsafe` function",
    "impl": "an `unsafe` impl",
    "trait": "an `unsafe` trait",
    "mod": "an `unsafe` module",
    "extern": "an extern block",
    # A macro of another crate could put a block behind it, and no lint would see that.
    "word": "the word `unsafe` as an argument of a macro",
}


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    for use in context.facts.unsafe:
        yield Finding(
            RULE.code,
            RULE.severity,
            f"{_WHAT[use.kind]} is not allowed: safe Rust is what keeps an extension from "
            "harming the kernel",
            use.keyword,
            fixes=tuple(_fixes(context, use)),
        )
    for attribute_use in context.attributes:
        attribute = attribute_use.attribute
        if not attribute.unsafe and attribute.path not in LINKAGE:
            continue
        edit = without_line(context.text, attribute.span)
        fixes: tuple[Fix, ...] = ()
        if attribute_use.owner != "macro" and not attribute_use.condition:
            fixes = (_REMOVE.fix(edit, attribute=attribute.path),)
        yield Finding(
            RULE.code,
            RULE.severity,
            f"`#[{attribute.path}]` is not allowed: symbols and sections of an extension are "
            "chosen by the build",
            attribute.span,
            fixes=fixes,
        )


def _fixes(context: ItemContext, use: Unsafe) -> Iterator[Fix]:
    if use.kind == "block" and use.idle and use.whole != use.keyword:
        end = use.keyword.end
        while context.text[end : end + 1].isspace():
            end += 1
        yield _DROP.fix(Edit(Span(use.keyword.start, end), ""))
    elif use.kind == "extern" and not _members(context, use):
        yield _EMPTY.fix(without_line(context.text, use.whole))


def _members(context: ItemContext, use: Unsafe) -> bool:
    body = context.source(use.whole).partition("{")[2].rpartition("}")[0]
    return bool(body.strip()) or use.whole == use.keyword


RULE = Rule(
    name="unsafe_code",
    title="`unsafe`, extern blocks, and attributes that change linkage or symbols",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING, Tier.COMPILER),
    offers=(_REMOVE, _DROP, _EMPTY),
    check_item=check,
    lints=("unsafe_code",),
)
