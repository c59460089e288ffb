# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The client's side of an edit, counted the slow way: texts, places, random changes."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from rex_lsp.syntax.changes import Change
from rex_lsp.syntax.positions import Encoding, Position, Range

_LINE_END = re.compile(r"\r\n|\n|\r")


def paired(text: str) -> str:
    """The text with halves of surrogate pairs that met put together."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def split(text: str) -> str:
    """The text as UTF-16 units, one a character."""
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(raw[i] | raw[i + 1] << 8) for i in range(0, len(raw), 2))


def place(units: str, at: int, encoding: Encoding) -> Position:
    """The position of a unit index."""
    starts = [0, *(end.end() for end in _LINE_END.finditer(units, 0, at))]
    before = units[starts[-1] : at]
    if encoding is Encoding.UTF16:
        return Position(len(starts) - 1, len(before))
    text = paired(before)
    width = len(text.encode("utf-8", "surrogatepass"))
    return Position(len(starts) - 1, width if encoding is Encoding.UTF8 else len(text))


def allowed(units: str, at: int, encoding: Encoding) -> bool:
    """Whether an edit may begin or end here: not inside CR LF, in a pair only by UTF-16."""
    around = units[at - 1 : at + 1] if at else ""
    if around == "\r\n":
        return False
    pair = len(around) == 2 and "\ud800" <= around[0] < "\udc00" <= around[1] < "\ue000"
    return encoding is Encoding.UTF16 or not pair


PIECES = [
    *("{", "}", "(", ")", '"', "'", "/*", "*/", "// ", "/// ", "\n", "\r\n", "\r", ";", "#[", "]"),
    *("é", "😀", "\ud83d", "\ude00", 'r#"', '"#', "x", " ", "::", "mod m {\n", "r", "'a", "!"),
    *("unsafe { x() }", "core::mem::forget(1);", "loop {}", "1.5", "#[cfg(test)]\n", "static mut "),
    *("use core::mem::*;\n", "use core::mem::forget as f;\n", "#[rex_map]\n", "#[rex_xdp]\n"),
    *("fn f() {}\n", "struct S;\n", "mod forget {}\n", "macro_rules! m { () => {} }\n", "m!();\n"),
    *(
        "#[allow(rex::leak)]\n",
        "mod other;\n",
        "pub ",
        "impl S {\n",
        "\n\n",
        "    ",
        "const N: u8 = 1;",
    ),
    *("make!(forget);\n", "make! { keep_it }\n", "other::made!(mean);\n", "$n", "$($t:tt)*"),
    *("macro_rules! make { ($n:ident) => { pub fn $n() { loop {} } } }\n", "#[macro_use]\n"),
]

WHOLE = """\
#![no_std]
#![no_main]

macro_rules! maps {
    ($($n:ident: $t:ty $(= $v:expr)?),* $(,)?) => { $(#[rex_map] static $n: $t $(= $v)?;)* };
}

mod other;

use core::mem::forget as keep;
use other::make as made;
use rex::map::RexHashMap;
use rex::xdp::*;
use rex::{Result, rex_map, rex_printk, rex_xdp};

/// Größe 😀.
#[rex_map]
static sizes: RexHashMap<u32, u64> = RexHashMap::new(64, 0);

maps! { first: RexHashMap<u32, u64> = RexHashMap::new(64, 0), second: RexHashMap<u32, &u8> }
made!(spare);

mod inner {
    pub use super::other::*;
    pub fn forget<T>(_: T) {}
    pub fn lose() {
        keep_it(forget(1));
        core::mem::forget(2);
    }
}

fn mean(values: &[u64]) -> u64 {
    let mut at = 0;
    loop {
        let Some(value) = values.get(at) else { break };
        at += *value as usize + 1;
    }
    at as u64
}

#[rex_xdp]
fn filter(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let text = "} {\\" 😀";
    keep(mean(&[1, 2]));
    rex_printk!("{} {}\\n", text, ctx.data_length())?;
    Ok(XDP_PASS as i32)
}

#[cfg(test)]
mod tests {
    fn spin() { loop {} }
}

struct Held(u32);

impl Held {
    fn weight(&self) -> u32 { self.0 /* } */ }
}
"""
OTHER = """\
//! Shared.
pub use core::mem;
pub fn keep_it(_: ()) {}
pub fn endless() -> ! {
    loop {}
}
macro_rules! make { ($n:ident) => { pub fn $n() { loop {} } }; }
pub(crate) use make;
make!(lost);
macro_rules! twice { ($e:expr) => { $e; $e }; }
pub fn calls() { twice!(mem::forget(1)); }
"""


@dataclass
class Text:
    """A file as the client has it: its UTF-16 units, and how to take the last changes back."""

    units: str
    undo: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text."""
        return paired(self.units)

    def replace(self, start: int, end: int, text: str, encoding: Encoding) -> Change:
        """Change the text; the same as a change to send."""
        where = Range(place(self.units, start, encoding), place(self.units, end, encoding))
        self.units = self.units[:start] + split(text) + self.units[end:]
        return Change(where, text)

    def become(self, units: str, encoding: Encoding) -> Change:
        """Turn into another text by one change of the stretch that differs."""
        start = 0
        while start < min(len(units), len(self.units)) and units[start] == self.units[start]:
            start += 1
        ends = len(self.units), len(units)
        while min(ends) > start and self.units[ends[0] - 1] == units[ends[1] - 1]:
            ends = ends[0] - 1, ends[1] - 1
        while not (allowed(self.units, start, encoding) and allowed(units, start, encoding)):
            start -= 1
        while not (allowed(self.units, ends[0], encoding) and allowed(units, ends[1], encoding)):
            ends = ends[0] + 1, ends[1] + 1
        return self.replace(start, ends[0], paired(units[start : ends[1]]), encoding)


def random_batch(text: Text, chance: random.Random, encoding: Encoding, fresh: str) -> list[Change]:
    """One to three random changes, or the last ones taken back, or the whole text anew."""
    luck = chance.random()
    if luck < 0.02:
        text.units, text.undo = split(fresh), []
        return [Change(None, fresh)]
    if luck < 0.12 and text.undo:
        whole, text.undo = text.undo[0], []
        return [text.become(whole, encoding)]
    if luck < 0.5 and text.undo:
        return [text.become(text.undo.pop(), encoding)]
    text.undo.append(text.units)
    del text.undo[:-30]
    return [_change(text, chance, encoding) for _ in range(chance.choice([1, 1, 1, 2, 3]))]


def _change(text: Text, chance: random.Random, encoding: Encoding) -> Change:
    size = len(text.units)
    start = _near(text.units, chance.randint(0, size), encoding)
    end = start
    kind = chance.random()
    if kind < 0.5:
        new = chance.choice(PIECES)
    elif kind < 0.7:
        end = _near(text.units, min(size, start + chance.choice([1, 1, 2, 7, 40, 200])), encoding)
        new = chance.choice(["", "", chance.choice(PIECES)])
    elif kind < 0.85:
        # A line is taken out, doubled or put elsewhere.
        start = _near(text.units, text.units.rfind("\n", 0, start) + 1, encoding)
        found = text.units.find("\n", start)
        end = _near(text.units, found + 1 if found >= 0 else size, encoding)
        line = paired(text.units[start:end])
        new = chance.choice(["", line + line, "// " + line])
    else:
        new = "".join(chance.choice(PIECES) for _ in range(chance.randint(2, 5)))
    return text.replace(start, max(start, end), new, encoding)


def _near(units: str, at: int, encoding: Encoding) -> int:
    while not allowed(units, at, encoding):
        at -= 1
    return at
