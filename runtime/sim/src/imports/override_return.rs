// SPDX-License-Identifier: GPL-2.0-only
//! What changes a function's return value.

use rex_abi::rex_pt_regs;

use crate::errno::Errno;
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
