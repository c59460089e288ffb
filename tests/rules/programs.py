# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Random modules that say one thing in many spellings, some of them about something else.

Each module compiles. What it does is decided by a name (`core::mem::forget`, a function of
the module's own that is called `forget`, …) and by how that name gets to where it is used.
"""

from __future__ import annotations

from random import Random

from tests.rules.spellings import Piece, reached

LEAKS = {
    "forget": ("core::mem", "forget", "{}(Guard(1))"),
    "drop": ("core::mem", "drop", "{}(Guard(1))"),
    "kept": ("core::mem", "ManuallyDrop", "core::hint::black_box({}::new(Guard(1)));"),
    "slot": ("core::mem", "MaybeUninit", "core::hint::black_box({}::new(Guard(1)));"),
    "empty": ("core::mem", "MaybeUninit", "core::hint::black_box({}::<u8>::uninit());"),
    "own": ("super::own", "forget", "{}(Guard(1))"),
    "same": ("super::own", "drop", "{}(Guard(1))"),
}
"""A module, a name in it, and a use of that name."""

HEAD = """\
#![no_std]
#![no_main]
#![allow(unused_imports, dead_code, unused_macros, unused_unsafe, non_snake_case)]
use rex as _;
pub struct Guard(pub u32);
impl Drop for Guard { fn drop(&mut self) {} }
pub mod own {
    pub struct Vec<T>(T);
    pub struct Lock {}
    impl Lock { pub fn new(_: &mut rex::spinlock::bpf_spin_lock) -> Lock { Lock {} } }
    pub fn abort() -> ! { loop {} }
    macro_rules! asm { ($t:literal) => { () }; }
    pub(crate) use asm;
    pub fn forget<T>(_: T) {}
    pub fn drop<T>(_: T) {}
}
"""


def leaking(chance: Random, number: int) -> Piece:
    """A module that leaks, or does something that looks like it."""
    module, name, use = LEAKS[chance.choice(list(LEAKS))]
    inside, path = reached(chance, module, name)
    statement = use.format(path)
    generic = "::<" in statement or "::new" in statement
    ways = ["{}", "let _value = {{ {} }};", "(|| {{ {} }})();", "run!({{ {} }});"]
    if not generic:
        ways += [f"Some(Guard(1)).map({path});", f"let away = {path}; away(Guard(1));"]
    way = chance.choice(ways)
    body = way.format(statement) if "{}" in way or "{{" in way else way
    return Piece(
        f"pub mod p{number} {{\n    use super::Guard;\n"
        "    macro_rules! run { ($($t:tt)*) => { $($t)* }; }\n"
        f"    {inside}\n    pub fn f() {{\n        {body}\n    }}\n}}\n"
    )


def floating(chance: Random, number: int) -> Piece:
    """A module that computes with floats, or with numbers that look like them."""
    type_ = chance.choice(["f32", "f64", "u32", "u64", "i16"])
    literal = {"f32": "1.5", "f64": "2e3"}.get(type_, chance.choice(["15", "0x2e3"]))
    inside, named = chance.choice(
        [
            ("", type_),
            (f"type Number = {type_};", "Number"),
            (f"mod tools {{ pub type Number = {type_}; }}", "tools::Number"),
            (f"use core::primitive::{type_} as Number;", "Number"),
            (f"type A = {type_}; type B = A;", "B"),
        ]
    )
    body = chance.choice(
        [
            f"let n: {named} = {literal}; core::hint::black_box(n);",
            f"core::hint::black_box(n as {named});",
            f"core::hint::black_box([n as {named}; 3].len());",
            f"let g = |x: {named}| x; core::hint::black_box(g({literal}));",
            f"core::hint::black_box(<{named} as Default>::default());",
        ]
    )
    return Piece(
        f"pub mod p{number} {{\n    {inside}\n    pub fn f(n: u8) {{\n        {body}\n    }}\n}}\n"
    )


def unsafe_(chance: Random, number: int) -> Piece:
    """A module with an `unsafe` somewhere, or with the word where it means nothing."""
    item = chance.choice(
        [
            "pub fn f() { unsafe { core::hint::black_box(1); } }",
            "pub unsafe fn f() {}",
            "unsafe trait T {} ",
            "trait T { unsafe fn f(); }",
            "#[unsafe(no_mangle)] pub fn p@_f() {}",
            "macro_rules! run { ($($t:tt)*) => { $($t)* }; } run! { pub unsafe fn f() {} }",
            "macro_rules! hidden { () => { unsafe { core::hint::black_box(1); } }; } "
            "pub fn f() { hidden!() }",
            "macro_rules! unused { () => { fn g() {} }; } pub fn f() { let r#unsafe = 1; }",
            '/* unsafe {} */ pub const TEXT: &str = "unsafe { f() }";',
            "pub fn f() -> &'static str { stringify!(safe { }) }",
            "macro_rules! name { ($n:ident) => { pub fn $n() {} }; } name!(no_mangle);",
        ]
    )
    return Piece(f"pub mod p{number} {{\n    {item.replace('@', str(number))}\n}}\n")
