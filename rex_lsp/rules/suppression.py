# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`// rex: allow(code, …): reason` above an item or a statement; advice rules only."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from rex_lsp.model.places import every_enclosing
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.items import Raw, body_of
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.queries import captures
from rex_lsp.syntax.tree import Node, text_of

_ALLOW = re.compile(r"//\s*rex:\s*allow\b\s*(?:\(([^)\n]*)\))?\s*(:?)\s*(\S?)")
_COMMENT = re.compile(r"//\s*rex:\s*allow\(([^)\n]*)\)\s*:\s*\S")


@dataclass(frozen=True, slots=True)
class Allowance:
    """The rules that one comment allows (names without `rex::`), and where.

    `comment` is the place of the comment itself.
    """

    names: frozenset[str]
    span: Span
    comment: Span


def allowances(raw: Raw, data: bytes) -> tuple[Allowance, ...]:
    """The allow comments of an item; spans count from the start of the item's region.

    A comment without a reason allows nothing.
    """
    if data.find(b"rex:", raw.start, raw.node.end_byte) < 0:
        return ()
    found: list[Allowance] = []
    for comment in _comments(raw):
        match = _COMMENT.match(text_of(comment, data))
        below = _below(comment, raw)
        if match is not None and below is not None:
            names = _names(match[1])
            place = Span(comment.start_byte, comment.end_byte).shifted(-raw.start)
            found.append(Allowance(names, below.shifted(-raw.start), place))
    return tuple(found)


def allows(document: Document, name: str, offset: int) -> bool:
    """Whether a comment at the item, statement or module there allows an advice rule."""
    return any(
        name in one.names and one.span.contains(around.offset)
        for around in every_enclosing(document, offset)
        for one in allowances(around.raw, around.data)
    )


def problems(
    raw: Raw,
    data: bytes,
    used: Collection[tuple[Span, str]],
    rules: Mapping[str, Rule],
    *,
    container: bool,
) -> Iterator[Finding]:
    """What is wrong with the allow comments of an item; spans count from its region's start.

    `used` are the comments, by place, with the names that did suppress something.
    """
    if data.find(b"rex:", raw.start, raw.node.end_byte) < 0:
        return
    body = body_of(raw.node) if container else None
    for comment in _comments(raw):
        if body is not None and comment.start_byte >= body.start_byte:
            continue
        span = Span(comment.start_byte, comment.end_byte).shifted(-raw.start)
        match = _ALLOW.match(text_of(comment, data))
        if match is None:
            continue
        if match[1] is None or not _names(match[1]) or not (match[2] and match[3]):
            text = "expected `// rex: allow(rule): reason`: without a reason it allows nothing"
            yield _finding(text, span)
            continue
        for name in sorted(_names(match[1])):
            text = _wrong_name(name, rules)
            if not text and not container and (span, name) not in used and _is_settled(name, rules):
                text = f"there is no `{name}` here to allow: remove the comment"
            if text:
                yield _finding(text, span)


def _names(text: str) -> frozenset[str]:
    parts = (part.strip().removeprefix("rex::") for part in text.split(","))
    return frozenset(part for part in parts if part)


def _wrong_name(name: str, rules: Mapping[str, Rule]) -> str:
    rule = rules.get(f"rex::{name}")
    if rule is None:
        return f"`{name}` is no rule: `rex rules` lists them"
    return "" if rule.suppressible else f"`{name}` is a safety rule: nobody can allow it"


def _is_settled(name: str, rules: Mapping[str, Rule]) -> bool:
    """Whether nobody but the typing tier speaks of a rule."""
    rule = rules.get(f"rex::{name}")
    return rule is not None and rule.tiers == (Tier.TYPING,)


def _finding(message: str, span: Span) -> Finding:
    return Finding(RULE.code, RULE.severity, message, span)


def _comments(raw: Raw) -> list[Node]:
    """The allow comments before an item and inside it."""
    found = captures("allowances", raw.node, "allow")
    before = raw.node.prev_named_sibling
    while before is not None and before.start_byte >= raw.start:
        found += captures("allowances", before, "allow")
        before = before.prev_named_sibling
    return found


def _below(comment: Node, raw: Raw) -> Span | None:
    """What a comment stands above: the item, or a statement in it."""
    if comment.start_byte < raw.node.start_byte:
        return Span(raw.start, raw.node.end_byte)
    below: Node | None = comment.next_named_sibling
    while below is not None and below.type in ("line_comment", "block_comment", "attribute_item"):
        below = below.next_named_sibling
    if below is None:
        return None
    last = below
    if below.parent is not None and below.parent.type == "token_tree":
        last = _statement_of_tokens(below)
    return Span(below.start_byte, last.end_byte)


def _statement_of_tokens(first: Node) -> Node:
    """The last token of what begins here in a macro call's arguments: a `;` or a block."""
    last: Node = first
    while last.type != ";" and not (last.type == "token_tree" and last.children[0].type == "{"):
        following = last.next_sibling
        if following is None or following.next_sibling is None:
            break
        last = following
    return last


RULE = Rule(
    name="suppression",
    title="an allow comment with no reason, an unknown rule, or nothing to allow",
    severity=Severity.WARNING,
    tiers=(Tier.TYPING,),
    suppressible=True,
)
