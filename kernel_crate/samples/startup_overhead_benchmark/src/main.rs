// SPDX-License-Identifier: GPL-2.0-only
//! Does nothing: what entering and leaving a program costs is measured from outside.

#![no_std]
#![no_main]

extern crate rex;

use rex::Result;
use rex::kprobe::kprobe;
use rex::pt_regs::PtRegs;
use rex::rex_kprobe;

#[rex_kprobe(function = "__x64_sys_dup")]
fn rex_prog1(_obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    Ok(0)
}
