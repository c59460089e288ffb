// SPDX-License-Identifier: GPL-2.0-only
//! Which files below `/proc/self` are opened, and what came of it: a string of the process's
//! memory at the call, and the result at its return.

#![no_std]
#![no_main]

use rex::kprobe::kretprobe;
use rex::map::RexHashMap;
use rex::pt_regs::PtRegs;
use rex::tracepoint::{SyscallsEnterOpenatCtx, tracepoint};
use rex::{Result, rex_kretprobe, rex_map, rex_printk, rex_tracepoint};

#[rex_map]
static PATHS: RexHashMap<u64, [u8; 64]> = RexHashMap::new(256, 0);

#[rex_tracepoint]
fn opens(obj: &tracepoint<SyscallsEnterOpenatCtx>, ctx: &'static SyscallsEnterOpenatCtx) -> Result {
    let mut buf = [0; 64];
    let path = obj.bpf_probe_read_user_str(&mut buf, ctx.filename_ptr as *const ())?;
    if path.to_bytes().starts_with(b"/proc/self/") {
        PATHS.insert(&obj.bpf_get_current_pid_tgid(), &buf)?;
    }
    Ok(0)
}

#[rex_kretprobe(function = "__x64_sys_openat")]
fn opened(obj: &kretprobe, ctx: &mut PtRegs) -> Result {
    let thread = obj.bpf_get_current_pid_tgid();
    let Some(path) = PATHS.get_mut(&thread) else {
        return Ok(0);
    };
    let path = *path;
    PATHS.delete(&thread)?;
    let path = core::ffi::CStr::from_bytes_until_nul(&path).unwrap_or_default();
    let mut buf = [0; 16];
    let name = obj.bpf_get_current_comm(&mut buf)?;
    rex_printk!("{:?} opens {:?}: {}\n", name, path, ctx.ret() as i64)
}
