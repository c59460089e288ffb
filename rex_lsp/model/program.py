# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Programs and maps: what an extension offers to the kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from rex_lsp.model.answers import Answer, External, Item
from rex_lsp.model.signature import Signature, read_signature
from rex_lsp.model.uses import Segments, path_segments
from rex_lsp.syntax.items import Attribute, Raw
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node, text_of

KINDS = {
    "rex_kprobe": "kprobe",
    "rex_kretprobe": "kretprobe",
    "rex_uprobe": "uprobe",
    "rex_uretprobe": "uretprobe",
    "rex_tracepoint": "tracepoint",
    "rex_perf_event": "perf_event",
    "rex_xdp": "xdp",
    "rex_tc": "tc",
}
"""Program attributes of the rex crate and the kind of program each makes."""

TRACEPOINTS = {
    "SyscallsEnterOpenCtx": "syscalls/sys_enter_open",
    "SyscallsEnterOpenatCtx": "syscalls/sys_enter_openat",
    "SyscallsExitOpenCtx": "syscalls/sys_exit_open",
    "SyscallsExitOpenatCtx": "syscalls/sys_exit_openat",
    "SyscallsEnterDupCtx": "syscalls/sys_enter_dup",
    "RawSyscallsEnterCtx": "raw_syscalls/sys_enter",
    "RawSyscallsExitCtx": "raw_syscalls/sys_exit",
}
"""Context types of tracepoint programs and the tracepoint each is the record of."""


@dataclass(frozen=True, slots=True)
class Program:
    """A function with a program attribute. `attach` is "" where the source names no target.

    `kind` is one of the values of `KINDS`; `attach` a function's name or `category/event`.
    `span` is the function, `item` its path in the crate.
    """

    name: str
    kind: str
    attach: str
    span: Span
    name_span: Span
    item: str
    attribute: Attribute
    signature: Signature | None = None
    on: str = "fn"

    def shifted(self, by: int) -> Program:
        """The same program `by` bytes further on."""
        return self.placed(lambda span: span.shifted(by))

    def placed(self, place: Callable[[Span], Span]) -> Program:
        """The same program with every span put through `place`."""
        attribute = self.attribute
        return Program(
            self.name,
            self.kind,
            self.attach,
            place(self.span),
            place(self.name_span),
            self.item,
            Attribute(attribute.path, attribute.arguments, place(attribute.span), attribute.unsafe),
            self.signature.placed(place) if self.signature is not None else None,
            self.on,
        )


@dataclass(frozen=True, slots=True)
class MapStatic:
    """A static with `#[rex_map]`; `kind` is the last segment of its type, `RexHashMap`."""

    name: str
    kind: str
    arguments: tuple[str, ...]
    span: Span
    name_span: Span
    item: str

    def shifted(self, by: int) -> MapStatic:
        """The same map `by` bytes further on."""
        return self.placed(lambda span: span.shifted(by))

    def placed(self, place: Callable[[Span], Span]) -> MapStatic:
        """The same map with every span put through `place`."""
        return replace(self, span=place(self.span), name_span=place(self.name_span))


def rex_attribute(path: External) -> str:
    """The name of the rex attribute that a resolved path is, else ""."""
    if path.path[0] == "rex" and path.path[-1] in KINDS:
        return path.path[-1]
    return "rex_map" if path.path[0] == "rex" and path.path[-1] == "rex_map" else ""


def read_program(raw: Raw, data: bytes, name: str, read: Attribute, item: str) -> Program:
    """A program whose attribute resolved to `rex::name`; on a wrong item too, see `on`."""
    node = raw.node
    named = node.child_by_field_name("name")
    signature = read_signature(node, data) if node.type == "function_item" else None
    kind = KINDS[name]
    return Program(
        name=text_of(named, data) if named is not None else "",
        kind=kind,
        attach=_attach(kind, read, signature),
        span=Span(node.start_byte, node.end_byte),
        name_span=Span(named.start_byte, named.end_byte) if named is not None else read.span,
        item=item,
        attribute=read,
        signature=signature,
        on="fn" if node.type == "function_item" else node.type,
    )


def read_map(node: Node, data: bytes, item: str) -> MapStatic | None:
    """A map from the static it stands on; None when that has no name or type yet."""
    named = node.child_by_field_name("name")
    type_node = node.child_by_field_name("type")
    if named is None or type_node is None or node.type != "static_item":
        return None
    segments = path_segments(type_node, data) or ("",)
    arguments: tuple[str, ...] = ()
    if type_node.type == "generic_type":
        inner = type_node.child_by_field_name("type_arguments")
        if inner is not None:
            arguments = tuple(text_of(child, data) for child in inner.named_children)
    return MapStatic(
        text_of(named, data),
        segments[-1],
        arguments,
        Span(node.start_byte, node.end_byte),
        Span(named.start_byte, named.end_byte),
        item,
    )


def function_argument(attribute: Attribute) -> str | None:
    """The string of `(function = "…")`, None where the arguments are anything else."""
    inner = attribute.arguments.strip()
    if not (inner.startswith("(") and inner.endswith(")")):
        return None
    key, equals, value = inner[1:-1].strip().rstrip(",").partition("=")
    value = value.strip()
    if key.strip() != "function" or not equals or len(value) < 2:
        return None
    if not (value.startswith('"') and value.endswith('"')) or '"' in value[1:-1]:
        return None
    return value[1:-1]


def context_segments(signature: Signature) -> Segments:
    """The path of the context's type, () without parameters."""
    return signature.parameters[-1].segments if signature.parameters else ()


def tracepoint_of(context: Answer) -> str:
    """The tracepoint whose record a type is, "" for any other type."""
    if isinstance(context, External):
        return TRACEPOINTS.get(context.path[-1], "") if context.path[0] == "rex" else ""
    if isinstance(context, Item) and context.declaration is not None and not context.rest:
        return context.declaration.event
    return ""


def _attach(kind: str, attribute: Attribute, signature: Signature | None) -> str:
    if kind in ("kprobe", "kretprobe", "uprobe", "uretprobe"):
        return function_argument(attribute) or ""
    if kind == "tracepoint" and signature is not None:
        segments = context_segments(signature)
        return TRACEPOINTS.get(segments[-1], "") if segments else ""
    return ""
