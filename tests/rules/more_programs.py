# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Generated modules about items, programs, maps and locks, right ones and wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.rules.programs import floating, leaking, unsafe_
from tests.rules.spellings import Piece, module, reached


@dataclass(frozen=True)
class Kind:
    """How to make a module that a rule may speak of, and who judges it.

    `judge` is `lint` (clippy and rustc by the rule's name), `mir` (the types in the compiler's
    view), `refused` (rustc does not take the module) or `maker` (of what rustc says once for a
    crate, who makes the module says whether it is wrong).
    """

    judge: str
    make: Callable[[Random, int], Piece]


def hosted(chance: Random, number: int) -> Piece:
    """What `std` or `alloc` has, or something that is called the same."""
    from_, name = chance.choice(
        [
            ("std::vec", "Vec"),
            ("alloc::vec", "Vec"),
            ("super::own", "Vec"),
            ("core::option", "Option"),
            ("std::collections", "HashMap"),
        ]
    )
    inside, path = reached(chance, from_, name)
    arguments = "<u8, u8>" if name == "HashMap" else "<u8>"
    item = chance.choice(
        [
            f"pub fn f(x: &{path}{arguments}) {{}}",
            f"type A = {path}{arguments}; pub fn f(x: &A) {{}}",
            f"pub struct S<'a>(&'a {path}{arguments});",
            f"pub fn f() {{ let x: Option<{path}{arguments}> = None; }}",
            "pub fn f(x: &Box<u8>) {}",
            'pub fn f() { println!("{}", 1); }',
            'macro_rules! println { ($t:literal) => {}; } pub fn f() { println!("x"); }',
            "pub struct Box<T>(T); pub fn f(x: &Box<u8>) {}",
            "pub fn f() -> String { loop {} }",
        ]
    )
    return Piece(f"pub mod p{number} {{\n    {inside}\n    {item}\n}}\n")


def mutable(chance: Random, number: int) -> Piece:
    """Statics, mutable or not."""
    item = chance.choice(
        [
            "pub static mut N: u8 = 1;",
            "pub static N: u8 = 1;",
            "pub fn f() { static mut N: [u8; 4] = [0; 4]; }",
            "pub fn f(x: &'static mut u8) { let mut y = 1; y += *x; }",
            'pub const TEXT: &str = "static mut N: u8 = 1;";',
            "pub fn f() { static N: u8 = 1; let mut y = N; y += 1; }",
            "pub struct S; impl S { pub fn f() { static mut N: u8 = 1; } }",
        ]
    )
    return module(chance, number, item)


def unstable(chance: Random, number: int) -> Piece:
    """Attributes of the compiler's own, and others."""
    attribute = chance.choice(
        [
            "#[fundamental]",
            "#[marker]",
            "#[rustc_on_unimplemented]",
            "#[cfg_attr(not(test), fundamental)]",
            "#[cfg_attr(test, fundamental)]",
            "#[doc(hidden)]",
            "#[must_use]",
            "/// #[fundamental]\n    ",
        ]
    )
    kind = "trait T {}" if "marker" in attribute or "rustc_on" in attribute else "struct S;"
    return module(chance, number, f"{attribute} pub {kind}")


def aborting(chance: Random, number: int) -> Piece:
    """`abort`, the compiler's and one of the crate's own."""
    from_, name = chance.choice([("core::intrinsics", "abort"), ("super::own", "abort")])
    inside, path = reached(chance, from_, name)
    use = chance.choice(["{}()", "let away = {}; away()", "(|| {{ {}() }})()"])
    body = use.format(path)
    return Piece(
        f"pub mod p{number} {{\n    {inside}\n    pub fn f() {{\n        {body}\n    }}\n}}\n"
    )


def assembling(chance: Random, number: int) -> Piece:
    """`asm!`, the real one and one of the crate's own."""
    from_, name = chance.choice([("core::arch", "asm"), ("super::own", "asm")])
    inside, path = reached(chance, from_, name)
    body = f'{path}!("nop");'
    body = chance.choice([body, f"let f = || {{ {body} }}; f();", f"if true {{ {body} }}"])
    return Piece(
        f"pub mod p{number} {{\n    {inside}\n    pub fn f() {{\n        {body}\n    }}\n}}\n"
    )


