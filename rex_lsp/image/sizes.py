# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Where the bytes of an image go: by segment, crate, program and function.

Constants have no name in an image, so only code is told apart by crate and function.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

Json = Mapping[str, Any]

# The first path of a demangled name: of `<sample::Key as core::hash::Hash>::hash` the type's,
# of `<u8 as core::fmt::Display>::fmt`, whose type belongs to nobody, the trait's.
_CRATE = re.compile(r"(?<![\w:])([A-Za-z_]\w*)::")


def sizes_of(contents: Json, analysis: Json) -> dict[str, Any]:
    """One element of `images` in `docs/schemas/size.json`, without its name.

    `contents` and `analysis` are the documents of `facts`. All sizes are bytes in memory; a
    program's are what it can reach (`text`) and what no other program can (`own`).
    """
    package = contents["record"].get("package", "").split(" ")[0].replace("-", "_")
    functions = [
        {
            "name": function["name"],
            "crate": crate_of(function["name"], package),
            "text": function["size"],
        }
        for function in analysis["functions"]
    ]
    by_crate: Counter[str] = Counter()
    for function in functions:
        by_crate[function["crate"]] += function["text"]
    segments: Counter[str] = Counter()
    for segment in contents["segments"]:
        segments[segment["kind"]] += segment["memory"]
    padding = segments["text"] - sum(by_crate.values())
    return {
        "bytes": sum(segments.values()),
        "segments": _sorted(segments, "kind", "bytes"),
        "crates": _sorted(by_crate, "name", "text"),
        "programs": _programs(contents, analysis["functions"]),
        "functions": sorted(functions, key=lambda row: (-row["text"], row["name"])),
        "padding": padding,
    }


def crate_of(function: str, package: str) -> str:
    """The crate that a demangled function comes from; a bare name is the package's own."""
    found = _CRATE.search(function)
    return found[1] if found else package


def _programs(contents: Json, functions: list[Json]) -> list[dict[str, Any]]:
    reached = {
        program["name"]: _reachable(program["entry"], functions) for program in contents["programs"]
    }
    counts = Counter(address for addresses in reached.values() for address in addresses)
    size = {function["address"]: function["size"] for function in functions}
    rows = [
        {
            "name": name,
            "text": sum(size[address] for address in addresses),
            "own": sum(size[address] for address in addresses if counts[address] == 1),
        }
        for name, addresses in reached.items()
    ]
    return sorted(rows, key=lambda row: (-row["text"], row["name"]))


def _reachable(entry: int, functions: Iterable[Json]) -> set[int]:
    """Addresses of the functions that a call chain from `entry` may run."""
    named: dict[str, list[Json]] = {}
    for function in functions:
        named.setdefault(function["name"], []).append(function)
    by_address = {function["address"]: function for function in functions}
    found: set[int] = set()
    waiting = [by_address[entry]] if entry in by_address else []
    while waiting:
        function = waiting.pop()
        if function["address"] in found:
            continue
        found.add(function["address"])
        for call in function["calls"]:
            if call["kind"] != "import":
                waiting += [one for name in call["targets"] for one in named[name]]
    return found


def _sorted(counts: Mapping[str, int], name: str, weight: str) -> list[dict[str, Any]]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{name: key, weight: count} for key, count in ordered]
