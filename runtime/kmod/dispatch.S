/* SPDX-License-Identifier: GPL-2.0-only */
/* Switching to a program's stack and back, and the ways in and out of extension code. */

#include <linux/linkage.h>
#include <linux/version.h>
#include <asm/nospec-branch.h>
#include <asm/percpu.h>

#include "imports.h"

#define EXTENSION 1
#define HELPER 2
#define KILL 3
#define KEPT 16

	.text

/*
 * u64 rex_dispatch(context, entry, top): runs entry(context) on the stack that ends at top.
 * The old stack pointer is kept in the word at top - KEPT.
 */
SYM_CODE_START(rex_dispatch)
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	lea -KEPT(%rdx), %rdx
	mov %rsp, (%rdx)
	mov %rdx, %rsp
	xor %ebp, %ebp
	movl $EXTENSION, PER_CPU_VAR(rex_phase)
	ANNOTATE_RETPOLINE_SAFE
	call *%rsi
	jmp rex_landing_pad
SYM_CODE_END(rex_dispatch)

/* Leaves a program's stack, whose pointer is at the word rex_dispatch kept; result in rax. */
SYM_CODE_START(rex_landing_pad)
	movl $HELPER, PER_CPU_VAR(rex_phase)
	mov (%rsp), %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	RET
SYM_CODE_END(rex_landing_pad)

/* Abandons everything on the stack that ends at top. */
SYM_CODE_START(rex_land)
	lea -KEPT(%rdi), %rsp
	xor %eax, %eax
	jmp rex_landing_pad
SYM_CODE_END(rex_land)

/* What a function is replaced with whose return value was overridden. */
SYM_CODE_START(rex_just_return)
	RET
SYM_CODE_END(rex_just_return)

/* At a function's entry; changes no register but the flags. */
SYM_CODE_START(rex_stack_check)
	cmpq PER_CPU_VAR(rex_stack_limit), %rsp
	jb 1f
	RET
1:	jmp rex_stack_overflow_entry
SYM_CODE_END(rex_stack_check)

SYM_CODE_START(rex_stack_overflow_entry)
	movl $HELPER, PER_CPU_VAR(rex_phase)
	mov (%rsp), %rdi
	mov 8(%rsp), %rsi
	mov %rbp, %rdx
	and $-16, %rsp
	call rex_stack_overflow
	ud2
SYM_CODE_END(rex_stack_overflow_entry)

/* As above, for an indirect call of r11 whose return address is on the stack. */
SYM_CODE_START(rex_indirect_overflow_entry)
	movl $HELPER, PER_CPU_VAR(rex_phase)
	mov %r11, %rdi
	mov (%rsp), %rsi
	mov %rbp, %rdx
	and $-16, %rsp
	call rex_stack_overflow
	ud2
SYM_CODE_END(rex_indirect_overflow_entry)

SYM_CODE_START(rex_bad_target_entry)
	movl $HELPER, PER_CPU_VAR(rex_phase)
	mov %r11, %rdi
	mov (%rsp), %rsi
	mov %rbp, %rdx
	and $-16, %rsp
	call rex_bad_target
	ud2
SYM_CODE_END(rex_bad_target_entry)

/*
 * A helper's entry: notes where it was called from, keeps the watchdog waiting, and ends
 * the run on the way out if the watchdog asked for it. A request that comes between the
 * comparison and the store is lost; the watchdog makes it again at its next tick.
 */
.macro REX_ENTRY name
SYM_CODE_START(\name)
	mov %rsp, PER_CPU_VAR(rex_call_sp)
	mov %rbp, PER_CPU_VAR(rex_call_bp)
	movl $HELPER, PER_CPU_VAR(rex_phase)
	call do_\name
	cmpl $KILL, PER_CPU_VAR(rex_phase)
	je rex_kill
	movl $EXTENSION, PER_CPU_VAR(rex_phase)
	RET
SYM_CODE_END(\name)
.endm

#define ENTRY_OF(name) REX_ENTRY name;
REX_HELPERS(ENTRY_OF)

SYM_CODE_START(rex_kill)
	movl $HELPER, PER_CPU_VAR(rex_phase)
	and $-16, %rsp
	call rex_killed_in_helper
	ud2
SYM_CODE_END(rex_kill)
