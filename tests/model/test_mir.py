# SPDX-License-Identifier: Apache-2.0 OR MIT
"""MIR text, as rustc 1.96 writes it."""

from __future__ import annotations

from rex_lsp.model.mir import Place, read_mir, split_types

TEXT = """\
// WARNING: This output format is intended for human consumers only
fn tools::<impl at src/main.rs:3:20: 3:35>::keep(_1: &mut Map<u32, (u8, f64)>, _2: G) -> () {
    debug self => _1;                    // in scope 0 at src/main.rs:6:5: 6:9
    let mut _0: ();                      // return place in scope 0 at src/main.rs:6:11: 6:11
    let _3: core::mem::MaybeUninit<G>;   // in scope 0 at src/main.rs:6:18: 6:19
    scope 1 {
        debug x => _3;                   // in scope 1 at src/main.rs:6:18: 6:19
    }

    bb0: {
        StorageLive(_3);                 // scope 0 at src/main.rs:6:18: 6:19
        _3 = core::mem::MaybeUninit::<G>::new(move _2) -> [return: bb1, unwind unreachable]; \
// scope 0 at src/main.rs:6:22: 6:55 (#12)
                                         // mir::ConstOperand
                                         // + span: src/main.rs:6:22: 6:49
                                         // + user_ty: UserType(0)
                                         // + const_: Const { ty: fn(G) -> core::mem::MaybeUninit\
<G> {core::mem::MaybeUninit::<G>::new}, val: Value(core::mem::MaybeUninit::<G>::new) }
    }

    bb1: {
        return;                          // scope 0 at src/main.rs:6:85: 7:2
    }
}

// MIR FOR CTFE
fn G(_1: u32) -> G {
    let mut _0: f32;                     // return place in scope 0 at src/main.rs:1:1: 1:2
}
static mut COUNT: u8 = {
    let mut _0: u8;                      // return place in scope 0 at src/main.rs:20:49: 20:51
}
"""


def test_bodies_types_places_and_constants() -> None:
    function, static = read_mir(TEXT)
    assert function.name == "tools::<impl at src/main.rs:3:20: 3:35>::keep"
    assert function.locals[1].type == "&mut Map<u32, (u8, f64)>"
    assert function.locals[1].place == Place("src/main.rs", 6, 5, 6, 9)
    assert (function.locals[2].type, function.locals[2].place) == ("G", None)
    assert function.locals[3].type == "core::mem::MaybeUninit<G>"
    assert function.blocks[0].successors == [1]
    assert function.blocks[1].successors == []
    (constant,) = function.constants()
    assert constant.value == "core::mem::MaybeUninit::<G>::new"
    assert constant.place == Place("src/main.rs", 6, 22, 6, 49)
    assert function.blocks[0].statements[1].place.end_column == 55
    assert (static.kind, static.name) == ("static mut", "COUNT")


def test_lists_of_types() -> None:
    assert split_types("A<B, C>, (D, E), fn(F) -> G, &[H; 2]") == [
        "A<B, C>",
        "(D, E)",
        "fn(F) -> G",
        "&[H; 2]",
    ]
    assert split_types("") == []


def test_what_is_no_mir_is_nothing() -> None:
    assert read_mir("") == []
    assert read_mir("fn f() {\n        nonsense\n  }\n)")[0].blocks == {}
