# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`missing_no_std`: the crate's root does not opt out of std and of `main`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rex_lsp.model.cfg import split_arguments
from rex_lsp.model.modules import condition_holds
from rex_lsp.rules.context import FileContext
from rex_lsp.rules.finding import Applicability, Edit, Finding, Offer, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.syntax.items import Attribute, read_attribute, split_attribute
from rex_lsp.syntax.positions import Span

_INSERT = Offer("insert {attributes}", Applicability.SAFE)
_LEADING = re.compile(rb"(?:\xef\xbb\xbf)?(?:#!(?!\s*\[)[^\n]*\n)?(?:[ \t]*(?://[^\n]*)?\r?\n)*")


def check_file(context: FileContext) -> Iterator[Finding]:
    """Findings of the crate's root file."""
    if not context.is_root:
        return
    attributes: list[Attribute] = []
    for chunk in context.document.chunks:
        inner = [item for item in chunk.items if item.kind == "inner_attribute"]
        root = chunk.tree.root_node
        for node in root.children:
            if node.type == "ERROR" or (node.type == "inner_attribute_item" and node.has_error):
                return
            if node.type == "inner_attribute_item":
                attributes.append(read_attribute(node, chunk.data))
        if len(inner) < len(chunk.items):
            break
    present = set(_names(attributes, context))
    wanted = ["no_std"] + (["no_main"] if context.crate.config.needs_no_main else [])
    missing = [name for name in wanted if name not in present and "no_core" not in present]
    if not missing:
        return
    data = context.document.data
    leading = _LEADING.match(data)
    at = leading.end() if leading is not None else 0
    text = "".join(f"#![{name}]\n" for name in missing)
    if attributes == [] and data[at:].strip():
        text += "\n"
    named = " and ".join(f"`#![{name}]`" for name in missing)
    end = data.find(b"\n", at)
    yield Finding(
        RULE.code,
        RULE.severity,
        f"the crate's root lacks {named}: there is no standard library and no `main` in the kernel",
        Span(at, end if end >= 0 else len(data)),
        fixes=(_INSERT.fix(Edit(Span(at, at), text), attributes=named),),
    )


def _names(attributes: list[Attribute], context: FileContext) -> Iterator[str]:
    for attribute in attributes:
        if attribute.path != "cfg_attr":
            yield attribute.path
            continue
        parts = split_arguments(attribute.arguments)
        if parts and condition_holds(f"({parts[0]})", context.crate.config.features):
            yield from (split_attribute(part)[0] for part in parts[1:])


RULE = Rule(
    name="missing_no_std",
    title="no `#![no_std]` or `#![no_main]` in the crate root",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING,),
    offers=(_INSERT,),
    check_file=check_file,
)
