# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the documentation of the kernel crate's public items must have, and its examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

HELPER = re.compile(r"^(Helpers?: |No helper)|need no helper", re.MULTILINE)
PROGRAMS = re.compile(r"[Pp]rogram(s| types)\b")
FAILURE = re.compile(
    r"[Cc]annot fail|`None`|`Err\b|\bErr\(|`Ok|[Pp]anics|`-?E[A-Z]|Always |`false`"
    r"|[Ee]nds the program"
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CALLED = ("function", "method")
# Types whose methods each read or set one field: what is true of all of them is said once, at
# the type, with an example. A method that is more than that has its own words.
RECORDS = frozenset(
    {"rex::pt_regs::PtRegs", "rex::perf_event::bpf_perf_event_data", "rex::sched_cls::__sk_buff"}
    | {f"rex::xdp::{n}" for n in ("xdp_md", "ethhdr", "iphdr", "ipv6hdr", "tcphdr", "udphdr")}
    | {f"rex::xdp::{n}" for n in ("vlan_hdr", "icmphdr", "icmp6hdr")}
)
# Tables that are generated from the kernel's headers.
GENERATED = re.compile(r"rex::linux::\w+::\w+$")


def items(index: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(path, kind, documentation) of every public item, methods included, but for tables."""
    for path, entry in index.items():
        table = GENERATED.match(path) and entry["kind"] in ("constant", "alias")
        if not table:
            yield path, entry["kind"], entry["doc"]
        for name, method in entry.get("methods", {}).items():
            yield f"{path}::{name}", "method", method["doc"]


def lacks(path: str, kind: str, text: str, index: Mapping[str, Any]) -> list[str]:
    """The required parts that are missing."""
    missing = []
    if kind == "constant":
        # A constant is shown with the others of its module.
        module = index[path.rpartition("::")[0]]["doc"]
        return [] if FENCE.search(module) else ["an example in its module"]
    if not FENCE.sub("", text).strip():
        missing.append("words")
    if kind == "method" and path.rpartition("::")[0] in RECORDS and not HELPER.search(text):
        return missing
    if kind in CALLED or path in RECORDS:
        missing += ["its helper"] if not HELPER.search(text) else []
        missing += ["its program types"] if not PROGRAMS.search(text) else []
        missing += ["what it answers on failure"] if not FAILURE.search(text) else []
    if kind != "module" and not FENCE.search(text):
        missing.append("an example")
    return missing


def examples(index: Mapping[str, Any]) -> dict[str, str]:
    """Each example once, by the first item that shows it."""
    found: dict[str, str] = {}
    for path, _, text in items(index):
        for number, (word, code) in enumerate(FENCE.findall(text)):
            if word in ("", "rust") and code not in found.values():
                found[f"{path}#{number}" if number else path] = code
    return found


def exported(code: str) -> set[str]:
    """Names that an image would hold: of programs and maps, which must differ in one crate."""
    maps = re.findall(r"#\[(?:rex::)?rex_map\]\s*(?:pub )?static (\w+)", code)
    programs = re.findall(r"#\[(?:rex::)?rex_(?!map)\w+[^\]]*\]\s*(?:pub )?fn (\w+)", code)
    return {*maps, *programs}


def crates(every: Mapping[str, str]) -> list[dict[str, str]]:
    """The examples in as few crates as their names allow."""
    made: list[tuple[set[str], dict[str, str]]] = []
    for path, code in every.items():
        names = exported(code)
        for taken, inside in made:
            if not taken & names:
                taken.update(names)
                inside[path] = code
                break
        else:
            made.append((set(names), {path: code}))
    return [inside for _, inside in made]
