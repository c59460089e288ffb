// SPDX-License-Identifier: GPL-2.0-only
//! The functions an image may call. Every import of the contract is in one of the tables.

mod compiler;
mod lock;
mod map;
mod memory;
mod override_return;
mod packet;
mod panic;
mod ring;
mod task;
mod time;
mod trace;
mod traffic;
mod unsupported;

use rex_abi::imports::{IMPORTS, ImportClass};

pub use self::lock::release as release_lock;
pub use self::time::clock;

/// `CLOCK_MONOTONIC` in nanoseconds, the clock of events.
pub fn now_ns() -> u64 {
    time::rex_ktime_ns()
}

/// A pseudo-random number.
pub fn random() -> u32 {
    time::rex_random_u32()
}

/// How an import is provided; functions as addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provided {
    /// A helper, reached through a stub that notes the stack.
    Helper(u64),
    /// A function the compiler calls.
    Direct(u64),
    /// The placeholder of a patch site.
    Thunk,
}

/// A name and the address of the function.
type Entry = (&'static str, fn() -> u64);

macro_rules! table {
    ($($module:ident::$name:ident),* $(,)?) => {
        &[$((stringify!($name), || $module::$name as *const () as u64)),*]
    };
}

const HELPERS: &[Entry] = table![
    trace::rex_trace,
    panic::rex_panic_begin,
    panic::rex_panic_end,
    time::rex_cpu,
    time::rex_numa_node,
    time::rex_ktime_ns,
    time::rex_ktime_boot_ns,
    time::rex_ktime_coarse_ns,
    time::rex_jiffies64,
    time::rex_random_u32,
    task::rex_task_current,
    task::rex_task_pid,
    task::rex_task_tgid,
    task::rex_task_utime,
    task::rex_task_comm,
    task::rex_task_regs,
    task::rex_task_from_pid,
    task::rex_task_put,
    map::rex_map_lookup,
    map::rex_map_update,
    map::rex_map_delete,
    map::rex_map_next_key,
    map::rex_map_read_cpu,
    map::rex_map_push,
    map::rex_map_pop,
    map::rex_map_peek,
    map::rex_map_contains,
    ring::rex_ringbuf_reserve,
    ring::rex_ringbuf_submit,
    ring::rex_ringbuf_discard,
    ring::rex_ringbuf_output,
    ring::rex_ringbuf_query,
    memory::rex_probe_read_kernel,
    memory::rex_probe_read_kernel_str,
    memory::rex_probe_read_user,
    memory::rex_probe_read_user_str,
    task::rex_record,
    task::rex_uid_gid,
    task::rex_cgroup_id,
    task::rex_send_signal,
    override_return::rex_override_return,
    packet::rex_xdp_adjust_tail,
    packet::rex_xdp_adjust_head,
    packet::rex_xdp_adjust_meta,
    packet::rex_xdp_load_bytes,
    packet::rex_xdp_store_bytes,
    packet::rex_redirect,
    traffic::rex_skb_load_bytes,
    traffic::rex_skb_store_bytes,
    traffic::rex_l3_csum_replace,
    traffic::rex_l4_csum_replace,
    traffic::rex_skb_pull_data,
    traffic::rex_skb_change_tail,
    lock::rex_spin_lock,
    lock::rex_spin_unlock,
    unsupported::rex_stack_id,
    unsupported::rex_perf_read_value,
    unsupported::rex_perf_output,
    traffic::rex_clone_redirect,
];

const COMPILER: &[Entry] = table![
    compiler::memcpy,
    compiler::memmove,
    compiler::memset,
    compiler::memcmp,
    compiler::bcmp,
    compiler::__udivti3,
    compiler::__umodti3,
    compiler::__divti3,
    compiler::__modti3,
];

/// Finds an import.
pub fn find(name: &str) -> Option<Provided> {
    let import = IMPORTS.iter().find(|import| import.name == name)?;
    let address = |table: &[Entry]| {
        let entry = table.iter().find(|entry| entry.0 == name)?;
        Some(entry.1())
    };
    match import.class {
        ImportClass::Helper => address(HELPERS).map(Provided::Helper),
        ImportClass::Compiler => address(COMPILER).map(Provided::Direct),
        ImportClass::Thunk => Some(Provided::Thunk),
    }
}

/// What this target cannot do, one sentence each.
pub const LIMITS: &[&str] = &[
    "the only kernel functions that can be probed are system calls of a child process",
    "a kprobe at __x64_sys_NAME gets the address of the user's registers in rdi, as in the kernel; at __do_sys_NAME, __se_sys_NAME and sys_NAME it gets the arguments in rdi, rsi, rdx, rcx, r8, r9; the other registers are the user's",
    "there are no hardware counters: bpf_perf_prog_read_value, bpf_perf_event_output and bpf_get_stackid return -EOPNOTSUPP",
    "TC programs see the packets that XDP programs pass, as on the way in, with a VLAN tag still in place, in one linear piece and without a hash or a class id",
    "a redirect or a copy of a packet is reported and written to the capture file; with a live interface as the source it is sent, but not with BPF_F_INGRESS",
    "a uprobe's first instruction, or the one a probed function returns to, that depends on its address (a jump, a call, an operand relative to %rip) is stepped in place: another thread of the process that gets there meanwhile is missed",
    "uprobes at functions chosen at load time (indirect ones, as strlen of libc) are refused",
    "there are no interrupt levels: all programs run in task context, one at a time on each simulated CPU",
    "a CPU number is that of the simulated CPU, one for each event source",
    "bpf_probe_read_kernel reads the simulator's own memory",
    "bpf_probe_read_user, user and cgroup ids and bpf_send_signal need a traced process: with events from a file reads return -EFAULT, the others -EINVAL",
    "tracepoints other than those of system calls are driven by events from a file",
    "jiffies are counted at 250 Hz",
    "packets from a live interface are copies: the packet itself goes on whatever the verdict is, and XDP_TX is reported, not carried out",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_import_of_the_contract_is_provided() {
        for import in IMPORTS {
            assert!(find(import.name).is_some(), "{}", import.name);
        }
        assert_eq!(find("rex_nonsense"), None);
    }

    #[test]
    fn the_tables_name_nothing_else() {
        for (name, _) in HELPERS.iter().chain(COMPILER) {
            assert!(IMPORTS.iter().any(|import| import.name == *name), "{name}");
        }
    }
}
