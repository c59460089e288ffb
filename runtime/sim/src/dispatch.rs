// SPDX-License-Identifier: GPL-2.0-only
//! Switching to a program's stack and back, and the landing pad.

use std::arch::naked_asm;

use crate::stack::KEPT;

/// Runs `entry(context)` on the stack that ends at `top` (16-byte aligned).
///
/// Returns what the program returned, or 0 when a stop went to the landing pad. The old
/// stack pointer is kept in the word at `top -` [`KEPT`].
///
/// # Safety
/// `entry` must be the entry of a loaded image whose thread state is set up, and
/// `top - 64 KiB..top` a stack that nobody else uses.
#[unsafe(naked)]
pub unsafe extern "C" fn dispatch(context: *mut (), entry: u64, top: u64) -> u64 {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "lea rdx, [rdx - {kept}]",
        "mov [rdx], rsp",
        "mov rsp, rdx",
        "xor ebp, ebp",
        "call rsi",
        "jmp {pad}",
        kept = const KEPT,
        pad = sym landing_pad,
    )
}

/// Leaves a program's stack: expects the stack pointer at the word that [`dispatch`] kept
/// the old one in, and the result in rax.
///
/// # Safety
/// Only [`dispatch`], [`land`] and a signal frame may go here.
#[unsafe(naked)]
pub unsafe extern "C" fn landing_pad() {
    naked_asm!(
        "mov rsp, [rsp]",
        "cld",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

/// Abandons everything on the program's stack and makes [`dispatch`] return 0.
///
/// # Safety
/// `top` must be the one the running [`dispatch`] was given, and no frame between here
/// and there may own anything that still needs to be dropped.
#[unsafe(naked)]
pub unsafe extern "C" fn land(top: u64) -> ! {
    naked_asm!(
        "lea rsp, [rdi - {kept}]",
        "xor eax, eax",
        "jmp {pad}",
        kept = const KEPT,
        pad = sym landing_pad,
    )
}

/// Where the stack check goes when the stack is used up: at a function's entry, with the
/// address behind the check on the stack.
///
/// # Safety
/// Only the stack-check stub may jump here.
#[unsafe(naked)]
pub unsafe extern "C" fn stack_overflow_entry() {
    naked_asm!(
        "mov rdi, [rsp]",
        "mov rsi, [rsp + 8]",
        "mov rdx, rbp",
        "and rsp, -16",
        "call {stop}",
        "ud2",
        stop = sym crate::stop::stack_overflow,
    )
}

/// As [`stack_overflow_entry`], from the indirect-call stub: the caller's return address
/// is on the stack.
///
/// # Safety
/// Only the indirect-call stub may jump here.
#[unsafe(naked)]
pub unsafe extern "C" fn indirect_overflow_entry() {
    naked_asm!(
        "mov rdi, r11",
        "mov rsi, [rsp]",
        "mov rdx, rbp",
        "and rsp, -16",
        "call {stop}",
        "ud2",
        stop = sym crate::stop::stack_overflow,
    )
}

/// Where an indirect call goes whose target is not on the image's list.
///
/// # Safety
/// Only the indirect-call stub may jump here.
#[unsafe(naked)]
pub unsafe extern "C" fn bad_target_entry() {
    naked_asm!(
        "mov rdi, r11",
        "mov rsi, [rsp]",
        "mov rdx, rbp",
        "and rsp, -16",
        "call {stop}",
        "ud2",
        stop = sym crate::stop::bad_target,
    )
}
