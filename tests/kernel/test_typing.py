# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Types of expressions, as far as signatures tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rex_lsp.kernel.index import load
from rex_lsp.kernel.typing import Scope, split

MODULES = ("tracepoint", "kprobe", "xdp", "map", "task_struct", "utils", "pt_regs")
MAPS = {"COUNTS": "RexHashMap<u32, u64>", "RING": "RexRingBuf"}
FUNCTION = """
fn program(obj: &tracepoint<SyscallsEnterDupCtx>, ctx: &'static SyscallsEnterDupCtx) -> Result {
    let Some(task) = obj.bpf_get_current_task() else { return Ok(0) };
    let again = task;
    let annotated: &mut PtRegs = f();
    let owned = OwnedTaskStruct::from_pid(3)?;
    let cpu = obj.bpf_get_smp_processor_id();
    let tcp = packets.tcp_header(ctx);
    """


def resolve(written: str) -> str | None:
    index = load()
    if index.get(written) is not None:
        return written
    for module in MODULES:
        if index.get(f"rex::{module}::{written}") is not None:
            return f"rex::{module}::{written}"
    return None


def scope(text: str = FUNCTION) -> Scope:
    return Scope(load(), text, resolve, MAPS.get)


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ("obj", "rex::tracepoint::tracepoint"),
        ("ctx", "rex::tracepoint::SyscallsEnterDupCtx"),
        ("task", "rex::task_struct::TaskStruct"),
        ("annotated", "rex::pt_regs::PtRegs"),
        ("owned", "rex::task_struct::OwnedTaskStruct"),
        ("COUNTS", "rex::map::RexHashMap"),
        ("&RING", "rex::map::RexRingBuf"),
        ("RING.reserve(8)?", "rex::map::RexRingBufEntry"),
        ("obj.bpf_get_current_task().unwrap()", "rex::task_struct::TaskStruct"),
        ("(obj)", "rex::tracepoint::tracepoint"),
        ("cpu", None),
        ("nobody", None),
        ("obj.no_such()", None),
        ("1 + 2", None),
    ],
)
def test_types(expression: str, path: str | None) -> None:
    found = scope().type_of(expression)
    assert (None if found is None else found.path) == path


def test_members_reach_through_deref() -> None:
    names = {one.name for one in scope().members(scope().named("OwnedTaskStruct"))}
    assert "get_pid" in names
    text = FUNCTION.replace("packets", "p").replace("(obj:", "(p: &xdp, obj:")
    header = scope(text).type_of("tcp")
    assert header is not None
    assert {"source", "dest"} <= {one.name for one in scope(text).members(header)}


def test_a_binding_that_names_itself_ends() -> None:
    assert scope("fn f() { let a = a.b(); let a = a; ").type_of("a") is None


def test_map_values_keep_the_types_of_the_declaration() -> None:
    found = scope().type_of("COUNTS.get_mut(&1)?")
    assert found is not None
    assert found.text == "&'a mut u64"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a, b", ["a", "b"]),
        ("HashMap<u32, Vec<u8>>, b", ["HashMap<u32, Vec<u8>>", "b"]),
        ("f: fn(a, b) -> c, d", ["f: fn(a, b) -> c", "d"]),
        ("", []),
    ],
)
def test_lists_split_at_their_outer_commas(text: str, parts: list[str]) -> None:
    assert split(text) == parts


@given(
    st.text(alphabet="ab.:(){}[]<>?,;=& \nobjlet1", max_size=80), st.text("obj.()?a", max_size=12)
)
def test_any_text_is_survived(text: str, expression: str) -> None:
    found = scope("fn f(obj: &xdp) { " + text).type_of(expression)
    assert found is None or isinstance(found.text, str)
