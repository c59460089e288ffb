// SPDX-License-Identifier: GPL-2.0-only
//! Programs that change what a function returns, in ways that are harder to see.

#![no_std]
#![no_main]

use rex::kprobe::kprobe;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_uprobe};

#[inline(never)]
fn refuse(obj: &kprobe, ctx: &mut PtRegs) -> i32 {
    obj.bpf_override_return(ctx, 1u64.wrapping_neg())
}

/// What [`injects_indirectly`] calls.
static INJECTOR: fn(&kprobe, &mut PtRegs) -> i32 = refuse;

#[rex_kprobe(function = "__x64_sys_dup")]
fn injects_indirectly(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    let injector = core::hint::black_box(&INJECTOR);
    Ok(injector(obj, ctx))
}

#[rex_uprobe]
fn injects_at_a_uprobe(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    if ctx.rdi() == 0 {
        return Ok(refuse(obj, ctx));
    }
    Ok(0)
}