def reserved(chance: Random, number: int) -> Piece:
    """What the runtime has, and what looks like it."""
    panics = "fn panics(_: &core::panic::PanicInfo) -> ! { loop {} }"
    item, wrong = chance.choice(
        [
            (f"#[panic_handler] {panics}", True),
            (f"#[cfg_attr(not(test), panic_handler)] {panics}", True),
            (f"#[cfg_attr(test, panic_handler)] {panics}", False),
            ('#[lang = "eh_personality"] fn personality() {}', True),
            ("#[global_allocator] static HEAP: u8 = 0;", True),
            ('#[doc = "#[panic_handler]"] fn documented() {}', False),
            ("#[inline] fn panic_handler() {}", False),
        ]
    )
    return module(chance, number, item, wrong=wrong)


def addressed(chance: Random, number: int) -> Piece:
    """Pointers that become numbers, and numbers that become other numbers."""
    item = chance.choice(
        [
            "pub fn f(x: &u8) -> usize { x as *const u8 as usize }",
            "pub fn f(x: *const u8) -> usize { x as usize }",
            "pub fn f(x: &u8) -> u64 { let p: *const u8 = x; p as u64 }",
            "pub fn f(x: &[u8]) -> usize { let p = x.as_ptr(); p as usize }",
            "pub fn f(x: &[u8]) -> usize { x.as_ptr() as usize }",
            "pub fn f(x: *const u8) -> usize { x.addr() }",
            "pub fn f(x: &u8) -> usize { let p = x as *const u8; p.addr() }",
            "pub fn f(x: u8) -> usize { x as usize }",
            "pub fn f(p: &[u8]) -> usize { p.len() as usize }",
            "pub fn f(x: *const u8) -> usize { let x = 1u8; x as usize }",
            "pub struct P(u8); impl P { fn addr(&self) -> usize { 1 } } "
            "pub fn f(p: P) -> usize { p.addr() }",
            "pub fn f(x: *const u8) -> *const u16 { x as *const u16 }",
        ]
    )
    return module(chance, number, item)


TYPES = {
    "xdp": ("rex_xdp", "&rex::xdp::xdp", "&mut rex::xdp::xdp_md"),
    "tc": ("rex_tc", "&rex::sched_cls::sched_cls", "&mut rex::sched_cls::__sk_buff"),
    "perf": (
        "rex_perf_event",
        "&rex::perf_event::perf_event",
        "&rex::perf_event::bpf_perf_event_data",
    ),
    "kprobe": (
        'rex_kprobe(function = "ksys_dup")',
        "&rex::kprobe::kprobe",
        "&mut rex::pt_regs::PtRegs",
    ),
}
"""Kinds of programs: attribute, object, context."""


def helped(chance: Random, number: int) -> Piece:
    """A program and a helper that it has or has not."""
    attribute, object_, context = TYPES[chance.choice(list(TYPES))]
    # Not every type of program has the first; the others are everybody's.
    helper = chance.choice(
        [
            *["bpf_get_current_pid_tgid"] * 3,
            "bpf_get_smp_processor_id",
            "bpf_ktime_get_ns",
        ]
    )
    call = chance.choice(
        [
            f"obj.{helper}();",
            f"let n = obj.{helper}(); core::hint::black_box(n);",
            f"(|| {{ obj.{helper}(); }})();",
            f"let obj = Own; obj.{helper}();",
            f"if true {{ core::hint::black_box(obj.{helper}()); }}",
        ]
    )
    name = attribute.partition("(")[0]
    written = f"rex::{attribute}"
    before = "pub struct Own; impl Own { pub fn bpf_get_current_pid_tgid(&self) {} "
    before += "pub fn bpf_get_smp_processor_id(&self) {} pub fn bpf_ktime_get_ns(&self) {} } "
    if chance.random() < 0.5:
        before += f"use rex::{name} as attached; "
        written = attribute.replace(name, "attached")
    if chance.random() < 0.3:
        before += f"type Object = {object_[1:]}; "
        object_ = "&Object"
    item = f"#[{written}] fn p{number}_f(obj: {object_}, ctx: {context}) -> rex::Result"
    return module(chance, number, f"{before}{item} {{ {call} Ok(0) }}")


