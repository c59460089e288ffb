// SPDX-License-Identifier: GPL-2.0-only
//! Tells what a few system calls were asked for, from the registers that the kernel's
//! functions for them are given.

#![no_std]
#![no_main]
// The kernel's names of system call numbers stand in patterns.
#![allow(non_upper_case_globals)]

extern crate rex;

use rex::kprobe::kprobe;
use rex::linux::seccomp::seccomp_data;
use rex::linux::unistd::*;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_printk};

/// The kernel's saved registers of user space: a fixed layout of x86-64.
#[repr(C)]
#[derive(Clone, Copy)]
struct UserRegs {
    r15_to_r11: [u64; 7],
    r10: u64,
    r9: u64,
    r8: u64,
    rax: u64,
    rcx: u64,
    rdx: u64,
    rsi: u64,
    rdi: u64,
    orig_rax: u64,
    rip: u64,
    rest: [u64; 4],
}

const NO_REGS: UserRegs = UserRegs {
    r15_to_r11: [0; 7],
    r10: 0,
    r9: 0,
    r8: 0,
    rax: 0,
    rcx: 0,
    rdx: 0,
    rsi: 0,
    rdi: 0,
    orig_rax: 0,
    rip: 0,
    rest: [0; 4],
};

fn asked(obj: &kprobe, ctx: &PtRegs) -> core::result::Result<seccomp_data, i32> {
    let mut regs = NO_REGS;
    obj.bpf_probe_read_kernel(&mut regs, ctx.rdi() as *const ())?;
    Ok(seccomp_data {
        nr: regs.orig_rax as i32,
        arch: 0,
        instruction_pointer: regs.rip,
        args: [regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9],
    })
}

fn tell(obj: &kprobe, ctx: &PtRegs) -> Result {
    let sd = asked(obj, ctx)?;
    match sd.nr as u32 {
        __NR_write if sd.args[2] == 512 => {
            rex_printk!(
                "write(fd={}, buf={:x}, size={})\n",
                sd.args[0],
                sd.args[1],
                sd.args[2]
            )
        }
        __NR_read if (128..=1024).contains(&sd.args[2]) => {
            rex_printk!(
                "read(fd={}, buf={:x}, size={})\n",
                sd.args[0],
                sd.args[1],
                sd.args[2]
            )
        }
        __NR_mmap => rex_printk!("mmap\n"),
        __NR_getuid..=__NR_getsid => {
            rex_printk!("syscall={} (one of get/set uid/pid/gid)\n", sd.nr)
        }
        _ => Ok(0),
    }
}

#[rex_kprobe(function = "__x64_sys_write")]
fn write(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    tell(obj, ctx)
}

#[rex_kprobe(function = "__x64_sys_read")]
fn read(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    tell(obj, ctx)
}

#[rex_kprobe(function = "__x64_sys_mmap")]
fn mmap(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    tell(obj, ctx)
}

#[rex_kprobe(function = "__x64_sys_setuid")]
fn setuid(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    tell(obj, ctx)
}
