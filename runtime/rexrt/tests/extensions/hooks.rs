// SPDX-License-Identifier: GPL-2.0-only
//! Programs that say what they see at each kind of hook.

#![no_std]
#![no_main]

use rex::kprobe::{kprobe, kretprobe};
use rex::linux::bpf::BPF_NOEXIST;
use rex::map::{RexArrayMap, RexHashMap, RexStackTrace};
use rex::linux::bpf::bpf_perf_event_value;
use rex::perf_event::{bpf_perf_event_data, perf_event};
use rex::pt_regs::PtRegs;
use rex::tracepoint::{
    RawSyscallsExitCtx, SyscallsEnterDupCtx, SyscallsExitOpenatCtx, tracepoint,
};
use rex::xdp::{XDP_DROP, XDP_PASS, XDP_TX, xdp, xdp_md};
use rex::{
    Result, rex_kprobe, rex_kretprobe, rex_map, rex_perf_event, rex_printk, rex_tracepoint,
    rex_uprobe, rex_uretprobe, rex_xdp,
};

rex::tracepoint_context! {
    /// A task gets a CPU.
    pub struct SchedSwitch: "sched/sched_switch" { prev_comm, next_pid, prev_state }
    /// A program is started.
    struct Exec: "sched/sched_process_exec" { .. }
}

#[rex_map]
static DESCRIPTORS: RexHashMap<i32, u64> = RexHashMap::new(64, 0);
#[rex_map]
static PACKETS: RexArrayMap<u64> = RexArrayMap::new(4, 0);
#[rex_map]
static STACKS: RexStackTrace<u32, [u64; 127]> = RexStackTrace::new(4, 0);

#[rex_tracepoint]
fn enters(obj: &tracepoint<SyscallsEnterDupCtx>, ctx: &'static SyscallsEnterDupCtx) -> Result {
    let task = obj.bpf_get_current_task().ok_or(1)?;
    let regs = task.get_pt_regs();
    let name = task.get_comm().map_err(|_| 2)?.to_str().map_err(|_| 3)?;
    let _ = DESCRIPTORS.insert(&task.get_tgid(), &ctx.fildes);
    let again = obj.bpf_map_update_elem(&DESCRIPTORS, &task.get_tgid(), &0, BPF_NOEXIST.into());
    rex_printk!(
        "enter {} fd {} {} by {}: {} {:?}\n",
        ctx.syscall_nr,
        ctx.fildes,
        regs.rdi(),
        name,
        task.get_pid() != task.get_tgid(),
        again
    )
}

#[rex_tracepoint]
fn exits(_obj: &tracepoint<SyscallsExitOpenatCtx>, ctx: &'static SyscallsExitOpenatCtx) -> Result {
    if ctx.ret == -2 {
        rex_printk!("openat gave {}\n", ctx.ret)?;
    }
    Ok(0)
}

#[rex_tracepoint]
fn every(_obj: &tracepoint<RawSyscallsExitCtx>, ctx: &'static RawSyscallsExitCtx) -> Result {
    if ctx.id == 32 {
        rex_printk!("raw exit of {}: {}\n", ctx.id, ctx.ret)?;
    }
    Ok(0)
}

#[rex_kprobe(function = "__x64_sys_dup")]
fn injects(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    let task = obj.bpf_get_current_task().ok_or(1)?;
    if task.get_pt_regs().rdi() == 77 {
        obj.bpf_override_return(ctx, 5u64.wrapping_neg());
    }
    Ok(0)
}

#[rex_kprobe(function = "__do_sys_dup")]
fn sees_arguments(_obj: &kprobe, ctx: &mut PtRegs) -> Result {
    rex_printk!("dup of {}\n", ctx.rdi())
}

#[rex_tracepoint]
fn switches(_obj: &tracepoint<SchedSwitch>, ctx: &'static SchedSwitch) -> Result {
    let name = core::ffi::CStr::from_bytes_until_nul(&ctx.prev_comm).unwrap_or_default();
    rex_printk!("{} in state {} to {}\n", name.to_str().map_err(|_| 1)?, ctx.prev_state, ctx.next_pid)
}

mod inner {
    pub(super) use super::Exec as Started;
}

#[rex_tracepoint]
fn starts(_obj: &tracepoint<inner::Started>, ctx: &'static inner::Started) -> Result {
    let file = ctx.filename();
    rex_printk!("{} starts {} ({})\n", ctx.pid, file.to_str().map_err(|_| 1)?, ctx.old_pid)
}

