# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The record of a rule; everything said about a rule anywhere is derived from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from rex_lsp.rules.finding import Finding, Offer, Severity
from rex_lsp.rules.pages import read_page

if TYPE_CHECKING:
    from rex_lsp.model.machine import Machine
    from rex_lsp.model.mir import Body
    from rex_lsp.rules.context import FileContext, ItemContext
    from rex_lsp.rules.sighting import Seen, Sighting


class Tier(Enum):
    """Who proves a rule: typing, compiler, binary, run time."""

    TYPING = "T"
    COMPILER = "C"
    BINARY = "B"
    RUN = "R"

    def __str__(self) -> str:
        """The tier's letter."""
        return self.value


@dataclass(frozen=True)
class Rule:
    """One rule. `name` is the code without `rex::`.

    `offers` are the kinds of fixes that its findings come with.
    `check_item` looks at one item and is run again only when the item or a name it
    consulted changes; `check_file` looks at a file each time, `check_mir` at
    what the compiler made of a crate, with true types, `check_image` at the machine code of
    a built image. `mir_words` are words of which one
    stands in every function that `check_mir` has something to say about, so that others need
    not be read; a rule with `mir_callers` reads all functions when one of them has a word,
    one without words reads all of them always. `refusals` are the audit gate's and the
    packer's causes that are this rule. `lints` are the rustc and
    clippy lints the compiler tier forbids for the rule, `errors` the rustc errors that
    are this rule, `disallowed_methods` and `disallowed_types` its part of clippy.toml.
    """

    name: str
    title: str
    severity: Severity
    tiers: tuple[Tier, ...]
    suppressible: bool = False
    programs_only: bool = False
    offers: tuple[Offer, ...] = ()
    check_item: Callable[[ItemContext], Iterator[Finding]] | None = None
    check_file: Callable[[FileContext], Iterator[Finding]] | None = None
    check_mir: Callable[[Sequence[Body]], Iterator[Sighting]] | None = None
    mir_words: tuple[str, ...] = ()
    mir_callers: bool = False
    check_image: Callable[[Machine], Iterator[Seen]] | None = None
    refusals: tuple[str, ...] = ()
    lints: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    disallowed_methods: tuple[str, ...] = ()
    disallowed_types: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """The stable code, `rex::leak`."""
        return f"rex::{self.name}"

    @cached_property
    def page(self) -> str:
        """The rule's page, Markdown."""
        return read_page(self.name)
