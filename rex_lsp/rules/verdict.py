# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`verdict`: results that do not say what they seem to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rex_lsp.model.uses import Segments
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.rules.rule import Rule, Tier

_NUMBER = re.compile(r"\(\s*(\d[\d_]*)(?:i32|_i32)?\s*,?\s*\)$")
_FALLIBLE = frozenset({"bpf_map_update_elem", "bpf_map_delete_elem", "bpf_map_push_elem"})


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    program = context.program
    if program is None or program.on != "fn":
        return
    for path, to in context.externals:
        name = _variant(to.canonical)
        if path.role != "call" or path.owner is None or not name:
            continue
        number = _NUMBER.search(context.source(path.owner))
        if number is None:
            continue
        value = int(number[1].replace("_", ""))
        if program.kind == "xdp" and value == 0:
            message = (
                f"`{name}(0)` is XDP_ABORTED: the packet is dropped and counted as an error; "
                "say `XDP_PASS` or `XDP_DROP`"
            )
        elif name == "Err" and value > 0:
            message = f"`Err({value})` is no error: an error is a negative number, as `-EINVAL` is"
        else:
            continue
        yield Finding(RULE.code, RULE.severity, message, path.owner)
    for call in context.facts.methods:
        if call.name in _FALLIBLE and _is_statement(context.text, call.whole.start, call.whole.end):
            message = f"the result of `{call.name}` is ignored: a map may be full or the key gone"
            yield Finding(RULE.code, RULE.severity, message, call.span)


def _variant(path: Segments) -> str:
    if path[0] != "core" or path[-1] not in ("Ok", "Err"):
        return ""
    return path[-1] if len(path) == 2 or path[-2] in ("Result", "result", "v1") else ""


def _is_statement(text: bytes, start: int, end: int) -> bool:
    """Whether an expression is a statement of its own."""
    before = text[:start].rstrip()
    return text[end:].lstrip().startswith(b";") and before.endswith((b";", b"{", b"}"))


RULE = Rule(
    name="verdict",
    title="a result that does not say what it seems to",
    severity=Severity.WARNING,
    tiers=(Tier.TYPING,),
    suppressible=True,
    programs_only=True,
    check_item=check,
)
