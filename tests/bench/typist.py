# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The recorded edit trace: what an editor sends while a person writes a program.

`python -m tests.bench.typist --write` types it once more into `trace.json`. A change is
`[line, character, end line, end character, text]`; lines count from the empty line where
the typing begins, characters are UTF-16 units. The typing has what real typing has: one
letter at a time, brackets and quotes that close by themselves and such that do not,
indentation, mistakes and backspaces, accepted completions, a line commented out and in
again, text cut and pasted, long stretches in which the file does not parse.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

TRACE = Path(__file__).with_name("trace.json")

Change = tuple[int, int, int, int, str]

_PAIRS = {"(": ")", "[": "]", "{": "}", '"': '"'}


class Typist:
    """A small editor that notes each change."""

    def __init__(self) -> None:
        self.lines = [""]
        self.line = 0
        self.column = 0
        self.changes: list[Change] = []

    @property
    def text(self) -> str:
        """What was typed so far."""
        return "\n".join(self.lines)

    def put(self, text: str, back: int = 0, ahead: int = 0) -> None:
        """Replace `back` characters before and `ahead` after the cursor, on its line."""
        first, last = self.column - back, self.column + ahead
        self.replace(self.line, first, self.line, last, text)

    def replace(self, line: int, column: int, end_line: int, end: int, text: str) -> None:
        """Replace a stretch; the cursor stands behind the new text."""
        before, after = self.lines[line][:column], self.lines[end_line][end:]
        kept = self.lines[end_line][:end]
        self.changes.append((line, _units(before), end_line, _units(kept), text))
        made = (before + text + after).split("\n")
        self.lines[line : end_line + 1] = made
        self.line = line + len(made) - 1
        self.column = len(made[-1]) - len(after)

    def keys(self, text: str, *, closing: bool = True) -> None:
        """Type letter by letter; with `closing` the editor adds and skips closing brackets."""
        for key in text:
            ahead = self.lines[self.line][self.column : self.column + 1]
            if key == "\n":
                self.enter(ahead)
            elif closing and key == ahead and key in ')]}"':
                self.column += 1
            elif closing and key in _PAIRS and not ahead.isalnum():
                self.put(key + _PAIRS[key])
                self.column -= 1
            else:
                self.put(key)

    def enter(self, ahead: str) -> None:
        """A new line with the indentation of this one, deeper inside a bracket."""
        here = self.lines[self.line]
        indent = here[: len(here) - len(here.lstrip())]
        if self.column and here[self.column - 1] in "{([" and ahead and ahead in "})]":
            self.put("\n" + indent + "    " + "\n" + indent)
            self.line -= 1
            self.column = len(self.lines[self.line])
        else:
            self.put("\n" + indent)

    def backspace(self, times: int = 1) -> None:
        """Delete backwards, a character at a time."""
        for _ in range(times):
            self.put("", back=1)

    def mistype(self, wrong: str, right: str) -> None:
        """A slip, noticed at once."""
        self.keys(wrong)
        self.backspace(len(wrong))
        self.keys(right)

    def complete(self, begun: str, whole: str) -> None:
        """Begin a word and accept a completion."""
        self.keys(begun)
        self.put(whole, back=len(begun))

    def end(self) -> None:
        """Go to the end of the line."""
        self.column = len(self.lines[self.line])

    def go(self, line: int, column: int) -> None:
        """Click somewhere."""
        self.line, self.column = line, column


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def session() -> Typist:
    """A person writes a program with a map and a helper, changes their mind, and mends it."""
    who = Typist()
    _map_and_helper(who)
    _program(who)
    _second_thoughts(who)
    _broken_for_long(who)
    return who


def _map_and_helper(who: Typist) -> None:
    who.keys("\n/// Wie oft jede Gr\u00f6\u00dfe vorkam \u2013 \U0001f40c.\n")
    who.backspace(4)
    who.keys("#[rex_map]\nstatic typed_sizes: ")
    who.complete("RexHa", "RexHashMap")
    who.keys("<u32, u64> = ")
    who.complete("RexH", "RexHashMap")
    who.keys("::")
    who.complete("n", "new")
    who.keys("(")
    who.mistype("1024,1", "1024, 0)")
    who.keys(";\n\nfn typed_bucket(value: u64) -> u32 {\n")
    who.keys("let mut left = value;\nlet mut digits = 0;\nwhile left > 0 {\n")
    who.keys("left >>= 1;\ndigits += 1;")
    who.go(who.line + 1, len(who.lines[who.line + 1]))
    who.keys("\ndigits")
    who.go(who.line + 1, len(who.lines[who.line + 1]))
    who.keys("\n\n")


