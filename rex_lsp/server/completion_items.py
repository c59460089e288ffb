# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Which items a place before the cursor can go on with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from rex_lsp.kernel import cursor
from rex_lsp.kernel.index import Entry, system_calls
from rex_lsp.project.names import Names
from rex_lsp.server.completion import kind_of

Json: TypeAlias = dict[str, Any]

_SNIPPETS: Mapping[str, str] = {
    "rex_kprobe": 'rex_kprobe(function = "${1:__x64_sys_dup}")]\n'
    "fn ${2:program}(obj: &kprobe, ctx: &mut PtRegs) -> Result {\n\t$0\n\tOk(0)\n}",
    "rex_kretprobe": 'rex_kretprobe(function = "${1:__x64_sys_dup}")]\n'
    "fn ${2:program}(obj: &kretprobe, ctx: &mut PtRegs) -> Result {\n\t$0\n\tOk(0)\n}",
    "rex_uprobe": 'rex_uprobe(function = "${1:libc.so.6:malloc}")]\n'
    "fn ${2:program}(obj: &kprobe, ctx: &mut PtRegs) -> Result {\n\t$0\n\tOk(0)\n}",
    "rex_uretprobe": 'rex_uretprobe(function = "${1:libc.so.6:malloc}")]\n'
    "fn ${2:program}(obj: &kretprobe, ctx: &mut PtRegs) -> Result {\n\t$0\n\tOk(0)\n}",
    "rex_tracepoint": "rex_tracepoint]\n"
    "fn ${1:program}(obj: &tracepoint<${2:SyscallsEnterDupCtx}>, ctx: &'static $2) -> Result {\n"
    "\t$0\n\tOk(0)\n}",
    "rex_xdp": "rex_xdp]\n"
    "fn ${1:program}(obj: &xdp, ctx: &mut xdp_md) -> Result {\n\t$0\n\tOk(XDP_PASS as i32)\n}",
    "rex_map": "rex_map]\nstatic ${1:NAME}: ${2:RexHashMap<u32, u64>} = "
    "${3:RexHashMap}::new(${4:1024}, 0);",
}
_PROBES = ("rex_kprobe", "rex_kretprobe", "rex_uprobe", "rex_uretprobe")
_KEYS = dict.fromkeys(_PROBES, ("function",))


class Candidates:
    """Collects items for one place; ``maps`` are the names of the file's maps."""

    def __init__(self, names: Names, maps: Sequence[str], *, snippets: bool) -> None:
        self._names = names
        self._maps = maps
        self._snippets = snippets

    def collect(self) -> list[Json]:
        """The items whose names begin with what is typed, in the order to show."""
        place = cursor.place(self._names.before)
        if place is None:
            return []
        collectors: Mapping[type, Callable[[Any], Iterable[Json]]] = {
            cursor.InAttribute: self._attributes,
            cursor.InAttributeKey: self._attribute_keys,
            cursor.InAttributeValue: self._attach_targets,
            cursor.AfterPath: self._path,
            cursor.AfterDot: self._members,
            cursor.AtWord: self._words,
        }
        return list(collectors[type(place)](place))

    def _attributes(self, place: cursor.InAttribute) -> Iterator[Json]:
        for entry in self._starting(self._names.index.attributes(), place.prefix):
            item = _item(entry, entry.path)
            snippet = _SNIPPETS.get(entry.name)
            if self._snippets and snippet is not None and place.prefix:
                yield {
                    **item,
                    "label": f"{entry.name} …",
                    "filterText": entry.name,
                    "insertText": snippet.removesuffix("]"),
                    "insertTextFormat": 2,
                    "detail": "with a program or map to fill in",
                    "sortText": f"1{entry.name}",
                }
            yield {**item, "sortText": f"0{entry.name}"}

    def _attribute_keys(self, place: cursor.InAttributeKey) -> Iterator[Json]:
        for key in _KEYS.get(place.attribute, ()):
            if key.startswith(place.prefix):
                text = f'{key} = "$1"' if self._snippets else f"{key} = "
                yield {
                    "label": key,
                    "kind": 10,
                    "detail": "where the program is attached",
                    "insertText": text,
                    "insertTextFormat": 2 if self._snippets else 1,
                }

    def _attach_targets(self, place: cursor.InAttributeValue) -> Iterator[Json]:
        if place.attribute not in ("rex_kprobe", "rex_kretprobe") or place.key != "function":
            return
        when = "entry of" if place.attribute == "rex_kprobe" else "return from"
        for name in system_calls():
            symbol = f"__x64_sys_{name}"
            if symbol.startswith(place.prefix) or name.startswith(place.prefix):
                yield {
                    "label": symbol,
                    "kind": 3,
                    "detail": f"{when} {name}(2)",
                    "filterText": f"{place.prefix}{symbol}" if place.prefix else symbol,
                }

    def _path(self, place: cursor.AfterPath) -> Iterator[Json]:
        written = "::".join(place.segments)
        path = self._names.resolve(written)
        if path is None:
            return
        for entry in self._starting(self._names.index.children(path), place.prefix):
            if place.in_use and entry.takes_self:
                continue
            yield self._callable(entry, entry.path, plain=place.in_use)

    def _members(self, place: cursor.AfterDot) -> Iterator[Json]:
        scope = self._names.scope()
        receiver = scope.type_of(place.receiver)
        if receiver is None:
            return
        seen: set[str] = set()
        for entry in self._starting(scope.members(receiver), place.prefix):
            if entry.name in seen:
                continue
            seen.add(entry.name)
            item = self._callable(entry, entry.path, plain=entry.kind == "field")
            # What is particular to this program type comes before what all have.
            particular = entry.kind == "field" or "All program types" not in entry.doc
            item["sortText"] = f"{0 if particular else 1}{entry.name}"
            if entry.kind == "function":
                item["kind"] = kind_of("method")
            yield item

    def _words(self, place: cursor.AtWord) -> Iterator[Json]:
        if not place.prefix:
            return
        for name in self._maps:
            if name.startswith(place.prefix):
                yield {"label": name, "kind": kind_of("static"), "detail": "map"}
        for entry in self._starting(self._names.index.children("rex"), place.prefix):
            if entry.kind == "macro":
                yield self._callable(entry, entry.path, plain=False)

    def _starting(self, entries: Iterable[Entry], prefix: str) -> Iterator[Entry]:
        lower = prefix.lower()
        return (entry for entry in entries if entry.name.lower().startswith(lower))

    def _callable(self, entry: Entry, data: str, *, plain: bool) -> Json:
        item = _item(entry, data)
        if entry.kind == "macro":
            item["label"] = f"{entry.name}!"
            item["filterText"] = entry.name
            item["insertText"] = entry.name if plain else f"{entry.name}!"
            if self._snippets and not plain:
                text = '("$1")' if entry.name == "rex_printk" else "($1)"
                item["insertText"], item["insertTextFormat"] = f"{entry.name}!{text}", 2
        elif entry.kind == "function" and self._snippets and not plain:
            names = [name for name, _ in entry.params if name != "self"]
            holes = ", ".join(f"${{{number}:{name}}}" for number, name in enumerate(names, 1))
            item["insertText"], item["insertTextFormat"] = f"{entry.name}({holes})", 2
        return item


def _item(entry: Entry, data: str) -> Json:
    return {
        "label": entry.name,
        "kind": kind_of(entry.kind),
        "detail": entry.signature.split("\n", 1)[0][:200],
        "data": data,
    }
