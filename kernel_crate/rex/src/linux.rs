// SPDX-License-Identifier: GPL-2.0-only
//! Numbers and structures of the kernel's user-space interface.

mod structures;

pub mod bpf;
pub mod errno;
pub mod if_ether;
pub mod r#in;
pub mod perf_event;
pub mod pkt_cls;
pub mod ptrace;
pub mod seccomp;
pub mod unistd;
