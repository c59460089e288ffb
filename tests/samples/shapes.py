# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Extensions in the shape of upstream's that no sample has, because nothing drives them.

Each is the text of `src/main.rs`; the rest of the package is as upstream lays it out.
"""

from __future__ import annotations

from pathlib import Path

MANIFEST = """\
[package]
name = "{name}"
version = "0.1.0"
edition = "2024"

[dependencies.rex]
path = "../../rex"

[profile.dev]
panic = "abort"
debug = false

[profile.release]
panic = "abort"
debug = false
lto = true

[lints.rust]
incomplete_features = "forbid"
internal_features = "forbid"
unsafe_code = "forbid"
unstable_features = "forbid"

[lints.clippy]
disallowed_methods = "forbid"
disallowed_types = "forbid"
"""

CARGO_CONFIG = """\
[build]
target = "x86_64-unknown-none"

[target.x86_64-unknown-none]
linker = "ld.mold"
rustflags = [
    "-Zthreads=8",
    "-Cforce-frame-pointers=y",
    "-Csymbol-mangling-version=v0",
    "-Ccodegen-units=1",
    "-Crelocation-model=pie",
    "-Crelro-level=full",
]

[unstable]
build-std = ["core"]
"""

CLIPPY = """\
disallowed-methods = ["core::mem::forget"]
disallowed-types = ["core::mem::ManuallyDrop"]
"""

_CRATE = "#![no_std]\n#![no_main]\n#![allow(non_upper_case_globals)]\n\n"

SHAPES = {
    # A function of a module that only a kernel of one's own has.
    "target_func": _CRATE
    + """\
extern crate rex;

use core::sync::atomic::{AtomicU64, Ordering};

use rex::kprobe::kprobe;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_printk};

static ATOM: AtomicU64 = AtomicU64::new(42);

#[rex_kprobe(function = "kprobe_target_func")]
fn rex_prog1(obj: &kprobe, _: &mut PtRegs) -> Result {
    let random = obj.bpf_get_prandom_u32() as u64;
    let start = obj.bpf_ktime_get_ns();
    ATOM.store(random, Ordering::Relaxed);
    let end = obj.bpf_ktime_get_ns();
    rex_printk!("Time elapsed: {} {}", end - start, ATOM.load(Ordering::Relaxed))
}
""",
    # Arguments in registers, one of them an address in the kernel.
    "seccomp_filter": _CRATE
    + """\
extern crate rex;

use rex::kprobe::kprobe;
use rex::linux::seccomp::seccomp_data;
use rex::linux::unistd::*;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_printk};

fn write_tail(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    let mut sd = seccomp_data { nr: 0, arch: 0, instruction_pointer: 0, args: [0; 6] };
    obj.bpf_probe_read_kernel(&mut sd, ctx.rsi() as *const ())?;
    if sd.args[2] == 512 {
        rex_printk!("write(fd={}, buf={:#x}, size={})\\n", sd.args[0], sd.args[1], sd.args[2])?;
    }
    Ok(0)
}

#[rex_kprobe(function = "__seccomp_filter")]
pub fn rex_prog1(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    match ctx.rdi() as u32 {
        __NR_write => write_tail(obj, ctx),
        __NR_mmap => rex_printk!("mmap\\n"),
        __NR_getuid..=__NR_getsid => {
            rex_printk!("syscall={} (one of get/set uid/pid/gid)\\n", ctx.rdi())
        }
        _ => Ok(0),
    }
}
""",
    # The function is named by whoever attaches it.
    "unnamed_target": _CRATE
    + """\
use rex::kprobe::kprobe;
use rex::map::RexHashMap;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_map};

#[rex_map]
static pid_to_errno: RexHashMap<i32, u64> = RexHashMap::new(1, 0);

#[rex_kprobe]
pub fn err_injector(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    obj.bpf_get_current_task()
        .map(|t| t.get_pid())
        .and_then(|p| obj.bpf_map_lookup_elem(&pid_to_errno, &p).cloned())
        .map(|e| obj.bpf_override_return(ctx, e))
        .ok_or(0)
}
""",
}


def write_shape(name: str, directory: Path) -> None:
    """Writes the package with everything that stands in an upstream one."""
    files = {
        "Cargo.toml": MANIFEST.format(name=name),
        "clippy.toml": CLIPPY,
        "rustfmt.toml": 'max_width = 80\nstyle_edition = "2024"\n',
        ".cargo/config.toml": CARGO_CONFIG,
        "src/main.rs": SHAPES[name],
    }
    for relative, text in files.items():
        path = directory / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
