# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The committed index is what the kernel crate says, and other tables agree with it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rex_lsp.kernel import generate
from rex_lsp.kernel.index import KernelIndex, load, system_calls
from rex_lsp.model.program import KINDS, TRACEPOINTS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def fresh() -> dict[Path, str]:
    """What the generator makes of the checkout now."""
    return generate.generated(ROOT, Path("/usr/bin/rustc"), Path("/usr/bin/rustdoc"))


def test_the_committed_files_are_fresh(fresh: dict[Path, str]) -> None:
    for path, text in fresh.items():
        assert (ROOT / path).read_text("utf-8") == text, f"run `{generate.REPAIR}`"


def test_every_public_item_has_words(fresh: dict[Path, str]) -> None:
    items = json.loads(fresh[generate.INDEX])["items"]
    silent = [
        path
        for path, entry in items.items()
        if not entry["doc"] and entry["kind"] != "constant" and not path.startswith("rex::linux")
    ]
    assert silent == []


def test_a_change_of_the_crate_is_noticed(tmp_path: Path) -> None:
    crate = tmp_path / "kernel_crate"
    for part in ("rex", "rex-macros"):
        shutil.copytree(
            ROOT / "kernel_crate" / part, crate / part, ignore=shutil.ignore_patterns("target")
        )
    calls = tmp_path / generate.SYSTEM_CALLS
    calls.parent.mkdir(parents=True)
    calls.write_text('pub const SYSCALLS: &[(u32, &str)] = &[(0, "read"), (1, "brand_new")];')
    source = crate / "rex" / "src" / "xdp.rs"
    source.write_text(source.read_text() + "\n/// New.\npub fn brand_new(x: u32) -> u32 { x }\n")
    made = generate.generated(tmp_path, Path("/usr/bin/rustc"), Path("/usr/bin/rustdoc"))
    assert "fn rex::xdp::brand_new(x: u32) -> u32" in made[generate.PUBLIC_API].splitlines()
    entry = KernelIndex(json.loads(made[generate.INDEX])["items"]).get("rex::xdp::brand_new")
    assert entry is not None
    assert (entry.signature, entry.doc) == ("fn brand_new(x: u32) -> u32", "New.")
    assert '_SYSTEM_CALLS = "brand_new read"' in made[generate.TARGETS]


def test_a_crate_that_does_not_compile_is_said(tmp_path: Path) -> None:
    for part in ("rex", "rex-macros"):
        (tmp_path / "kernel_crate" / part / "src").mkdir(parents=True)
        (tmp_path / "kernel_crate" / part / "src" / "lib.rs").write_text("fn (")
    with pytest.raises(generate.CannotGenerate, match="refuses the crate"):
        generate.generated(tmp_path, Path("/usr/bin/rustc"), Path("/usr/bin/rustdoc"))


def test_the_models_tables_name_what_the_crate_has() -> None:
    index = load()
    contexts = {one.name for one in index.children("rex::tracepoint") if one.name.endswith("Ctx")}
    assert set(TRACEPOINTS) == contexts
    for name, target in TRACEPOINTS.items():
        entry = index.get(f"rex::tracepoint::{name}")
        assert entry is not None
        assert f"`{target}`" in entry.doc
    attributes = {entry.name for entry in index.attributes()}
    assert attributes - {"rex_map"} <= set(KINDS)


def test_the_upstream_interface_is_there() -> None:
    """Names and signatures that upstream extensions use."""
    index = load()
    for path, signature in (
        ("rex::rex_trace_printk", "fn rex_trace_printk(args: fmt::Arguments<'_>) -> Result"),
        ("rex::map::RexHashMap::insert", "fn insert(&'static self, key: &K, value: &V) -> Result"),
        (
            "rex::map::RexArrayMap::get_mut",
            "fn get_mut<'a>(&'static self, key: &'a u32) -> Option<&'a mut V>",
        ),
        ("rex::map::RexRingBufEntry::submit", "fn submit(self, flags: u64)"),
        (
            "rex::kprobe::kprobe::bpf_get_current_task",
            "fn bpf_get_current_task(&self) -> Option<task_struct::TaskStruct>",
        ),
        ("rex::task_struct::TaskStruct::get_pid", "fn get_pid(&self) -> i32"),
        (
            "rex::xdp::xdp::bpf_xdp_adjust_tail",
            "fn bpf_xdp_adjust_tail(&self, ctx: &mut xdp_md<'_>, offset: i32) -> Result",
        ),
    ):
        entry = index.get(path)
        assert entry is not None, path
        assert entry.signature == signature


def test_the_snapshot_of_tracepoints_is_in_order(tmp_path: Path) -> None:
    directory = ROOT / "kernel_crate" / "rex-macros"
    for name in ("tracepoints.py", "tracepoints.txt"):
        shutil.copy(directory / name, tmp_path)
    check = [sys.executable, str(tmp_path / "tracepoints.py"), "--check"]
    assert subprocess.run(check, check=False).returncode == 0
    snapshot = tmp_path / "tracepoints.txt"
    snapshot.write_text(snapshot.read_text().replace("prev_pid:24:4:s4", "prev_pid:20:4:s4"))
    ended = subprocess.run(check, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "prev_pid:20:4:s4 overlaps" in ended.stderr


def test_system_calls_come_from_the_crate() -> None:
    assert {"dup", "openat", "read", "write"} <= set(system_calls())


def test_loading_is_quick() -> None:
    load.cache_clear()
    began = time.perf_counter()
    load()
    assert time.perf_counter() - began < 0.2