def _program(who: Typist) -> None:
    who.keys('#[rex_kprobe(function = "__x64_sys_read")]\n')
    who.keys("fn typed(obj: &kprobe, ctx: &mut PtRegs) -> Result {\n")
    who.keys("let size = ctx.rdx() & 0xffff;\nlet bucket = ")
    who.complete("typed_b", "typed_bucket")
    who.keys("(size);\nmatch ")
    who.complete("typed_s", "typed_sizes")
    who.keys(".get_mut(&bucket) {\nSome(count) => *count += 1,\nNone => {\n")
    who.keys("typed_sizes.insert(&bucket, &1)?;")
    who.go(who.line + 2, len(who.lines[who.line + 2]))
    who.keys("\ncore::mem::forget(obj);")
    who.backspace(len("core::mem::forget(obj);"))
    who.keys('rex_printk!("read of {} bytes, in the place {}\\n", size, bucket)?;\nOk(0)')


def _second_thoughts(who: Typist) -> None:
    lines = [i for i, text in enumerate(who.lines) if "size" in text and "let" in text]
    for line in lines:
        who.replace(line, 4, line, 4, "// ")
        who.replace(line, 4, line, 7, "")
    line = next(i for i, text in enumerate(who.lines) if "rex_printk!" in text)
    whole = who.lines[line]
    who.replace(line, 0, line + 1, 0, "")
    who.go(line, len(who.lines[line]))
    who.put("\n" + whole + "\n" + whole)
    who.replace(line + 1, 0, line + 2, 0, "")
    who.replace(line, 0, line + 2, 0, whole + "\n    Ok(0)\n")
    at = who.lines[line].index('"read')
    who.go(line, at + 1)
    # A quote goes and comes: everything behind it is a string for a moment.
    who.backspace()
    who.keys('"', closing=False)
    who.go(line, len(who.lines[line]))
    who.backspace(3)
    who.keys(")?;", closing=False)
    float_at = next(i for i, text in enumerate(who.lines) if "let mut digits" in text)
    who.go(float_at, len(who.lines[float_at]) - 1)
    who.keys(".5")
    who.backspace(2)


def _broken_for_long(who: Typist) -> None:
    """A helper typed above, without brackets that close by themselves."""
    at = next(i for i, text in enumerate(who.lines) if text.startswith("#[rex_kprobe"))
    who.replace(at, 0, at, 0, "\n")
    who.go(at, 0)
    who.keys("fn typed_mean(total: u64, count: u64) -> Option<u64> {\n", closing=False)
    who.keys("    if count == 0 {\n", closing=False)
    who.keys("    return None;\n", closing=False)
    who.put("", back=4)
    who.keys("}\n", closing=False)
    who.keys("/* rounded", closing=False)
    who.keys(" down */ let mean = total / count;\n", closing=False)
    who.keys('let words = ("a", [1, 2, {3}]);\n', closing=False)
    who.keys("let _ = words;\nSome(mean)\n", closing=False)
    who.put("", back=4)
    who.keys("}\n", closing=False)
    # An opening bracket taken away and given back.
    opened = next(i for i, text in enumerate(who.lines) if text.startswith("fn typed_mean"))
    who.go(opened, len(who.lines[opened]))
    who.backspace()
    who.keys("{", closing=False)


def rendered(who: Typist) -> str:
    """The file's text: one change a line."""
    rows = ",\n".join(json.dumps(list(change)) for change in who.changes)
    return "[\n" + rows + "\n]\n"


def main() -> int:
    """Write the trace, or tell whether it is what `session` types."""
    parser = argparse.ArgumentParser(description="type the edit trace of the measurements")
    parser.add_argument("--write", action="store_true", help="write trace.json")
    text = rendered(session())
    if parser.parse_args().write:
        TRACE.write_text(text, encoding="utf-8")
        return 0
    same = TRACE.read_text("utf-8") == text
    print("trace.json is up to date" if same else "trace.json differs, repair it with --write")
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
