# SPDX-License-Identifier: GPL-2.0-only
"""The committed snapshot of tracepoints, `tracepoints.txt`, from which contexts are made.

One line per event, sorted: `category/event`, the record's size in bytes, and a word
`name:offset:size:kind` for each field behind the eight bytes common to all. A kind is a
letter and the bytes of one element: `u` unsigned, `s` signed, `c` a `__data_loc` string,
`d` other `__data_loc` data. A size of several elements is an array. Source: the kernel's
format files, `events/CATEGORY/EVENT/format` in tracefs.

    python tracepoints.py --write "Linux 6.1.192" < formats
    python tracepoints.py --check

`formats` are format files one after the other, each behind a line `== CATEGORY/EVENT/format`.
`--check` compares the snapshot with what its own lines give, laid out anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

SNAPSHOT = Path(__file__).with_name("tracepoints.txt")
_LICENCE = "# SPDX-License-Identifier: GPL-2.0-only"
_COMMON = 8
_FIELD = re.compile(
    r"\tfield:(?P<type>.*?)(?P<name>\w+)(?:\[(?P<count>[^\]]*)\])?;\t"
    r"offset:(?P<offset>\d+);\tsize:(?P<size>\d+);\tsigned:(?P<signed>[01]);"
)
_LINE = re.compile(r"(?P<name>[\w-]+/[\w-]+) (?P<size>\d+)(?P<fields>( \w+:\d+:\d+:[uscd][1248])*)")


def event_line(name: str, text: str) -> str:
    """The snapshot's line for a format file."""
    words, end = [], _COMMON
    for found in _FIELD.finditer(text):
        offset, size = int(found["offset"]), int(found["size"])
        if offset < _COMMON:
            continue
        end = max(end, offset + size)
        words.append(f"{found['name']}:{offset}:{size}:{_kind(found, offset, size)}")
    return " ".join([name, str(end + -end % _COMMON), *words])


def _kind(found: re.Match[str], offset: int, size: int) -> str:
    sign = "s" if found["signed"] == "1" else "u"
    if found["type"].startswith("__data_loc"):
        return "c1" if "char[]" in found["type"] and "unsigned" not in found["type"] else "d1"
    element = size
    if found["count"] is not None:
        element = size // int(found["count"]) if found["count"].isdigit() else 1
    if element not in (1, 2, 4, 8) or size % element or offset % element:
        element = 1
    return f"{sign}{element}"


def snapshot(source: str, lines: Iterable[str]) -> str:
    """The file with these events."""
    return "".join(f"{line}\n" for line in (_LICENCE, f"# {source}", *sorted(lines)))


def parse(formats: str) -> list[str]:
    """The lines of concatenated format files."""
    lines = []
    for part in re.split("^== ", formats, flags=re.MULTILINE)[1:]:
        path, _, text = part.partition("\n")
        name = path.strip().removeprefix("./").removesuffix("/format")
        if name.count("/") == 1 and not name.startswith("ftrace/"):
            lines.append(event_line(name, text))
    return lines


def problems(text: str) -> list[str]:
    """What is wrong with a snapshot."""
    licence, source, *lines = text.splitlines()
    wrong = [] if licence == _LICENCE and source.startswith("# Linux ") else ["its head is wrong"]
    wrong += [line for line in lines if not _LINE.fullmatch(line)]
    for found in map(_LINE.fullmatch, lines):
        end, names = _COMMON, set()
        for word in found["fields"].split() if found is not None else ():
            name, offset, size, _ = word.split(":")
            if int(offset) < end or name in names:
                wrong.append(f"{word} overlaps or comes twice")
            end = int(offset) + int(size)
            names.add(name)
        if found is not None and end + -end % _COMMON != int(found["size"]):
            wrong.append(f"{found['name']} has the wrong size")
    if text != snapshot(source.removeprefix("# "), set(lines)):
        wrong.append("its lines are not sorted or not unique")
    return wrong


def main(arguments: list[str]) -> int:
    """Writes the snapshot, or says what is wrong with it."""
    match arguments:
        case ["--write", source]:
            SNAPSHOT.write_text(snapshot(source, parse(sys.stdin.read())), encoding="utf-8")
            return 0
        case ["--check"]:
            wrong = problems(SNAPSHOT.read_text(encoding="utf-8"))
            for problem in wrong:
                print(f"{SNAPSHOT.name}: {problem}", file=sys.stderr)
            return 1 if wrong else 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
