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
    # All of these modules at once, `Result` from one of them, both directions in one crate.
    "globs_of_packets": _CRATE
    + """\
extern crate rex;

use rex::map::*;
use rex::sched_cls::*;
use rex::spinlock::*;
use rex::utils::*;
use rex::xdp::*;
use rex::linux::bpf::bpf_spin_lock;
use rex::{read_field, rex_map, rex_printk, rex_tc, rex_xdp};

#[derive(Clone, Copy)]
#[repr(C)]
struct Entry {
    lock: bpf_spin_lock,
    seen: u64,
}

#[rex_map]
static entries: RexArrayMap<Entry> = RexArrayMap::new(4, 0);

#[rex_xdp]
fn rx(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let iphdr = obj.ip_header(ctx);
    let protocol = u8::from_be(iphdr.protocol) as u32;
    drop(iphdr);
    if protocol != IPPROTO_UDP {
        return Ok(XDP_PASS as i32);
    }
    let port: u16 = read_field!(ctx.data_slice, 34, udphdr, dest, u16);
    if u16::from_be(port) == 11211 {
        let header: &mut ethhdr = &mut obj.eth_header(ctx);
        (header.h_dest, header.h_source) = (header.h_source, header.h_dest);
    }
    let mut ip_header_mut = obj.ip_header(ctx);
    *ip_header_mut.saddr() = 1;
    ip_header_mut.check = compute_ip_checksum(&mut ip_header_mut);
    drop(ip_header_mut);
    let entry = obj.bpf_map_lookup_elem(&entries, &0).ok_or(0)?;
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    entry.seen += 1;
    Ok(XDP_TX as i32)
}

mod outgoing {
    use rex::rex_tc;
    use rex::sched_cls::{__sk_buff, TC_ACT_OK, sched_cls};

    #[rex_tc]
    pub fn tx(_: &sched_cls, _: &mut __sk_buff) -> Result<u32, u32> {
        Ok(TC_ACT_OK)
    }
}

#[rex_tc]
fn other(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    rex_printk!("{} {}", skb.len(), u16::from_be(obj.eth_header(skb).h_proto))?;
    Ok(TC_ACT_OK as i32)
}
""",
    # The same count for several contexts, a map by another name, globs that must not clash.
    "globs_of_events": _CRATE
    + """\
use rex::linux::bpf::*;
use rex::map::*;
use rex::perf_event::*;
use rex::tracepoint::*;
use rex::utils::convert_slice_to_struct_mut;
use rex::{Result, rex_map, rex_perf_event, rex_printk, rex_tracepoint};

type Counts = RexArrayMap<u32>;

#[rex_map]
static opened: Counts = RexArrayMap::new(1, 0);

#[rex_map]
static closed: Counts = RexArrayMap::new(1, 0);

#[rex_map]
static records: RexRingBuf = RexRingBuf::new(4096, 0);

fn count<C: TracepointContext>(obj: &tracepoint<C>, map: &'static Counts) -> Result {
    match obj.bpf_map_lookup_elem(map, &0) {
        None => obj.bpf_map_update_elem(map, &0, &1, BPF_NOEXIST.into()),
        Some(value) => {
            *value += 1;
            Ok(0)
        }
    }
}

#[rex_tracepoint]
fn enter_openat(
    obj: &tracepoint<SyscallsEnterOpenatCtx>,
    _: &'static SyscallsEnterOpenatCtx,
) -> Result {
    count(obj, &opened)
}

#[rex_tracepoint]
fn exit_openat(
    obj: &tracepoint<SyscallsExitOpenatCtx>,
    _: &'static SyscallsExitOpenatCtx,
) -> Result {
    let mut entry = records.reserve(8).ok_or(0)?;
    *convert_slice_to_struct_mut::<i64>(&mut entry) = 5;
    entry.submit(0);
    count(obj, &closed)
}

#[rex_perf_event]
fn sampled(obj: &perf_event, ctx: &bpf_perf_event_data) -> Result {
    let task = obj.bpf_get_current_task().ok_or(0)?;
    let name = task.get_comm().unwrap_or_default();
    let mut value = bpf_perf_event_value { counter: 0, enabled: 0, running: 0 };
    obj.bpf_perf_prog_read_value(ctx, &mut value)?;
    rex_printk!("{} {} {}", name.count_bytes(), value.counter, ctx.regs().rip())
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
