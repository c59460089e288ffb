// SPDX-License-Identifier: GPL-2.0-only
// Generated from <linux/seccomp.h> by generate_uapi.py, do not edit.
//! Constants of `<linux/seccomp.h>`, as the kernel documents them.

#![allow(missing_docs, non_upper_case_globals)]

pub use super::structures::seccomp_data;

pub const SECCOMP_ADDFD_FLAG_SEND: u32 = 2;
pub const SECCOMP_ADDFD_FLAG_SETFD: u32 = 1;
pub const SECCOMP_FILTER_FLAG_LOG: u32 = 2;
pub const SECCOMP_FILTER_FLAG_NEW_LISTENER: u32 = 8;
pub const SECCOMP_FILTER_FLAG_SPEC_ALLOW: u32 = 4;
pub const SECCOMP_FILTER_FLAG_TSYNC: u32 = 1;
pub const SECCOMP_FILTER_FLAG_TSYNC_ESRCH: u32 = 16;
pub const SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: u32 = 32;
pub const SECCOMP_GET_ACTION_AVAIL: u32 = 2;
pub const SECCOMP_GET_NOTIF_SIZES: u32 = 3;
pub const SECCOMP_IOC_MAGIC: u32 = 33;
pub const SECCOMP_MODE_DISABLED: u32 = 0;
pub const SECCOMP_MODE_FILTER: u32 = 2;
pub const SECCOMP_MODE_STRICT: u32 = 1;
pub const SECCOMP_RET_ACTION: u32 = 2147418112;
pub const SECCOMP_RET_ACTION_FULL: u32 = 4294901760;
pub const SECCOMP_RET_ALLOW: u32 = 2147418112;
pub const SECCOMP_RET_DATA: u32 = 65535;
pub const SECCOMP_RET_ERRNO: u32 = 327680;
pub const SECCOMP_RET_KILL: u32 = 0;
pub const SECCOMP_RET_KILL_PROCESS: u32 = 2147483648;
pub const SECCOMP_RET_KILL_THREAD: u32 = 0;
pub const SECCOMP_RET_LOG: u32 = 2147221504;
pub const SECCOMP_RET_TRACE: u32 = 2146435072;
pub const SECCOMP_RET_TRAP: u32 = 196608;
pub const SECCOMP_RET_USER_NOTIF: u32 = 2143289344;
pub const SECCOMP_SET_MODE_FILTER: u32 = 1;
pub const SECCOMP_SET_MODE_STRICT: u32 = 0;
pub const SECCOMP_USER_NOTIF_FLAG_CONTINUE: u32 = 1;
