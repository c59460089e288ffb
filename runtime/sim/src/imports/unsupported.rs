// SPDX-License-Identifier: GPL-2.0-only
//! Helpers that this target has nothing real to offer for; all listed in the limits.

use crate::errno::Errno;

/// Needs kernel stacks.
pub extern "C" fn rex_stack_id(_context: u64, _map: u64, _flags: u64) -> i64 {
    Errno::EOPNOTSUPP.result()
}

/// Needs a hardware counter.
pub extern "C" fn rex_perf_read_value(_context: u64, _out: u64, _size: u32) -> i64 {
    Errno::EOPNOTSUPP.result()
}

/// Needs a reader of a perf buffer.
pub extern "C" fn rex_perf_output(
    _context: u64,
    _map: u64,
    _flags: u64,
    _data: u64,
    _len: u64,
) -> i64 {
    Errno::EOPNOTSUPP.result()
}
