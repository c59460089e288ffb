# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`known_unsound`: safe code that the compiler accepts although it should not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import permutations

from rex_lsp.model.answers import External, Item, Unknown
from rex_lsp.model.mir import Body, split_types
from rex_lsp.model.uses import path_segments
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.rules.sighting import Sighting
from rex_lsp.syntax.tree import Node

_FUNCTION = re.compile(r"(?:for<[^>]*> )?fn\((.*)\) -> (.*) \{")
_CLOSURE = re.compile(r" as (?:for<[^>]*> )?fn\((.*)\) -> (.*) \(PointerCoercion\(ClosureFnPointer")
_REFERENCE = re.compile(r"&'(\w+) ")
_LIFETIME = re.compile(r"'(\w+)\b")
_PARAMETERS = re.compile(r"<('\w+(?:, '\w+)+)")
_MESSAGE = (
    "a function whose arguments imply that one lifetime outlives another must not become a "
    "function pointer: the compiler forgets the condition, and any lifetime can be made of it"
)
_BLANKET = (
    "an implementation that may be one for `dyn` types must not say what an associated type is: "
    "a `dyn` type says it too, the compiler believes both, and any type can be made of another"
)
_HIGHER_RANKED = (
    "a bound for all lifetimes must not hold a reference to a reference with two of them: the "
    "compiler forgets that one outlives the other, and any lifetime can be made of it"
)
_RELAXED = (
    "a relaxed bound (`?Sized`) as an argument of a macro is not allowed: with it the macro may "
    "implement a trait for `dyn` types, which the compiler does not check"
)
_QUESTION = re.compile(rb"\?\s*(?:::\s*)?(\$?\w+)")
_NO_TYPE = frozenset({b"as", b"else", b"in", b"if", b"match"})
_IMPL = re.compile(rb"\bimpl\b.*\bfor\b.*\btype\b", re.DOTALL)
_REFERENCES = re.compile(rb"&\s*'(\w+)\s+(?:mut\s+)?&\s*'(\w+)\b")
# After the question mark of a relaxed bound there may be blanks, text and comments.
_RELAXED_OR_HIGHER = re.compile(rb"\?\s*[\w:$/\"']|\bfor\s*[</]")
_CONTAINERS = frozenset({"impl_item", "trait_item", "foreign_mod_item"})
_TEXT = frozenset({"string_literal", "raw_string_literal", "line_comment", "block_comment"})


def check(context: ItemContext) -> Iterator[Finding]:
    """rust-lang/rust issues 57893 and 84591, where they are made."""
    # The items of a module are looked at one by one.
    if context.node.type == "mod_item" or not _is_worth_a_walk(context.text):
        return
    body = context.node.child_by_field_name("body") if context.node.type in _CONTAINERS else None
    nodes = [context.node]
    while nodes:
        node = nodes.pop()
        message = _of_node(context, node)
        if message is not None:
            span = context.span_of(node.child_by_field_name("type") or node)
            yield Finding(RULE.code, RULE.severity, message, span)
        # The members of an implementation are items of their own.
        nodes.extend(one for one in node.named_children if body is None or one.id != body.id)


def _is_worth_a_walk(text: bytes) -> bool:
    """Whether the tree of an item could hold anything that `check` finds; most do not."""
    if _RELAXED_OR_HIGHER.search(text):
        return True
    at = text.find(b"impl")
    at = text.find(b"for", at) if at >= 0 else -1
    return at >= 0 and (text.find(b"type", at) >= 0 or text.find(b"!", at) >= 0)


def _of_node(context: ItemContext, node: Node) -> str | None:
    if node.type == "impl_item":
        return _BLANKET if _says_a_type(node) and _may_be_dyn(context, node) else None
    if node.type == "macro_rule":
        right = node.child_by_field_name("right")
        code = b"" if right is None else _tokens(right)
        return _BLANKET if _IMPL.search(code) and _relaxes(code) else None
    if node.type == "macro_invocation":
        code = b" ".join(_tokens(one) for one in node.named_children if one.type == "token_tree")
        return _RELAXED if _relaxes(code) else None
    if node.type == "higher_ranked_trait_bound":
        pairs = _REFERENCES.findall(node.text or b"")
        return _HIGHER_RANKED if any(one != other for one, other in pairs) else None
    return None


def _says_a_type(node: Node) -> bool:
    """Whether an implementation of a trait holds an associated type that `dyn` names as well."""
    body = node.child_by_field_name("body")
    if body is None or node.child_by_field_name("trait") is None:
        return False
    # One with parameters of its own is none that a `dyn` type may name.
    return any(
        one.type == "macro_invocation"
        or (one.type == "type_item" and one.child_by_field_name("type_parameters") is None)
        for one in body.named_children
    )


