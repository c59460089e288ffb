# SPDX-License-Identifier: Apache-2.0 OR MIT
"""From rustdoc's JSON of the kernel crate to the index and the list of its public items."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from rex_lsp.kernel.rustdoc_text import (
    function_text,
    generics_text,
    parameters,
    type_text,
    where_text,
)

Json: TypeAlias = Mapping[str, Any]
Entry: TypeAlias = dict[str, Any]

_SELF_MADE = frozenset({"auto", "blanket"})


class Extractor:
    """Walks one crate's public items; ``attributes`` are those of the macro crate by name."""

    def __init__(self, document: Json, attributes: Mapping[str, Entry]) -> None:
        self._index: Mapping[str, Json] = document["index"]
        self._root = str(document["root"])
        self._attributes = attributes
        self._own = {
            number: "::".join(known["path"])
            for number, known in document["paths"].items()
            if known["crate_id"] == 0
        }
        self._public: dict[str, str] = {}
        self.items: dict[str, Entry] = {}
        self.impls: list[str] = []

    def run(self) -> None:
        """Fill :attr:`items` (by path) and :attr:`impls` (trait implementations as text)."""
        self._module(self._index[self._root], "rex", set())
        self.impls = sorted(set(self.impls))
        for entry in self.items.values():
            self._publish(entry)
            for member in (*entry.get("methods", {}).values(), *entry.get("fields", {}).values()):
                self._publish(member)

    def _publish(self, entry: Entry) -> None:
        """Name types by the path that extensions write, leave out what has none."""
        for key in ("types", "deref_types"):
            named = entry.pop(key, {})
            found = {
                word: self._public[path] for word, path in named.items() if path in self._public
            }
            if found:
                entry[key] = found
        if not entry.get("methods", True):
            del entry["methods"]

    def _module(self, item: Json, path: str, seen: set[str]) -> None:
        if _hidden(item):
            return
        self.items[path] = {"kind": "module", "sig": f"mod {path}", "doc": _doc(item)}
        for child in self._children(item, seen):
            self._item(child, path, child["name"], seen)

    def _children(self, module: Json, seen: set[str]) -> Iterator[Json]:
        for child in module["inner"]["module"]["items"]:
            found = self._index.get(str(child))
            if found is not None:
                yield found

    def _item(self, item: Json, parent: str, name: str | None, seen: set[str]) -> None:
        (kind, inner), *_ = item["inner"].items()
        if _hidden(item):
            return
        if kind == "use":
            self._use(inner, parent, seen)
            return
        if name is None:
            return
        path = f"{parent}::{name}"
        if kind == "macro":
            # `#[macro_export]` puts it at the root, wherever it is written.
            path = f"rex::{name}"
        if path in self.items:
            return
        if kind == "module":
            self._module(item, path, seen)
            return
        entry = self._entry(kind, inner, name)
        if entry is not None:
            entry["doc"] = _doc(item)
            self.items[path] = entry
            self._public.setdefault(self._own.get(str(item["id"]), path), path)
            self._add_members(kind, inner, item, path, entry)

    def _use(self, inner: Json, parent: str, seen: set[str]) -> None:
        target = None if inner["id"] is None else self._index.get(str(inner["id"]))
        if inner["is_glob"]:
            if target is not None and "module" in target["inner"] and inner["source"] not in seen:
                for child in self._children(target, seen | {inner["source"]}):
                    self._item(child, parent, child["name"], seen | {inner["source"]})
            return
        name = inner["name"]
        if target is not None:
            self._item(target, parent, name, seen)
        elif name in self._attributes:
            self.items[f"{parent}::{name}"] = dict(self._attributes[name])

    def _entry(self, kind: str, inner: Any, name: str) -> Entry | None:
        writers: Mapping[str, Callable[[Any, str], Entry]] = {
            "struct": self._struct,
            "union": self._struct,
            "enum": self._enum,
            "trait": self._trait,
            "function": self._function,
            "type_alias": self._alias,
            "constant": self._constant,
            "static": self._static,
            "macro": self._macro,
        }
        writer = writers.get(kind)
        return None if writer is None else writer(inner, name)

    def _struct(self, inner: Json, name: str) -> Entry:
        generics = inner["generics"]
        sig = f"struct {name}{generics_text(generics)}{where_text(generics)}"
        return {"kind": "struct", "sig": sig, "generics": _names(generics)}

    def _enum(self, inner: Json, name: str) -> Entry:
        variants = [self._index[str(v)] for v in inner["variants"]]
        sig = f"enum {name}{generics_text(inner['generics'])}"
        return {"kind": "enum", "sig": sig, "variants": [v["name"] for v in variants]}

    def _trait(self, inner: Json, name: str) -> Entry:
        unsafe = "unsafe " if inner["is_unsafe"] else ""
        return {"kind": "trait", "sig": f"{unsafe}trait {name}{generics_text(inner['generics'])}"}

    def _function(self, inner: Json, name: str) -> Entry:
        output = inner["sig"]["output"]
        return {
            "kind": "function",
            "sig": function_text(name, inner),
            "params": [list(one) for one in parameters(inner)],
            "returns": type_text(output) if output is not None else "()",
            "types": self._named_types(output),
        }

    def _alias(self, inner: Json, name: str) -> Entry:
        return {
            "kind": "alias",
            "sig": f"type {name}{generics_text(inner['generics'])} = {type_text(inner['type'])}",
            "target": type_text(inner["type"]),
            "generics": _names(inner["generics"]),
            "types": self._named_types(inner["type"]),
        }

    def _constant(self, inner: Json, name: str) -> Entry:
        const = inner["const"]
        value = const["value"] or const["expr"]
        kind = type_text(inner["type"])
        return {
            "kind": "constant",
            "sig": f"const {name}: {kind} = {value.removesuffix(kind)}",
            "type": kind,
        }

    def _static(self, inner: Json, name: str) -> Entry:
        return {"kind": "static", "sig": f"static {name}: {type_text(inner['type'])}"}

    def _macro(self, inner: str, name: str) -> Entry:
        return {"kind": "macro", "sig": inner}

    # Members.

    def _add_members(self, kind: str, inner: Any, item: Json, path: str, entry: Entry) -> None:
        if kind in ("struct", "union"):
            self._fields(inner, entry)
            entry["methods"] = self._methods(inner["impls"], lambda _: True)
            self._trait_impls(inner["impls"], entry)
        elif kind == "enum":
            entry["methods"] = self._methods(inner["impls"], lambda _: True)
            self._trait_impls(inner["impls"], entry)
        elif kind == "trait":
            entry["methods"] = self._functions(inner["items"])
        elif kind == "type_alias":
            base = self._base(inner["type"])
            if base is not None:
                impls = base["inner"]["struct"]["impls"]
                entry["methods"] = self._methods(
                    impls, lambda impl: self._applies(impl, item, inner["type"])
                )

    def _fields(self, inner: Json, entry: Entry) -> None:
        kind = inner.get("kind", {})
        plain = kind.get("plain") if isinstance(kind, Mapping) else None
        numbers = plain["fields"] if plain else inner.get("fields", ())
        fields: dict[str, Entry] = {}
        for number in numbers:
            field = self._index.get(str(number))
            if field is not None and field["visibility"] == "public" and not _hidden(field):
                text = type_text(field["inner"]["struct_field"])
                types = self._named_types(field["inner"]["struct_field"])
                fields[field["name"]] = {"type": text, "doc": _doc(field), "types": types}
        if fields:
            entry["fields"] = fields

    def _methods(self, impls: Iterable[int], wanted: Any) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for number in impls:
            impl = self._index.get(str(number))
            if impl is None or impl["inner"]["impl"]["trait"] is not None:
                continue
            if wanted(impl["inner"]["impl"]):
                found.update(self._functions(impl["inner"]["impl"]["items"]))
        return dict(sorted(found.items()))

    def _functions(self, numbers: Iterable[int]) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for number in numbers:
            item = self._index.get(str(number))
            if item is None or "function" not in item["inner"] or _hidden(item):
                continue
            if item["visibility"] in ("public", "default"):
                entry = self._function(item["inner"]["function"], item["name"])
                found[item["name"]] = {**entry, "doc": _doc(item)}
        return found

    def _named_types(self, given: Json | None) -> dict[str, str]:
        """The crate's own types in a type text, by the words that stand for them."""
        found: dict[str, str] = {}
        waiting: list[Any] = [given]
        while waiting:
            value = waiting.pop()
            if isinstance(value, Mapping):
                path = value.get("resolved_path")
                if isinstance(path, Mapping) and str(path["id"]) in self._own:
                    found[path["path"].rpartition("::")[2]] = self._own[str(path["id"])]
                waiting += value.values()
            elif isinstance(value, list):
                waiting += value
        return dict(sorted(found.items()))

    def _trait_impls(self, impls: Iterable[int], entry: Entry) -> None:
        for number in impls:
            impl = self._index.get(str(number))
            inner = None if impl is None else impl["inner"]["impl"]
            if inner is None or inner["trait"] is None or inner["is_synthetic"]:
                continue
            if inner["blanket_impl"] is not None:
                continue
            name = type_text({"resolved_path": inner["trait"]})
            sign = "!" if inner["is_negative"] else ""
            generics = inner["generics"]
            self.impls.append(
                f"impl{generics_text(generics)} {sign}{name} for {type_text(inner['for'])}"
                f"{where_text(generics)}"
            )
            if name == "Deref":
                for member in inner["items"]:
                    found = self._index.get(str(member))
                    if found is not None and "assoc_type" in found["inner"]:
                        target = found["inner"]["assoc_type"]["type"]
                        entry["deref"] = type_text(target)
                        entry["deref_types"] = self._named_types(target)

    def _base(self, given: Json) -> Json | None:
        path = given.get("resolved_path")
        item = None if path is None else self._index.get(str(path["id"]))
        return item if item is not None and "struct" in item["inner"] else None

    def _applies(self, impl: Json, alias: Json, target: Json) -> bool:
        """Whether an inherent impl of the base covers what an alias stands for."""
        path = impl["for"].get("resolved_path")
        if path is None:
            return False
        if path["id"] == alias["id"]:
            return True
        if path["id"] != target["resolved_path"]["id"]:
            return False
        generic = {one["name"] for one in impl["generics"]["params"]}
        mine = _constants(path)
        return all(
            here in generic or here == there
            for here, there in zip(mine, _constants(target["resolved_path"]), strict=False)
        )


