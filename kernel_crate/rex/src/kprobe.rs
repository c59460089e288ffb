// SPDX-License-Identifier: GPL-2.0-only
//! Programs at the entry of kernel and user-space functions, and at the return from them.

use crate::helper::{base_helpers, task_helper};
use crate::pt_regs::PtRegs;
use crate::utils::NoRef;

/// What a kprobe or uprobe program may ask of the kernel.
///
/// ```
/// use rex::kprobe::kprobe;
/// use rex::pt_regs::PtRegs;
/// use rex::{Result, rex_kprobe};
///
/// #[rex_kprobe(function = "__x64_sys_dup")]
/// fn kprobe_object(obj: &kprobe, _ctx: &mut PtRegs) -> Result {
///     Ok(obj.bpf_get_smp_processor_id())
/// }
/// ```
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
    ///
    /// ```
    /// use rex::kprobe::kprobe;
    /// use rex::pt_regs::PtRegs;
    /// use rex::{Result, rex_kprobe};
    ///
    /// #[rex_kprobe(function = "__x64_sys_dup")]
    /// fn refuse_dup(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    ///     Ok(obj.bpf_override_return(ctx, -22_i64 as u64))
    /// }
    /// ```
    #[inline(always)]
    pub fn bpf_override_return(&self, regs: &mut PtRegs, rc: u64) -> i32 {
        // SAFETY: `regs` are valid registers; the target checks that they are this
        // invocation's.
        unsafe { crate::ffi::rex_override_return(&raw mut regs.regs, rc) as i32 }
    }
}

/// What a kretprobe or uretprobe program may ask of the kernel. Its context are the
/// registers as the function returns: [`PtRegs::ret`] is the result, the arguments are gone.
///
/// ```
/// use rex::kprobe::kretprobe;
/// use rex::pt_regs::PtRegs;
/// use rex::{Result, rex_kretprobe, rex_printk};
///
/// #[rex_kretprobe(function = "__x64_sys_openat")]
/// fn opened(_obj: &kretprobe, ctx: &mut PtRegs) -> Result {
///     rex_printk!("openat gave {}\n", ctx.ret() as i64)
/// }
/// ```
#[repr(C)]
pub struct kretprobe {
    private: (),
}

impl !NoRef for kretprobe {}

impl kretprobe {
    pub(crate) const fn object() -> Self {
        Self { private: () }
    }

    base_helpers!();
    task_helper!();
}
