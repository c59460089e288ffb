# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Types and signatures of rustdoc's JSON as Rust source text.

Source: the crate ``rustdoc-types``, format version 57 (rustc 1.96).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Json: TypeAlias = Mapping[str, Any]

FORMAT = 57


def type_text(given: Json) -> str:
    """A ``Type``; one that is not known is written as ``_``."""
    (kind, value), *_ = given.items()
    writer = _TYPES.get(kind)
    return str(writer(value)) if writer is not None else "_"


def generics_text(generics: Json) -> str:
    """``<'a, const N: usize, T: Bound>``, empty without parameters."""
    written = [_parameter(one) for one in generics["params"] if not _synthetic(one)]
    return f"<{', '.join(written)}>" if written else ""


def where_text(generics: Json) -> str:
    """`` where V: Copy``, with a leading space, empty without predicates."""
    written = [text for one in generics["where_predicates"] if (text := _predicate(one))]
    return f" where {', '.join(written)}" if written else ""


def parameters(function: Json) -> list[tuple[str, str]]:
    """Names and types of a function's parameters, a receiver as ``("self", "&self")``."""
    found: list[tuple[str, str]] = []
    for name, given in function["sig"]["inputs"]:
        found.append((name, _receiver(given) if name == "self" else type_text(given)))
    return found


def function_text(name: str, function: Json) -> str:
    """The declaration of a function, as in its source but without ``pub`` and body."""
    header = function["header"]
    words = [word for word in ("const", "async", "unsafe") if header.get(f"is_{word}")]
    written = [
        text if parameter == "self" else f"{parameter}: {text}"
        for parameter, text in parameters(function)
    ]
    generics = function["generics"]
    output = function["sig"]["output"]
    returns = f" -> {type_text(output)}" if output is not None else ""
    return (
        " ".join([*words, "fn"])
        + f" {name}{generics_text(generics)}({', '.join(written)}){returns}{where_text(generics)}"
    )


def bounds_text(bounds: list[Json]) -> str:
    """``Copy + 'static``."""
    return " + ".join(text for bound in bounds if (text := _bound(bound)))


def _receiver(given: Json) -> str:
    reference = given.get("borrowed_ref")
    if reference is not None and reference["type"] == {"generic": "Self"}:
        lifetime = f"{reference['lifetime']} " if reference["lifetime"] else ""
        return f"&{lifetime}{'mut ' if reference['is_mutable'] else ''}self"
    if given == {"generic": "Self"}:
        return "self"
    return f"self: {type_text(given)}"


def _path(value: Json) -> str:
    name = str(value["path"])
    for prefix in ("$crate::", "crate::", "super::"):
        name = name.removeprefix(prefix)
    return name + _arguments(value.get("args"))


def _arguments(arguments: Json | None) -> str:
    if not arguments:
        return ""
    if "parenthesized" in arguments:
        inner = arguments["parenthesized"]
        output = f" -> {type_text(inner['output'])}" if inner["output"] else ""
        return f"({', '.join(type_text(one) for one in inner['inputs'])}){output}"
    inner = arguments.get("angle_bracketed")
    if not inner:
        return ""
    written = [_argument(one) for one in inner["args"]]
    for constraint in inner["constraints"]:
        bound = constraint["binding"]
        if "equality" in bound:
            term = bound["equality"]
            right = type_text(term["type"]) if "type" in term else term["constant"]["expr"]
            written.append(f"{constraint['name']} = {right}")
        else:
            written.append(f"{constraint['name']}: {bounds_text(bound['constraint'])}")
    return f"<{', '.join(written)}>" if written else ""


def _argument(given: Any) -> str:
    if given == "infer":
        return "_"
    (kind, value), *_ = given.items()
    if kind == "lifetime":
        return str(value)
    return type_text(value) if kind == "type" else str(value["expr"])


def _parameter(given: Json) -> str:
    name = str(given["name"])
    (kind, value), *_ = given["kind"].items()
    if kind == "lifetime":
        outlives = " + ".join(value["outlives"])
        return f"{name}: {outlives}" if outlives else name
    if kind == "const":
        return f"const {name}: {type_text(value['type'])}"
    bounds = bounds_text(value["bounds"])
    return f"{name}: {bounds}" if bounds else name


def _synthetic(given: Json) -> bool:
    return bool(given["kind"].get("type", {}).get("is_synthetic"))


def _predicate(given: Json) -> str:
    bound = given.get("bound_predicate")
    if bound is not None:
        bounds = bounds_text(bound["bounds"])
        return f"{type_text(bound['type'])}: {bounds}" if bounds else ""
    lifetime = given.get("lifetime_predicate")
    if lifetime is not None:
        return f"{lifetime['lifetime']}: {' + '.join(lifetime['outlives'])}"
    return ""


def _bound(given: Json) -> str:
    if "outlives" in given:
        return str(given["outlives"])
    trait = given.get("trait_bound")
    if trait is None:
        return ""
    sign = {"maybe": "?", "maybe_const": "~const "}.get(trait["modifier"], "")
    return sign + _path(trait["trait"])


def _reference(value: Json) -> str:
    lifetime = f"{value['lifetime']} " if value["lifetime"] else ""
    return f"&{lifetime}{'mut ' if value['is_mutable'] else ''}{type_text(value['type'])}"


def _function_pointer(value: Json) -> str:
    inputs = ", ".join(type_text(given) for _, given in value["sig"]["inputs"])
    output = value["sig"]["output"]
    return f"fn({inputs})" + (f" -> {type_text(output)}" if output else "")


def _dyn(value: Json) -> str:
    traits = [_path(one["trait"]) for one in value["traits"]]
    return "dyn " + " + ".join(traits + ([value["lifetime"]] if value["lifetime"] else []))


def _qualified(value: Json) -> str:
    trait = value.get("trait")
    self_type = type_text(value["self_type"])
    name = value["name"]
    if trait and trait["path"]:
        return f"<{self_type} as {_path(trait)}>::{name}"
    return f"{self_type}::{name}"


_TYPES: Mapping[str, Any] = {
    "resolved_path": _path,
    "generic": str,
    "primitive": lambda value: "!" if value == "never" else str(value),
    "borrowed_ref": _reference,
    "raw_pointer": lambda v: f"*{'mut' if v['is_mutable'] else 'const'} {type_text(v['type'])}",
    "slice": lambda value: f"[{type_text(value)}]",
    "array": lambda value: f"[{type_text(value['type'])}; {value['len']}]",
    "tuple": lambda value: f"({', '.join(map(type_text, value))}{',' if len(value) == 1 else ''})",
    "function_pointer": _function_pointer,
    "dyn_trait": _dyn,
    "impl_trait": lambda value: f"impl {bounds_text(value)}",
    "qualified_path": _qualified,
}