def attributes_of(document: Json) -> dict[str, Entry]:
    """The macros of the macro crate: attributes, and those called as `name!`."""
    found = {}
    for item in document["index"].values():
        if "proc_macro" not in item["inner"]:
            continue
        bang = item["inner"]["proc_macro"]["kind"] == "bang"
        found[item["name"]] = {
            "kind": "macro" if bang else "attribute",
            "sig": f"{item['name']}! {{ ... }}" if bang else f"#[{item['name']}]",
            "doc": _doc(item),
        }
    return found


def public_api(items: Mapping[str, Entry], impls: Iterable[str]) -> list[str]:
    """One line for each public item, sorted; what a review of a change reads."""
    lines: list[str] = []
    for path, entry in items.items():
        name = path.rpartition("::")[2]
        if entry["kind"] == "macro":
            lines.append(f"macro {path}!")
            continue
        lines.append(_qualified(entry["sig"], name, path))
        for name, field in entry.get("fields", {}).items():
            lines.append(f"{path}.{name}: {field['type']}")
        for variant in entry.get("variants", ()):
            lines.append(f"{path}::{variant}")
        lines += [
            _qualified(method["sig"], name, f"{path}::{name}")
            for name, method in entry.get("methods", {}).items()
        ]
    return sorted(set(lines)) + list(impls)


def _doc(item: Json) -> str:
    """The item's documentation without the indent that doc attributes of macros leave."""
    return inspect.cleandoc(item["docs"] or "")


def _qualified(signature: str, name: str, path: str) -> str:
    """The signature with the item's whole path in the place of its name."""
    if signature.startswith("mod "):
        return signature
    return re.sub(rf"\b{re.escape(name)}\b", path.replace("\\", ""), signature, count=1)


def _names(generics: Json) -> list[str]:
    return [one["name"] for one in generics["params"]]


def _hidden(item: Json) -> bool:
    return any("doc(hidden)" in str(attribute) for attribute in item["attrs"])


def _constants(path: Json) -> list[str]:
    arguments = (path.get("args") or {}).get("angle_bracketed") or {"args": []}
    return [
        one["const"]["expr"]
        for one in arguments["args"]
        if isinstance(one, Mapping) and "const" in one
    ]
