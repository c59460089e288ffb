# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Completion, hover and signature help, from one source file and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .projects import CLEAN
from .raw import Raw

HEAD = """\
#![no_std]
#![no_main]
use rex::kprobe::*;
use rex::map::*;
use rex::pt_regs::PtRegs;
use rex::tracepoint::*;
use rex::xdp::*;
use rex::{Result, rex_kprobe, rex_map, rex_printk, rex_tracepoint, rex_xdp};

#[rex_map]
static RING: RexRingBuf = RexRingBuf::new(4096, 0);

#[rex_xdp]
fn packets(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let tcp = obj.tcp_header(ctx);
    <X>
    Ok(XDP_PASS as i32)
}

#[rex_tracepoint]
fn dups(obj: &tracepoint<SyscallsEnterDupCtx>, ctx: &'static SyscallsEnterDupCtx) -> Result {
    let Some(task) = obj.bpf_get_current_task() else { return Ok(0) };
    <T>
    Ok(0)
}
"""


class Editor:
    """A file with a cursor, in a directory without a Cargo.toml."""

    def __init__(self, server: Raw, path: Path) -> None:
        self.server = server
        self.path = path
        self.version = 0

    async def ask(self, method: str, text: str) -> Any:
        """Ask at the place of ``^`` in the text."""
        lines = text.split("\n")
        line = next(n for n, one in enumerate(lines) if "^" in one)
        character = lines[line].index("^")
        text = text.replace("^", "", 1)
        self.version += 1
        if self.version == 1:
            self.server.open(self.path, text)
        else:
            self.server.replace(self.path.as_uri(), self.version, text)
        return await self.server.request(
            f"textDocument/{method}",
            {
                "textDocument": {"uri": self.path.as_uri()},
                "position": {"line": line, "character": character},
            },
        )

    async def labels(self, text: str) -> list[str]:
        """The labels of completion at ``^``."""
        answer = await self.ask("completion", text)
        return [] if answer is None else [item["label"] for item in answer["items"]]


@pytest.fixture
async def editor(server: Raw, tmp_path: Path) -> Editor:
    path = tmp_path / "ext.rs"
    path.write_text(CLEAN)
    await server.initialize(None)
    return Editor(server, path)


def in_(mark: str, text: str) -> str:
    filled = HEAD.replace(f"<{mark}>", text)
    return filled.replace("<X>", "").replace("<T>", "")


async def test_paths_into_the_crate(editor: Editor) -> None:
    assert {"map", "kprobe", "xdp", "rex_printk!", "Result"} <= set(
        await editor.labels(HEAD.replace("<X>", "").replace("<T>", "rex::^"))
    )
    assert await editor.labels(in_("T", "rex::map::RexHa^")) == ["RexHashMap"]
    assert "insert" in await editor.labels(in_("T", "RexHashMap::^"))


async def test_use_trees(editor: Editor) -> None:
    assert await editor.labels("use rex::{kprobe::*, map::{RexSta^") == [
        "RexStack",
        "RexStackTrace",
    ]
    assert "SyscallsEnterDupCtx" in await editor.labels("use rex::tracepoint::{self, ^}")


async def test_a_renamed_import_is_followed(editor: Editor) -> None:
    text = "use rex::map as tables;\nstatic A: tables::RexQ^"
    assert await editor.labels(text) == ["RexQueue"]


async def test_a_module_of_ones_own_is_not_the_crates(editor: Editor) -> None:
    text = "use rex::rex_map;\nmod map { pub struct X; }\nfn f() { map::^ }"
    assert await editor.labels(text) == []


async def test_methods_of_the_program_object_by_its_type(editor: Editor) -> None:
    tracepoint = await editor.labels(in_("T", "obj.^"))
    assert "bpf_get_current_task" in tracepoint
    assert "bpf_xdp_adjust_tail" not in tracepoint
    xdp = await editor.labels(in_("X", "obj.^"))
    assert {"bpf_xdp_adjust_tail", "tcp_header", "bpf_ktime_get_ns"} <= set(xdp)
    assert "bpf_get_current_task" not in xdp
    assert {"bpf_redirect", "bpf_xdp_adjust_head", "try_ip_header"} <= set(xdp)
    assert not {"bpf_redirect", "bpf_csum_diff"} & set(tracepoint)
    # What only XDP programs have is not what only TC programs have.
    assert not {"bpf_clone_redirect", "bpf_skb_load_bytes"} & set(xdp)
    # What only packet programs have comes first.
    assert xdp.index("bpf_ktime_get_ns") > -1


