// SPDX-License-Identifier: GPL-2.0-only
//! Times atomic additions to a number that all CPUs share, at each `dup(2)`.

#![no_std]
#![no_main]

extern crate rex;

use core::sync::atomic::{AtomicU64, Ordering};

use rex::kprobe::kprobe;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_printk};

static TOTAL: AtomicU64 = AtomicU64::new(0);

/// Additions per run.
const ROUNDS: u64 = 1000;

#[rex_kprobe(function = "__x64_sys_dup")]
fn rex_prog1(obj: &kprobe, _ctx: &mut PtRegs) -> Result {
    let random = u64::from(obj.bpf_get_prandom_u32()) | 1;
    let start = obj.bpf_ktime_get_ns();
    for _ in 0..ROUNDS {
        TOTAL.fetch_add(random, Ordering::Relaxed);
    }
    let elapsed = obj.bpf_ktime_get_ns() - start;
    rex_printk!(
        "Time elapsed: {} {}",
        elapsed,
        TOTAL.load(Ordering::Relaxed)
    )
}
