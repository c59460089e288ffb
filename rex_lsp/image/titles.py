# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The short words above a program, beside a function and in a call hierarchy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rex_lsp.image.view import Function, View, last_name
from rex_lsp.image.words import CERTAINTIES, DOUBTS, first_blame

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_KIB = 1024


def stack_title(view: View, program: str, when: str) -> str:
    """What a program needs of its stack: measured, checked at run time, or unknown; and `when`."""
    usage = view.programs[program].stack
    if usage["certainty"] == "unknown":
        return f"stack unknown{_because(usage)} · {when}"
    if usage["checked"]:
        frame = f"largest frame {size(view.largest_frame(program))} of {budget(view.frame_limit)}"
        return f"stack checked at run time{_because(usage)} · {frame} · {when}"
    certainty = CERTAINTIES[usage["certainty"]]
    return f"stack {size(usage['bytes'])} of {budget(view.budget)} · {certainty} · {when}"


def panics_title(view: View, program: str) -> str:
    """`panic-free`, or how many places the optimiser left."""
    count = len(view.panics_of(program))
    if count == 0:
        return "panic-free"
    return "1 panic left" if count == 1 else f"{count} panics left"


def frame_words(function: Function) -> str:
    """`frame 96 B · 1,312 B below`; a function on a circle or behind a pointer says `checked`."""
    below = f" · {size(function.below)} below" if function.below else ""
    checked = " · checked at run time" if function.checked else ""
    return f"frame {size(function.frame)}{below}{checked}"


def function_lines(view: View, index: int) -> Iterator[str]:
    """What there is to say about one compiled function: sizes, deepest path, who reaches it."""
    function = view.functions[index]
    if "::<" in function.name:
        yield f"`{function.name}`"
    yield frame_words(function) + ("" if function.checked else " · not checked")
    path = [last_name(view.functions[step].name) for step, _ in view.deepest(index)]
    if len(path) > 1:
        yield f"deepest path: {' → '.join(path)}"
    entry = next((one for one in view.programs.values() if one.entry == index), None)
    if entry is not None:
        usage = entry.stack
        certainty = CERTAINTIES[usage["certainty"]]
        yield f"program: {size(usage['bytes'])} of {budget(view.budget)} · {certainty}"
    reaching = [name for name in view.reaching(index) if entry is None or name != entry.name]
    if reaching:
        yield f"reached from {', '.join(reaching)}"


def built(age: float, stale: str) -> str:
    """`built 14 s ago`, and what the person changed since."""
    for seconds, unit in _UNITS:
        if age >= seconds:
            ago = f"built {int(age // seconds)} {unit} ago"
            break
    else:
        ago = "built 0 s ago"
    return f"{ago} · {stale}" if stale else ago


def steady_for(age: float) -> float:
    """Seconds until `built` says something worth showing again."""
    if age < 60:
        return 15.0
    unit = next(seconds for seconds, _ in _UNITS if age >= seconds)
    return float(min(unit - age % unit, 3600.0))


def size(count: int) -> str:
    """`1,312 B`."""
    return f"{count:,} B"


def budget(count: int) -> str:
    """`16 KiB`, bytes where it is no whole number of them."""
    return f"{count // _KIB} KiB" if count % _KIB == 0 else size(count)


def _because(usage: Mapping[str, Any]) -> str:
    blame = first_blame(usage)
    if blame is None:
        return ""
    line = blame["line"]
    if line is None:
        return f": {DOUBTS[blame['doubt']]} in {last_name(blame['function'])}"
    return f": {DOUBTS[blame['doubt']]} in {last_name(line['function'])}, line {line['line']}"