/// Descriptors of one's own: the record, more than it, its header, and where there is none.
#[rex_tracepoint]
fn reaches(_obj: &tracepoint<Exec>, _ctx: &'static Exec) -> Result {
    let length = |offset: u32, length: u32| rex::__private::record_data(length << 16 | offset).len();
    rex_printk!(
        "{} {} {} {} {} {}\n",
        length(8, 24), length(8, 25), length(0, 8), length(7, 1), length(0xffff, 1), length(32, 0)
    )
}

#[rex_kprobe(function = "__x64_sys_dup")]
fn reaches_elsewhere(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    rex_printk!("{}\n", rex::__private::record_data(8 << 16 | 8).len())
}

#[rex_kretprobe(function = "__x64_sys_dup")]
fn returns(_obj: &kretprobe, ctx: &mut PtRegs) -> Result {
    rex_printk!("dup returns {}\n", ctx.ret() as i64)
}

#[rex_uprobe(function = "libc.so.6:getenv")]
fn asks(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    let mut buf = [0; 32];
    let name = obj.bpf_probe_read_user_str(&mut buf, ctx.rdi() as *const ())?;
    if name.to_bytes().starts_with(b"REX_") {
        rex_printk!("getenv {:?}\n", name)?;
    }
    Ok(0)
}

#[rex_uretprobe(function = "libc.so.6:atoi")]
fn converts(_obj: &kretprobe, ctx: &mut PtRegs) -> Result {
    rex_printk!("atoi gives {}\n", ctx.ret() as i32)
}

#[rex_kprobe(function = "__x64_sys_openat")]
fn looks(obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let task = obj.bpf_get_current_task().ok_or(1)?;
    let user = task.get_pt_regs();
    let mut buf = [0; 32];
    let path = obj.bpf_probe_read_user_str(&mut buf, user.rsi() as *const ())?;
    if !path.to_bytes().starts_with(b"/does/not") {
        return Ok(0);
    }
    let mut word = 0u32;
    obj.bpf_probe_read_user(&mut word, user.rsi() as *const ())?;
    let bad = obj.bpf_probe_read_user(&mut word, 8 as *const ());
    let mut small = [0; 4];
    let cut = obj.bpf_probe_read_user_str(&mut small, user.rsi() as *const ())?;
    let mut name = [0; 16];
    let name = obj.bpf_get_current_comm(&mut name)?;
    let ids = obj.bpf_get_current_pid_tgid();
    rex_printk!(
        "opens {:?} {:?} {:?} {} by {:?} {} {:x}\n",
        path, cut, bad, word, name,
        ids == ((task.get_tgid() as u64) << 32 | task.get_pid() as u64),
        obj.bpf_get_current_uid_gid()
    )?;
    obj.bpf_send_signal(10)?;
    Ok(0)
}

#[rex_kprobe(function = "__x64_sys_getuid")]
fn follows(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    let task = obj.bpf_get_current_task().ok_or(1)?;
    let mut number = 0u64;
    // `orig_rax` of the user's registers, to which the first argument points.
    let at = ctx.rdi() + 15 * 8;
    obj.bpf_probe_read_kernel(&mut number, at as *const ())?;
    let mut nothing = 7u64;
    let bad = obj.bpf_probe_read_kernel(&mut nothing, 8 as *const ());
    rex_printk!("getuid {} {:?} {} {}\n", number, bad, nothing, task.get_pt_regs().orig_rax())
}

#[rex_xdp]
fn filters(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let length = ctx.data_length() as i32;
    let first = ctx.data_slice[0];
    if let Some(count) = PACKETS.get_mut(&u32::from(first & 3)) {
        *count += 1;
    }
    match first {
        1 => Ok(XDP_DROP as i32),
        2 => {
            ctx.data_slice[1] = 0xee;
            Ok(XDP_TX as i32)
        }
        3 => {
            obj.bpf_xdp_adjust_tail(ctx, 20 - length)?;
            ctx.data_slice[19] = 0xdd;
            Ok(XDP_PASS as i32)
        }
        4 => Ok(i32::from(ctx.data_slice[length as usize])),
        _ => Ok(XDP_PASS as i32),
    }
}

#[rex_perf_event]
fn samples(obj: &perf_event, ctx: &bpf_perf_event_data) -> Result {
    let mut value = bpf_perf_event_value { counter: 0, enabled: 0, running: 0 };
    let read = obj.bpf_perf_prog_read_value(ctx, &mut value);
    let stack = STACKS.store(obj, ctx, 0);
    rex_printk!("sample every {} ns, {:?} {:?}\n", ctx.sample_period(), read, stack)
}
