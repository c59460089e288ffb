// SPDX-License-Identifier: GPL-2.0-only
//! What changes the outcome of a hook: a packet's length, a function's return value.

use rex_abi::{rex_pt_regs, rex_xdp_ctx};

use crate::errno::{self, Errno};
use crate::stop::helper;

/// Makes the probed system call return `rc` without being carried out.
pub unsafe extern "C" fn rex_override_return(regs: *mut rex_pt_regs, rc: u64) -> i64 {
    helper(|invocation| {
        if !invocation.may_override.get() {
            return Ok(Errno::EOPNOTSUPP.result());
        }
        // SAFETY: kprobe programs get a context of this type, and the crate passes it on.
        unsafe { (*regs).rax = rc };
        invocation.overridden.set(Some(rc));
        Ok(0)
    })
}

/// Grows or shrinks the packet at its end.
pub extern "C" fn rex_xdp_adjust_tail(context: *mut rex_xdp_ctx, delta: i32) -> i64 {
    helper(|invocation| {
        let packet = invocation
            .packet()
            .filter(|packet| std::ptr::eq(packet.context(), context));
        Ok(errno::result(
            packet
                .ok_or(Errno::EINVAL)
                .and_then(|packet| packet.adjust_tail(delta)),
        ))
    })
}
