// SPDX-License-Identifier: GPL-2.0-only
//! Trace messages.

use rex_abi::REX_TRACE_MAX;
use serde_json::json;

use crate::errno::Errno;
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
