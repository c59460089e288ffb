# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Attributes behind `cfg_attr` (Reference, "The cfg_attr attribute")."""

from __future__ import annotations

from collections.abc import Iterator

from rex_lsp.model.cfg import split_arguments
from rex_lsp.syntax.items import Attribute, split_attribute


def expanded(attribute: Attribute, condition: str = "") -> Iterator[tuple[Attribute, str]]:
    """The attribute itself, or those of a `cfg_attr`, each with the predicate it stands under.

    All of them have the span of the attribute as written.
    """
    if attribute.path != "cfg_attr":
        yield attribute, condition
        return
    parts = split_arguments(attribute.arguments)
    if not parts:
        return
    predicate = f"all({condition}, {parts[0]})" if condition else parts[0]
    for part in parts[1:]:
        unsafe = part.startswith("unsafe") and part[6:].lstrip().startswith("(")
        path, arguments = split_attribute(part[6:].strip()[1:-1] if unsafe else part)
        yield from expanded(Attribute(path, arguments, attribute.span, unsafe), predicate)
