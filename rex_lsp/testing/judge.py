# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Whether what happened is what a test expects; if not, in words and with a diff."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rex_lsp.deploy.events import STOPS, Event
from rex_lsp.testing import capture
from rex_lsp.testing.case import Case, Output, Stop
from rex_lsp.testing.judge_maps import map_problems
from rex_lsp.testing.judge_trace import listing, trace_problems
from rex_lsp.testing.observed import Observed


def failures(case: Case, seen: Observed, package: Path) -> list[str]:
    """What differs, each in one or more lines; empty when the test passes."""
    if case.refused is not None:
        return _refusal(case.refused, seen.refused)
    if seen.refused is not None:
        return [f"refused: {seen.refused}"]
    if seen.timed_out:
        return [f"the source did not end within {case.timeout:g} s and was stopped"]
    return [
        *_stops(case.stops, seen.of(*STOPS), "stops", package),
        *_stops(case.leaks, seen.of("leak"), "leaks", package),
        *trace_problems(case, seen.of("trace")),
        *_verdicts(case, seen.of("verdict")),
        *_ending(case, seen),
        *_printed("stdout", case.stdout, seen.output["stdout"]),
        *_printed("stderr", case.stderr, seen.output["stderr"]),
        *_packets(case, seen, package),
        *map_problems(case, seen),
    ]


def _refusal(wanted: str, found: str | None) -> list[str]:
    if found is None:
        return [f"expected to be refused with {wanted!r}, but it ran"]
    if wanted not in found:
        return [f"expected to be refused with {wanted!r}, found {found!r}"]
    return []


def _stops(wanted: Sequence[Stop], found: Sequence[Event], what: str, package: Path) -> list[str]:
    said: list[str] = []
    for number, (stop, event) in enumerate(zip(wanted, found, strict=False), 1):
        said += [f"{what} {number}: {problem}" for problem in _stop(stop, event, package)]
    said += [f"unexpected: {_told(event, package)}" for event in found[len(wanted) :]]
    said += [f"{what} {n + 1}: nothing happened" for n in range(len(found), len(wanted))]
    return said


def _told(event: Event, package: Path) -> str:
    words = event.message or str(event.raw.get("resource") or "")
    place = _place(event, package)
    return f"{event.kind} of {event.program or 'a program'}: {words}" + (
        f"\n  at {place[0]}:{place[1]}" if place else ""
    )


def _place(event: Event, package: Path) -> tuple[str, int] | None:
    """File, relative to the package where it can be, and line."""
    place = event.place
    if place is None:
        return None
    file = Path(place.file)
    if file.is_absolute() and file.is_relative_to(package):
        file = file.relative_to(package)
    return str(file), place.line


def _stop(wanted: Stop, event: Event, package: Path) -> Iterator[str]:
    if event.kind != wanted.kind:
        yield f"expected {wanted.kind}, found {_told(event, package)}"
        return
    if wanted.program is not None and event.program != wanted.program:
        yield f"expected of {wanted.program}, found of {event.program}"
    words = event.message or str(event.raw.get("resource") or "")
    if wanted.message is not None and wanted.message.match(words, {}, event.raw) is None:
        yield f"expected {wanted.message.source!r}, found {words!r}"
    place = _place(event, package)
    shown = f"{place[0]}:{place[1]}" if place else "nowhere"
    if wanted.place.line and place != (wanted.place.file, wanted.place.line):
        yield f"expected at {wanted.place.file}:{wanted.place.line}, found at {shown}"
    if wanted.place.code:
        line = _source_line(place, package)
        if wanted.place.code not in line:
            yield f"expected at a line with {wanted.place.code!r}, found at {shown}: {line.strip()}"


def _source_line(place: tuple[str, int] | None, package: Path) -> str:
    if place is None:
        return ""
    try:
        lines = (package / place[0]).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return lines[place[1] - 1] if 0 < place[1] <= len(lines) else ""


