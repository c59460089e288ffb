// SPDX-License-Identifier: GPL-2.0-only
//! Programs at the entry of kernel and user-space functions.

use crate::helper::{base_helpers, task_helper};
use crate::pt_regs::PtRegs;
use crate::utils::NoRef;

/// What a kprobe or uprobe program may ask of the kernel.
#[repr(C)]
pub struct kprobe {
    private: (),
}

impl !NoRef for kprobe {}

impl kprobe {
    pub(crate) const fn object() -> Self {
        Self { private: () }
    }

    base_helpers!();
    task_helper!();

    /// Makes the probed function return `rc` at once, without running.
    ///
    /// Helper: `rex_override_return`. Kprobe programs at functions on the kernel's list for
    /// error injection; attaching elsewhere is refused. 0, or `-EPERM` or `-EOPNOTSUPP`.
    #[inline(always)]
    pub fn bpf_override_return(&self, regs: &mut PtRegs, rc: u64) -> i32 {
        // SAFETY: `regs` are valid registers; the target checks that they are this
        // invocation's.
        unsafe { crate::ffi::rex_override_return(&raw mut regs.regs, rc) as i32 }
    }
}
