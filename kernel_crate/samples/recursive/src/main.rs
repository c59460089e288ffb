// SPDX-License-Identifier: GPL-2.0-only
//! Recurses as deep as the argument of `dup(2)` says, and is ended by the stack limit if
//! that is too deep.

#![no_std]
#![no_main]

extern crate rex;

use rex::kprobe::kprobe;
use rex::map::RexArrayMap;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_map, rex_printk};

/// Not used: what nobody refers to may stay or go.
#[allow(dead_code)]
#[rex_map]
static data_map: RexArrayMap<u32> = RexArrayMap::new(2, 0);

/// Does something to the result of the call, so that it cannot become a loop.
#[inline(never)]
fn factorial(depth: u64, product: u64) -> u64 {
    if depth == 0 {
        return product;
    }
    factorial(depth - 1, product.wrapping_mul(depth)).rotate_left(1) ^ depth
}

#[rex_kprobe(function = "__do_sys_dup")]
fn rex_recursive(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    let depth = ctx.rdi();
    let start = obj.bpf_ktime_get_ns();
    let product = factorial(depth, 1);
    let end = obj.bpf_ktime_get_ns();
    rex_printk!(
        "Time: {} depth {} product {:#x}",
        end - start,
        depth,
        product
    )
}