def _verdicts(case: Case, events: Sequence[Event]) -> Iterator[str]:
    for program, wanted in case.verdicts.items():
        found = [event for event in events if not program or event.program == program]
        fits = [_fits(one, event) for one, event in zip(wanted, found, strict=False)]
        if len(wanted) != len(found) or not all(fits):
            expected = [str(one) for one in wanted]
            # What fits is shown as it came, so that the diff is about the rest.
            for index, good in enumerate(fits):
                if good:
                    expected[index] = _verdict(found[index])
            of = f" of {program}" if program else ""
            yield f"verdicts{of} differ\n" + listing(expected, [_verdict(one) for one in found])
    if case.verdict_counts is not None:
        counts = Counter(_verdict(event) for event in events)
        due = {name: number for name, number in case.verdict_counts.items() if number}
        if dict(counts) != due:
            yield "counts of verdicts differ\n" + listing(_counts(due), _counts(counts))


def _counts(counts: Mapping[str, int]) -> list[str]:
    return [f"{name} {number}" for name, number in sorted(counts.items())]


def _verdict(event: Event) -> str:
    return str(event.raw.get("name") or event.raw.get("verdict"))


def _fits(wanted: str | int, event: Event) -> bool:
    if isinstance(wanted, int):
        return bool(event.raw.get("verdict") == wanted)
    return _verdict(event) in [name.strip() for name in wanted.split("|")]


def _ending(case: Case, seen: Observed) -> Iterator[str]:
    if seen.exit is None:
        return
    status, signal = seen.exit.raw.get("status"), seen.exit.raw.get("signal")
    if case.signal is not None:
        if signal != case.signal:
            end = f"signal {signal}" if signal else f"status {status}"
            yield f"expected the source to end by signal {case.signal}, found {end}"
    elif signal is not None:
        yield f"expected the source to end with status {case.status}, found signal {signal}"
    elif status != case.status:
        why = seen.exit.message
        yield f"expected the source to end with status {case.status}, found {status}" + (
            f": {why}" if why else ""
        )


def _printed(name: str, wanted: Output | None, found: str) -> Iterator[str]:
    if wanted is None:
        return
    if wanted.whole is not None and wanted.whole.match(found, {}) is None:
        shown = wanted.whole.source.splitlines(), found.splitlines()
        yield f"{name} differs\n" + listing(*shown)
    for part in wanted.contains:
        if part not in found:
            yield f"expected {part!r} in {name}, found {found!r}"
    if wanted.regex is not None and re.search(wanted.regex, found) is None:
        yield f"expected {wanted.regex} to be found in {name}, found {found!r}"


def _packets(case: Case, seen: Observed, package: Path) -> Iterator[str]:
    if case.output is not None:
        try:
            wanted = capture.frames((package / case.output).read_bytes(), interface=0)
        except OSError as error:
            yield f"{case.output} cannot be read: {error.strerror}"
            return
        except capture.NotACapture as error:
            yield f"{case.output} is no capture file: {error}"
            return
        if len(wanted) != len(seen.packets):
            yield f"expected {len(wanted)} packets as in {case.output}, found {len(seen.packets)}"
        for index, (one, other) in enumerate(zip(wanted, seen.packets, strict=False)):
            if one != other:
                yield f"packet {index} differs from {case.output}\n" + _bytes_diff(one, other)
    for table in case.packets:
        index = table["index"]
        if index >= len(seen.packets):
            yield f"packet {index}: there are only {len(seen.packets)}"
            continue
        before = seen.packets_before[index] if index < len(seen.packets_before) else b""
        for problem in _packet(table, seen.packets[index], before):
            yield f"packet {index}: {problem}"


def _packet(table: Mapping[str, Any], packet: bytes, before: bytes) -> Iterator[str]:
    length = table.get("length")
    if length is not None and len(packet) != length:
        yield f"expected {length} bytes, found {len(packet)}"
    if "unchanged" in table and (packet == before) != table["unchanged"]:
        yield (
            "differs from what came in\n" + _bytes_diff(before, packet)
            if table["unchanged"]
            else "expected it to change, but it is as it came in"
        )
    at = table.get("at", 0)
    for key in ("hex", "text"):
        if key in table:
            given = table[key]
            wanted = bytes.fromhex(given) if key == "hex" else given.encode()
            found = packet[at : at + len(wanted)]
            if found != wanted:
                yield f"differs from byte {at} on\n" + _bytes_diff(wanted, found)


def _bytes_diff(wanted: bytes, found: bytes) -> str:
    return listing(_dump(wanted), _dump(found))


def _dump(data: bytes) -> list[str]:
    rows = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        rows.append(f"{at:04x}  {row.hex(' '):47}  {text}")
    return rows
