// SPDX-License-Identifier: GPL-2.0-only
//! Trace messages, and reads of memory that may not be there.

use rex_abi::REX_TRACE_MAX;
use serde_json::json;

use crate::errno::{self, Errno};
use crate::stop::helper;

/// Sends one trace message.
pub unsafe extern "C" fn rex_trace(message: *const u8, len: usize) -> i64 {
    helper(|invocation| {
        if len > REX_TRACE_MAX {
            return Ok(Errno::E2BIG.result());
        }
        // SAFETY: the crate passes a slice of its own.
        let message = unsafe { std::slice::from_raw_parts(message, len) };
        let message = String::from_utf8_lossy(message);
        let pid = invocation.task().map_or(0, |task| task.pid);
        invocation.object.report(
            "trace",
            invocation.program.get(),
            json!({ "message": message.trim_end_matches('\n'), "pid": pid, "cpu": invocation.cpu }),
        );
        Ok(0)
    })
}

/// Reads the simulator's own memory; what cannot be read is -EFAULT, with `dst` zeroed.
pub unsafe extern "C" fn rex_probe_read_kernel(dst: *mut u8, size: u32, src: *const u8) -> i64 {
    helper(|_| {
        let len = size as usize;
        let local = libc::iovec {
            iov_base: dst.cast(),
            iov_len: len,
        };
        let remote = libc::iovec {
            iov_base: src.cast_mut().cast(),
            iov_len: len,
        };
        // SAFETY: reading through the kernel cannot fault; `dst` is the crate's own buffer
        // of this size.
        let read = unsafe {
            libc::process_vm_readv(libc::getpid(), &raw const local, 1, &raw const remote, 1, 0)
        };
        if usize::try_from(read) == Ok(len) {
            return Ok(0);
        }
        // SAFETY: as above.
        unsafe { dst.write_bytes(0, len) };
        Ok(errno::result(Err(Errno::EFAULT)))
    })
}
