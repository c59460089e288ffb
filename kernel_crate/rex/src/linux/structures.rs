// SPDX-License-Identifier: GPL-2.0-only
//! Structures of the user-space interface that programs use.

/// A lock inside a map value. Its word belongs to the runtime, which trusts nothing in it.
///
/// ```
/// use rex::map::RexArrayMap;
/// use rex::rex_map;
/// use rex::spinlock::{bpf_spin_lock, rex_spinlock_guard};
///
/// #[repr(C)]
/// #[derive(Clone, Copy)]
/// struct Counter {
///     lock: bpf_spin_lock,
///     value: u32,
/// }
///
/// #[rex_map]
/// static lockable: RexArrayMap<Counter> = RexArrayMap::new(1, 0);
///
/// fn count() {
///     if let Some(counter) = lockable.get_mut(&0) {
///         let _guard = rex_spinlock_guard::new(&mut counter.lock);
///         counter.value += 1;
///     }
/// }
/// ```
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct bpf_spin_lock {
    /// The lock word.
    pub val: u32,
}

/// A counter with the times it was on.
///
/// ```
/// use rex::linux::bpf::bpf_perf_event_value;
///
/// fn share(value: &bpf_perf_event_value) -> u64 {
///     100 * value.running / value.enabled.max(1)
/// }
/// ```
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
///
/// ```
/// use rex::linux::seccomp::seccomp_data;
/// use rex::linux::unistd::__NR_write;
///
/// fn is_write(data: &seccomp_data) -> bool {
///     data.nr as u32 == __NR_write
/// }
/// ```
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
