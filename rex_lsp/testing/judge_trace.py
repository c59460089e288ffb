# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Whether the lines that programs printed are those a test expects."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from rex_lsp.deploy.events import Event
from rex_lsp.testing.case import Case, Line

_FUNCTION = re.compile(r"^\[[\w:<>{}#& ]+\] ")


def trace_problems(case: Case, events: Sequence[Event]) -> list[str]:
    """What differs, as one text with a diff; empty when nothing does."""
    if case.trace is None:
        return []
    wanted = [line for line in case.trace for _ in range(line.count)]
    known: dict[str, str] = {}
    taken: dict[int, int] = {}
    start = 0
    for number, line in enumerate(wanted):
        candidates: Sequence[int] = range(start, len(events))
        if case.trace_order == "any":
            candidates = [at for at in range(len(events)) if at not in taken.values()]
        elif case.trace_order == "exact":
            candidates = candidates[:1]
        for at in candidates:
            found = match(line, events[at], known)
            if found is not None:
                known = found
                taken[number] = at
                start = at + 1
                break
        else:
            break
    complete = len(taken) == len(wanted)
    if complete and (case.trace_order == "within" or len(events) == len(wanted)):
        return []
    found_lines = [event.message if _full(wanted) else without_function(event) for event in events]
    expected = [
        found_lines[taken[number]] if number in taken else line.pattern.source
        for number, line in enumerate(wanted)
    ]
    if case.trace_order == "any":
        expected, found_lines = sorted(expected), sorted(found_lines)
    return ["trace differs\n" + listing(expected, found_lines)]


def match(line: Line, event: Event, known: dict[str, str]) -> dict[str, str] | None:
    """What is remembered after the line if an event is it, else None."""
    if line.program is not None and event.program != line.program:
        return None
    texts = [event.message]
    if not line.pattern.source.startswith("["):
        texts.append(without_function(event))
    for text in texts:
        found = line.pattern.match(text, known, event.raw)
        if found is not None:
            return found
    return None


def without_function(event: Event) -> str:
    """The message without the function's path that `rex_printk!` puts before it."""
    return _FUNCTION.sub("", event.message, count=1)


def listing(expected: Sequence[str], found: Sequence[str]) -> str:
    """A diff: what is missing with `-`, what is too much with `+`."""
    lines = list(difflib.unified_diff(expected, found, "expected", "found", lineterm="", n=3))
    return "\n".join(f"  {line}" for line in (lines[2:] if lines else ("(nothing)",)))


def _full(wanted: Sequence[Line]) -> bool:
    return any(line.pattern.source.startswith("[") for line in wanted)