async def test_fields_of_contexts_and_headers(editor: Editor) -> None:
    assert await editor.labels(in_("T", "ctx.^")) == ["fildes", "syscall_nr"]
    assert {"source", "dest", "seq"} <= set(await editor.labels(in_("X", "tcp.^")))
    context = await editor.labels(in_("X", "ctx.^"))
    assert {"data_slice", "load", "metadata_mut"} <= set(context)
    assert {"transport", "header_at"} <= set(await editor.labels(in_("X", "ctx.data_slice.^")))
    assert "src_addr" in await editor.labels(in_("X", "obj.try_ip_header(ctx)?.^"))


async def test_values_that_helpers_return(editor: Editor) -> None:
    assert "get_pid" in await editor.labels(in_("T", "task.^"))
    assert "get_pid" in await editor.labels(in_("T", "obj.bpf_get_current_task()?.^"))
    assert "reserve" in await editor.labels(in_("T", "RING.^"))
    assert "submit" in await editor.labels(in_("T", "RING.reserve(8)?.^"))


async def test_attributes_and_attach_targets(editor: Editor) -> None:
    labels = await editor.labels(CLEAN + "\n#[rex_k^]\nfn x() {}")
    assert "rex_kprobe" in labels
    assert await editor.labels(CLEAN + "\n#[rex_kprobe(^)]\nfn x() {}") == ["function"]
    targets = await editor.labels(CLEAN + '\n#[rex_kprobe(function = "__x64_sys_du^")]\nfn x() {}')
    assert targets == ["__x64_sys_dup", "__x64_sys_dup2", "__x64_sys_dup3"]


async def test_nothing_in_strings_comments_and_numbers(editor: Editor) -> None:
    for text in ('let s = "rex::^', "// rex::^", "/* obj.^", "let x = 1.^"):
        assert await editor.labels(in_("T", text)) == [], text


async def test_documentation_comes_with_resolve(editor: Editor) -> None:
    answer = await editor.ask("completion", in_("T", "obj.bpf_ktime_get_n^"))
    assert answer is not None
    (item,) = answer["items"]
    assert "documentation" not in item
    resolved = await editor.server.request("completionItem/resolve", item)
    assert "nanoseconds" in resolved["documentation"]["value"]
    assert resolved["label"] == item["label"]


async def test_hover_tells_signature_and_documentation(editor: Editor) -> None:
    answer = await editor.ask("hover", in_("T", "obj.bpf_get_smp_proc^essor_id();"))
    assert answer is not None
    assert "fn bpf_get_smp_processor_id(&self) -> i32" in answer["contents"]["value"]
    assert "CPU" in answer["contents"]["value"]
    answer = await editor.ask("hover", in_("T", "let a: RexHash^Map<u32, u32>;"))
    assert answer is not None
    assert "RexHashMap" in answer["contents"]["value"]
    answer = await editor.ask("hover", in_("T", "").replace("fn dups", "fn du^ps"))
    assert answer is not None
    assert "syscalls/sys_enter_dup" in answer["contents"]["value"]
    answer = await editor.ask("hover", in_("T", "").replace("#[rex_trace", "#[rex_tr^ace"))
    assert answer is not None
    assert "tracepoint" in answer["contents"]["value"]
    assert await editor.ask("hover", in_("T", "let lo^cal = 1;")) is None


async def test_signature_help_follows_the_argument(editor: Editor) -> None:
    for text, active in (
        ("RING.output(^", 0),
        ("RING.output(&[1, 2], ^", 1),
        ("RING.output(f(1, 2, 3), ^", 1),
    ):
        answer = await editor.ask("signatureHelp", in_("T", text))
        assert answer is not None, text
        assert answer["activeParameter"] == active
        (signature,) = answer["signatures"]
        assert signature["label"].startswith("fn output(")
        assert [p["label"] for p in signature["parameters"]] == ["data: &[u8]", "flags: u64"]
        assert all(p["label"] in signature["label"] for p in signature["parameters"])
    assert await editor.ask("signatureHelp", in_("T", "local(^")) is None


async def test_document_symbols_are_programs_and_maps(editor: Editor) -> None:
    answer = await editor.ask("documentSymbol", in_("T", "^"))
    assert [(one["name"], one["detail"]) for one in answer or ()] == [
        ("RING", "RexRingBuf"),
        ("packets", "xdp"),
        ("dups", "tracepoint syscalls/sys_enter_dup"),
    ]
