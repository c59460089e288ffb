# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Programs and maps as the model finds them."""

from __future__ import annotations

import pytest

from rex_lsp.model.crate import Crate, CrateConfig
from rex_lsp.syntax.changes import Change
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Encoding, Position, Range
from tests.model.test_resolver import ROOT, crate

MAIN = ROOT / "main.rs"


def programs(model: Crate) -> list[tuple[str, str, str, str]]:
    return [(p.name, p.kind, p.attach, p.item) for p in model.programs(MAIN)]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ('#[rex_kprobe(function = "vfs_read")] fn f() {}', ("f", "kprobe", "vfs_read", "f")),
        ("#[rex_kprobe] fn f() {}", ("f", "kprobe", "", "f")),
        ('#[rex_uprobe(function = "x")] fn f() {}', ("f", "uprobe", "x", "f")),
        ("#[rex_xdp] fn f() {}", ("f", "xdp", "", "f")),
        ("#[rex_tc] fn f() {}", ("f", "tc", "", "f")),
        ("#[rex_perf_event] fn f() {}", ("f", "perf_event", "", "f")),
        (
            "#[rex_tracepoint] fn f(a: &A, b: &'static SyscallsEnterDupCtx) {}",
            ("f", "tracepoint", "syscalls/sys_enter_dup", "f"),
        ),
        (
            "#[rex_tracepoint] fn f(a: &A, b: &rex::tracepoint::RawSyscallsExitCtx) {}",
            ("f", "tracepoint", "raw_syscalls/sys_exit", "f"),
        ),
        ("#[rex_tracepoint] fn f(a: &A, b: &Other) {}", ("f", "tracepoint", "", "f")),
        (
            "use rex::tracepoint::SyscallsEnterDupCtx as Dup; "
            "#[rex_tracepoint] fn f(a: &A, b: &'static Dup) {}",
            ("f", "tracepoint", "syscalls/sys_enter_dup", "f"),
        ),
        (
            'rex::tracepoint_context! { /// Docs: "x/y"\n pub struct Switch: "sched/sched_switch" '
            '{ prev_pid } struct Exec: "sched/sched_process_exec" { .. } } '
            "mod a { #[rex::rex_tracepoint] fn f(a: &A, b: &'static super::Exec) {} }",
            ("f", "tracepoint", "sched/sched_process_exec", "a::f"),
        ),
        (
            'mine::other! { struct Switch: "sched/sched_switch" {} } '
            "#[rex_tracepoint] fn f(a: &A, b: &'static Switch) {}",
            ("f", "tracepoint", "", "f"),
        ),
        ("mod a { #[rex::rex_xdp] fn f() {} }", ("f", "xdp", "", "a::f")),
        ("use rex::rex_xdp as net; #[net] pub fn f() {}", ("f", "xdp", "", "f")),
        ("#[inline] #[rex_xdp] #[cold] fn f() {}", ("f", "xdp", "", "f")),
        ("#[cfg_attr(not(test), rex_xdp)] fn f() {}", ("f", "xdp", "", "f")),
    ],
)
def test_a_program_is_found(text: str, want: tuple[str, str, str, str]) -> None:
    model, _ = crate(text)
    assert programs(model) == [want]


@pytest.mark.parametrize(
    "text",
    [
        "fn f() {}",
        "use mine::rex_xdp; #[rex_xdp] fn f() {}",
        "#[mine::rex_xdp] fn f() {}",
        "#[cfg(test)] #[rex_xdp] fn f() {}",
        "#[cfg(test)] mod m { #[rex_xdp] fn f() {} }",
        "#[cfg_attr(test, rex_xdp)] fn f() {}",
        "// #[rex_xdp]\nfn f() {}",
        "#[rex_spinlock] fn f() {}",
    ],
)
def test_what_is_no_program(text: str) -> None:
    model, _ = crate(text)
    assert programs(model) == []


def test_places_are_those_of_the_current_text() -> None:
    text = "#[rex_xdp]\nfn f() {}\n"
    model, _ = crate(text)
    document = Document(text)
    model.update(MAIN, document)
    start = Position(0, 0)
    document.apply([Change(Range(start, start), "// é\n" * 9)], Encoding.UTF16)
    model.update(MAIN, document)
    (program,) = model.programs(MAIN)
    data = document.data
    assert data[program.span.start : program.span.end] == b"fn f() {}"
    assert data[program.name_span.start : program.name_span.end] == b"f"
    assert data[program.attribute.span.start : program.attribute.span.end] == b"#[rex_xdp]"


def test_a_changed_import_makes_and_unmakes_a_program() -> None:
    text = "use rex::rex_xdp as net;\n#[net]\nfn f() {}\n"
    model, _ = crate(text)
    document = Document(text)
    model.update(MAIN, document)
    assert len(model.programs(MAIN)) == 1
    place = Range(Position(0, 4), Position(0, 7))
    document.apply([Change(place, "mine")], Encoding.UTF16)
    model.update(MAIN, document)
    assert model.programs(MAIN) == []


def test_maps() -> None:
    model, _ = crate(
        "use rex::map::*; use rex::rex_map;\n"
        "#[rex_map]\nstatic counts: RexHashMap<u32, [u64; 2]> = RexHashMap::new(16, 0);\n"
        "#[rex_map]\nstatic ring: rex::map::RexRingBuf = RexRingBuf::new(4096, 0);\n"
        "static plain: u8 = 1;\n"
    )
    assert [(m.name, m.kind, m.arguments) for m in model.maps(MAIN)] == [
        ("counts", "RexHashMap", ("u32", "[u64; 2]")),
        ("ring", "RexRingBuf", ()),
    ]


def test_a_library_has_programs_too_for_who_asks() -> None:
    model, _ = crate("#[rex_xdp] fn f() {}", CrateConfig(program_rules=False))
    assert len(model.programs(MAIN)) == 1
