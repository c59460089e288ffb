// SPDX-License-Identifier: GPL-2.0-only
//! CPU registers at a probe.

use crate::abi::rex_pt_regs;
use crate::utils::NoRef;

/// Registers of x86-64, to be read.
///
/// Its methods need no helper. Kprobe, uprobe, their return probes and perf event programs.
/// They cannot fail.
///
/// ```
/// use rex::kprobe::kprobe;
/// use rex::pt_regs::PtRegs;
/// use rex::{Result, rex_kprobe};
///
/// #[rex_kprobe(function = "vfs_read")]
/// fn third_argument(_obj: &kprobe, ctx: &mut PtRegs) -> Result {
///     Ok(ctx.rdx() as i32)
/// }
/// ```
#[repr(transparent)]
pub struct PtRegs {
    pub(crate) regs: rex_pt_regs,
}

impl !NoRef for PtRegs {}

macro_rules! getters {
    ($($register:ident)*) => {
        impl PtRegs {$(
            #[doc = concat!("Register `", stringify!($register), "`.")]
            #[inline(always)]
            pub fn $register(&self) -> u64 {
                self.regs.$register
            }
        )*}
    };
}
getters!(r15 r14 r13 r12 r11 r10 r9 r8 rbp rbx rax rcx rdx rsi rdi rip rsp orig_rax cs eflags ss);

impl PtRegs {
    /// What a function returned: register `rax`, of use in kretprobe and uretprobe programs.
    #[inline(always)]
    pub fn ret(&self) -> u64 {
        self.regs.rax
    }
}
