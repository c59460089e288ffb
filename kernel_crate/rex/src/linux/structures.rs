// SPDX-License-Identifier: GPL-2.0-only
//! Structures of the user-space interface that programs use.

/// A lock inside a map value. Its word belongs to the runtime, which trusts nothing in it.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct bpf_spin_lock {
    /// The lock word.
    pub val: u32,
}

/// A counter with the times it was on.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct bpf_perf_event_value {
    /// Events counted.
    pub counter: u64,
    /// Nanoseconds the event was enabled.
    pub enabled: u64,
    /// Nanoseconds the event was on the hardware.
    pub running: u64,
}

/// A system call as seccomp sees it.
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct seccomp_data {
    /// Number of the system call.
    pub nr: i32,
    /// `AUDIT_ARCH_*` number of the architecture.
    pub arch: u32,
    /// Address of the instruction.
    pub instruction_pointer: u64,
    /// Arguments.
    pub args: [u64; 6],
}
