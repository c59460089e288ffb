# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What one item says, as plain data: a pure function of the item's text.

Offsets count from the start of the item's region (its comments and attributes
included), so facts stay true when the text before the item changes. What there is most of
is made of named tuples, which are made in half the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from rex_lsp.model.uses import Segments, UseEntry
from rex_lsp.syntax.items import Attribute
from rex_lsp.syntax.positions import Span

VALUE = "v"
TYPE = "t"
MACRO = "m"


class PathUse(NamedTuple):
    """A path as written. `namespace` is that of its last segment.

    `role` is `path`, `call` (the function of a call), `macro`, or `body` (a token of a
    macro_rules body); `owner` is the span of the call or macro invocation around it.
    """

    segments: Segments
    namespace: str
    span: Span
    role: str = "path"
    owner: Span | None = None


class Local(NamedTuple):
    """A name that a block, parameter list or pattern introduces, and where it is visible.

    `target` is the path a local type alias or `use` stands for; `pointer` tells a variable
    that certainly is a raw pointer.
    """

    name: str
    namespace: str
    visible: Span
    kind: str
    target: Segments = ()
    diverges: bool = False
    pointer: bool = False


@dataclass(frozen=True, slots=True)
class Unsafe:
    """An `unsafe` keyword: `kind` is block, fn, impl, trait, extern or word; `keyword` its place.

    `idle` tells that nothing inside can need it.
    """

    kind: str
    keyword: Span
    whole: Span
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop that can only end by an exit inside: `keyword` is its place.

    `exits` tells that one was seen; `calls` are indices of paths that may diverge,
    `macros` indices of macro paths whose expansion may hold an exit.
    """

    kind: str
    keyword: Span
    whole: Span
    exits: bool
    calls: tuple[int, ...]
    macros: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AttributeUse:
    """An attribute and what it stands on: `owner` is an item kind, or `inner`, `statement`, ….

    `condition` is the predicate of the `cfg_attr` it came from.
    """

    attribute: Attribute
    owner: str
    owner_span: Span
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Inactive:
    """A stretch under a cfg predicate; whether it holds depends on the crate's features."""

    predicate: str
    span: Span


class MethodCall(NamedTuple):
    """`receiver.name(…)`; `receiver` is the local variable's name, or ""."""

    name: str
    receiver: str
    span: Span
    whole: Span


@dataclass(slots=True)
class Facts:
    """All that rules and resolver need to know of one item.

    `addresses` are casts of pointers to integers, `arrays` array values with the texts of an
    element and of their length.
    """

    paths: list[PathUse] = field(default_factory=list)
    locals: dict[str, list[Local]] = field(default_factory=dict)
    globs: list[tuple[Segments, Span]] = field(default_factory=list)
    uses: list[UseEntry] = field(default_factory=list)
    unsafe: list[Unsafe] = field(default_factory=list)
    floats: list[Span] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    attributes: list[AttributeUse] = field(default_factory=list)
    inactive: list[Inactive] = field(default_factory=list)
    methods: list[MethodCall] = field(default_factory=list)
    addresses: list[Span] = field(default_factory=list)
    arrays: list[tuple[str, str, Span]] = field(default_factory=list)
    static_muts: list[Span] = field(default_factory=list)
    extern_crates: list[tuple[str, Span]] = field(default_factory=list)
    typed_locals: dict[str, list[tuple[Segments, Span]]] = field(default_factory=dict)
    macro_body: bool = False
    broken: bool = False

    def add_local(self, local: Local) -> None:
        """Make a name visible."""
        self.locals.setdefault(local.name, []).append(local)

    def visible(self, name: str, namespace: str, at: int) -> Local | None:
        """The innermost local that `name` means at an offset."""
        best: Local | None = None
        for local in self.locals.get(name, ()):
            if local.namespace not in (namespace, "*") or not local.visible.contains(at):
                continue
            if best is None or local.visible.start >= best.visible.start:
                best = local
        return best
