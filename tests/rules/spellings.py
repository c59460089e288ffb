# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Ways to bring a name near and places to put an item, for generated programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True)
class Piece:
    """One module of a generated crate, and the files it brings, by their place below `src`.

    `wrong` is for the kinds of programs that their maker judges.
    """

    text: str
    files: dict[str, str] = field(default_factory=dict)
    wrong: bool = False


def reached(chance: Random, module: str, name: str) -> tuple[str, str]:
    """Items that bring a name near, and the path it then has."""
    whole = f"{module}::{name}"
    last = module.rpartition("::")[2]
    deeper = f"super::{whole}" if whole.startswith("super") else whole
    ways = [
        ("", whole),
        (f"use {whole};", name),
        (f"use {whole} as renamed;", "renamed"),
        (f"use {module};", f"{last}::{name}"),
        (f"use {module} as place;", f"place::{name}"),
        (f"use {module}::{{self as place, {name} as other}};", "other"),
        (f"mod tools {{ pub(crate) use {deeper} as thing; }}", "tools::thing"),
        (f"mod tools {{ pub(crate) use {deeper} as thing; }} use tools::thing as got;", "got"),
        (f"use {module}::*;", name),
        (f"use {whole} as a; use self::a as b;", "b"),
        (f"use {whole};", f"self::{name}"),
    ]
    return chance.choice(ways)


def module(chance: Random, number: int, item: str, *, wrong: bool = False) -> Piece:
    """The module `p0`, `p1`, … with an item somewhere in it, or nowhere at all."""
    files: dict[str, str] = {}
    place = chance.randrange(10)
    if place == 0:
        inner = f"mod deep {{ use super::*; {item} }}"
    elif place == 1:
        inner = f"macro_rules! keep {{ ($($i:item)*) => {{ $($i)* }}; }} keep! {{ {item} }}"
    elif place == 2:
        inner = f"macro_rules! keep {{ ($($t:tt)*) => {{ $($t)* }}; }} keep! {{ {item} }}"
    elif place == 3:
        inner = f"macro_rules! drop_it {{ ($($t:tt)*) => {{}}; }} drop_it! {{ {item} }}"
    elif place == 4 and "$" not in item:
        inner = f"macro_rules! made {{ () => {{ {item} }}; }} made!();"
    elif place == 5:
        inner = f"#[cfg(not(test))] mod on {{ use super::*; {item} }}"
    elif place == 6:
        inner = f"#[cfg(test)] mod off {{ use super::*; {item} }}"
    elif place == 7:
        inner = '#[path = "odd.rs"] mod odd;'
        files[f"p{number}/odd.rs"] = f"use super::*;\n{item}\n"
    elif place == 8:
        inner = f'include!("shared{number}.rs");'
        files[f"shared{number}.rs"] = f"{item}\n"
    else:
        inner = item
    return Piece(
        f"pub mod p{number} {{\n    use super::*;\n    {inner}\n}}\n",
        files,
        wrong and place not in (3, 6),
    )