def _may_be_dyn(context: ItemContext, node: Node) -> bool:
    """Whether the type that a trait is implemented for may turn out to be `dyn` that trait.

    The compiler refuses one that is written so; not a parameter, nor what a type of a trait
    stands for.
    """
    of = node.child_by_field_name("type")
    while of is not None and of.type == "tuple_type" and len(of.named_children) == 1:
        if b"," in (of.text or b""):
            return False
        of = of.named_children[0]
    if of is None or of.type == "macro_invocation":
        return True
    text = of.text or b""
    if text.startswith(b"<"):
        return True
    relaxed = set(_relaxed(node))
    if text in relaxed:
        return True
    path = of.child_by_field_name("type") if of.type == "generic_type" else of
    segments = None if path is None else path_segments(path, context.data)
    if segments is None or path is None:
        return False
    answer = context.resolve(segments, "t", context.span_of(path).start)
    if isinstance(answer, Item) and answer.kind == "type":
        document = None if answer.path is None else context.crate.document(answer.path)
        projection = rb"\btype\s+" + answer.name.encode() + rb"\b[^;]*=\s*<"
        return bool(relaxed) or document is None or bool(re.search(projection, document.data))
    if isinstance(answer, External):
        return bool(relaxed) and answer.canonical[0] not in ("core", "rex", "primitive")
    return bool(relaxed) and isinstance(answer, Unknown) and answer.declared


def _relaxed(node: Node) -> Iterator[bytes]:
    """The parameters of an implementation that need not be `Sized`."""
    heads = [one for one in node.children if one.type in ("type_parameters", "where_clause")]
    while heads:
        head = heads.pop()
        if head.type in ("type_parameter", "where_predicate"):
            name = head.child_by_field_name("name") or head.child_by_field_name("left")
            if name is not None and _holds(head, "removed_trait_bound"):
                yield (name.text or b"").strip(b"() ")
        heads.extend(head.named_children)


def _holds(node: Node, kind: str) -> bool:
    return node.type == kind or any(_holds(one, kind) for one in node.named_children)


def _tokens(node: Node) -> bytes:
    """The code of a token tree, without text and comments."""
    if node.type in _TEXT:
        return b" "
    if not node.children:
        return node.text or b""
    return b" ".join(_tokens(one) for one in node.children)


def _relaxes(code: bytes) -> bool:
    """Whether a `?` stands before a name, and is no operator of a repetition."""
    for found in _QUESTION.finditer(code):
        before = code[: found.start()].rstrip()
        if found[1] not in _NO_TYPE and not (before.endswith(b")") and _repeats(before)):
            return True
    return False


def _repeats(code: bytes) -> bool:
    depth = 0
    for at in range(len(code) - 1, -1, -1):
        depth += (code[at] == 0x29) - (code[at] == 0x28)
        if depth == 0:
            return code[:at].rstrip().endswith(b"$")
    return False


def check_mir(bodies: Sequence[Body]) -> Iterator[Sighting]:
    """rust-lang/rust issue 25860: an implied bound is lost when a function becomes a pointer."""
    for body in bodies:
        for statement in body.statements():
            closure = _CLOSURE.search(statement.text)
            types = [_FUNCTION.match(one.type) for one in statement.constants]
            reified = types if "ReifyFnPointer" in statement.text else []
            if any(one is not None and _implies(one[1], one[2]) for one in (closure, *reified)):
                yield Sighting(_MESSAGE, statement.place)


def _implies(arguments: str, result: str) -> bool:
    """Whether an argument is what makes a `'b` from another one good enough for the result."""
    each = split_types(arguments)
    returned = set(_LIFETIME.findall(result))
    for at, argument in enumerate(each):
        given = set(_LIFETIME.findall(" ".join(each[:at] + each[at + 1 :])))
        if any(short in returned and long in given for short, long in _bounds(argument)):
            return True
    return False


def _bounds(argument: str) -> Iterator[tuple[str, str]]:
    """Lifetimes of which a type may imply that the second one outlives the first."""
    for found in _REFERENCE.finditer(argument):
        for long in _LIFETIME.findall(argument, found.end()):
            if found[1] != long != "static":
                yield found[1], long
    # What the fields of a type imply is not seen here: any of its lifetimes may outlive another.
    for parameters in _PARAMETERS.findall(argument):
        yield from permutations(_LIFETIME.findall(parameters), 2)


RULE = Rule(
    name="known_unsound",
    title="patterns of the compiler's known unsoundness",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING, Tier.COMPILER),
    check_item=check,
    check_mir=check_mir,
    mir_words=("ReifyFnPointer", "ClosureFnPointer"),
)