def signed(chance: Random, number: int) -> Piece:
    """A program whose signature fits, or does not."""
    attribute, object_, context = TYPES[chance.choice(list(TYPES))]
    other = TYPES[chance.choice(list(TYPES))]
    returns = "rex::Result"
    wrong = chance.randrange(6)
    if wrong == 0:
        object_ = other[1]
    elif wrong == 1:
        context = other[2]
    elif wrong == 2:
        returns = chance.choice(["u64", "Result<u8, u8>", "rex::utils::Result"])
    before = ""
    if "PtRegs" in context or ("perf" in context and chance.random() < 0.7):
        before = f"type Context = {context.rpartition(' ')[2].lstrip('&')}; "
        context = ("&mut " if "mut" in context else "&") + "Context"
    item = f"#[rex::{attribute}] fn p{number}_f(obj: {object_}, ctx: {context}) -> {returns}"
    return module(chance, number, f"{before}{item} {{ loop {{}} }}")


def mapped(chance: Random, number: int) -> Piece:
    """A map of types that may be in one, or may not."""
    value = chance.choice(
        ["u64", "[u8; 8]", "&'static u8", "*const u8", "fn()", "[&'static u8; 2]", "(u32, u32)"]
    )
    inside, path = reached(chance, "rex::map", chance.choice(["RexHashMap", "RexArrayMap"]))
    array = "Array" in path + inside
    type_ = f"{path}<{value}>" if array else f"{path}<u32, {value}>"
    name = f"p{number}_m"
    item = chance.choice(
        [
            f"#[rex::rex_map] static {name}: {type_} = {path}::new(8, 0);",
            f"type M = {type_}; #[rex::rex_map] static {name}: M = M::new(8, 0);",
            f"use rex::rex_map as kept; #[kept] static {name}: {type_} = {path}::new(8, 0);",
            f"macro_rules! map {{ ($n:ident: $t:ty) => {{ #[rex::rex_map] static $n: $t = "
            f"<$t>::new(8, 0); }}; }} map!({name}: {type_});",
        ]
    )
    return Piece(f"pub mod p{number} {{\n    {inside}\n    {item}\n}}\n")


def locking(chance: Random, number: int) -> Piece:
    """Two locks in a block, the first given back or not."""
    from_, name = chance.choice([("rex::spinlock", "rex_spinlock_guard"), ("super::own", "Lock")])
    inside, path = reached(chance, from_, name)
    between = chance.choice(["", "drop(x);", "let n = 1;"])
    body = chance.choice(
        [
            f"let x = {path}::new(a); {between} let y = {path}::new(b);",
            f"{{ let x = {path}::new(a); }} let y = {path}::new(b);",
            f"let _ = {path}::new(a); let y = {path}::new(b);",
            f"let x = {path}::new(a); {{ let y = {path}::new(b); }}",
        ]
    )
    lock = "&mut rex::spinlock::bpf_spin_lock"
    return Piece(
        f"pub mod p{number} {{\n    {inside}\n    pub fn f(a: {lock}, b: {lock}) {{\n"
        f"        {body}\n    }}\n}}\n"
    )


KINDS: dict[str, Kind] = {
    "leak": Kind("lint", leaking),
    "float_or_simd": Kind("mir", floating),
    "unsafe_code": Kind("lint", unsafe_),
    "std_or_alloc": Kind("refused", hosted),
    "static_mut": Kind("mir", mutable),
    "unstable_feature": Kind("refused", unstable),
    "abort": Kind("refused", aborting),
    "inline_asm": Kind("refused", assembling),
    "reserved_item": Kind("maker", reserved),
    "pointer_as_data": Kind("mir", addressed),
    "helper_not_available": Kind("refused", helped),
    "program_signature": Kind("refused", signed),
    "map_definition": Kind("refused", mapped),
    "one_lock": Kind("mir", locking),
}
"""By the name of the rule that is agreed on."""
